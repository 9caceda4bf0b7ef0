"""What people may tell the processes of a case, and what the processes only tell each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from backend.api.fields import Day, StrictSerializer
from backend.org import codes

REFUSALS = ("all", "phone_only", "helper")
"""What a family does not want any more (E5): visits at all, visits at home, this helper."""
PLACES = ("within", "out_of_county", "unknown")
"""Where a family moved to (E1)."""
FROM_INSIDE = frozenset(
    {
        "activity_cancelled", "activity_merged", "appeal_lodged", "application_withdrawn", "case_closed",
        "certificate_objected", "donor_withdrew", "end_moved", "finder_reported", "helper_available", "item_withdrawn",
        "nobody_wanted", "objection_raised", "objection_settled", "phase_ended", "plans_changed", "repayment_recorded",
        "service_declined", "spell_over", "stock_low", "visit_recorded", "visit_wanted", "volunteer_banned",
        "volunteer_left",
    }
)  # fmt: skip
"""Messages that stand for something a step or a verb of its own has done, with its own rules of who may: told by
anybody else, they would make a case believe what never happened. What an office's own processes wait for stays open."""


class HelperEndedSerializer(StrictSerializer):
    """A helper stops coming."""

    helper = serializers.UUIDField()
    reason = serializers.CharField(max_length=60, required=False, help_text="A code of the list helper_end_reason.")
    ended_on = Day(required=False)

    default_error_messages = {"unknown_code": _("There is no such entry.")}

    def validate_reason(self, reason: str) -> str:
        """A code of the list. Raises ValidationError."""
        if not codes.knows("helper_end_reason", reason):
            raise serializers.ValidationError(self.error_messages["unknown_code"], code="unknown_code")
        return reason


class FamilyRefusedSerializer(StrictSerializer):
    """The family does not want it any more, all or in part."""

    level = serializers.ChoiceField(choices=REFUSALS)
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, help_text="What was said.")


class FamilyMovedSerializer(StrictSerializer):
    """The family lives elsewhere now."""

    to = serializers.ChoiceField(choices=PLACES)
    moved_on = Day(required=False)


class FamilyDiedSerializer(StrictSerializer):
    """Nobody is left."""

    died_on = Day()


TOLD_BY_PEOPLE: Mapping[str, type[StrictSerializer]] = {
    "helper_ended": HelperEndedSerializer,
    "family_refused": FamilyRefusedSerializer,
    "family_moved": FamilyMovedSerializer,
    "family_died": FamilyDiedSerializer,
}
"""Message → what belongs to it: nothing else gets into the process's data."""


class MessageSerializer(serializers.Serializer[Any]):
    """A message to the processes of a case: something happened outside that they wait for."""

    name = serializers.RegexField(r"^[a-z][a-z0-9_]{1,59}\Z", help_text="helper_ended, family_moved, family_died …")
    data = serializers.DictField(  # type: ignore[assignment]
        child=serializers.JSONField(), required=False, default=dict, help_text="Plain values and ids only."
    )

    default_error_messages = {
        "plain": _("Only texts, numbers, yes or no."),
        "from_inside": _("Only the processes themselves say this; there is a verb of its own for what it stands for."),
    }

    def validate_name(self, name: str) -> str:
        """Raises ValidationError."""
        if name in FROM_INSIDE:
            raise serializers.ValidationError(self.error_messages["from_inside"], code="from_inside")
        return name

    def validate_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Process data is ids and plain values. Raises ValidationError."""
        if not all(value is None or isinstance(value, str | int | float | bool) for value in data.values()):
            raise serializers.ValidationError(self.error_messages["plain"], code="plain")
        return data

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What belongs to the message, in its own form. Raises ValidationError."""
        form = TOLD_BY_PEOPLE.get(attrs["name"])
        if form is None:
            return attrs
        told = form(data=attrs["data"], context=self.context)
        if not told.is_valid():
            raise serializers.ValidationError({"data": told.errors})
        return {**attrs, "data": dict(told.data)}
