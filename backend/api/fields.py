"""Fields that several resources share: references to rows that the caller may see, times and texts within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from backend.cases.models import Programme
from backend.core.crypto import EncryptedText
from backend.org.models import Unit

EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)
"""Whoever lives was born after this; nothing is planned beyond that. PostgreSQL keeps times that Python cannot read."""


@extend_schema_field({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$", "example": "08:30"})
class ClockTime(serializers.TimeField):
    """A time of day, local. (What JSON Schema calls a time has an offset.)"""


@extend_schema_field({"type": "string", "format": "uuid"})
class VisibleField(serializers.PrimaryKeyRelatedField):  # type: ignore[type-arg]
    """The id of a row that the caller may see: for a stranger's row the answer is the same as for none."""

    default_error_messages = {"does_not_exist": _("There is no such entry, or it does not concern you.")}

    def __init__(self, model: type[models.Model], **kwargs: Any) -> None:
        self.model, self.options = model, kwargs
        super().__init__(queryset=model._default_manager.none(), pk_field=serializers.UUIDField(), **kwargs)

    def get_queryset(self) -> models.QuerySet[Any]:
        """Only what the caller may see."""
        rows: models.QuerySet[Any] = self.model._default_manager.visible_to(self.context["request"].user)  # type: ignore[attr-defined]
        return rows

    def __deepcopy__(self, memo: dict[int, Any]) -> VisibleField:
        return type(self)(self.model, **self.options)


class Moment(serializers.DateTimeField):
    """A time with offset, between 1900 and 2199."""

    default_error_messages = {"range": _("The year must lie between 1900 and 2199.")}

    def to_internal_value(self, value: Any) -> datetime:
        """Raises ValidationError."""
        moment = super().to_internal_value(value)
        if not EARLIEST.year <= moment.year <= LATEST.year:
            self.fail("range")
        return moment.astimezone(UTC)


class Day(serializers.DateField):
    """A day between 1900 and 2199."""

    default_error_messages = {"range": _("The year must lie between 1900 and 2199.")}

    def to_internal_value(self, value: Any) -> date:
        """Raises ValidationError."""
        day = super().to_internal_value(value)
        if not EARLIEST <= day <= LATEST:
            self.fail("range")
        return day


class Answers(serializers.DictField):
    """The answers of a form: an object whose content the form's own JSON Schema decides on."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Raises ValidationError when it is no object."""
        if not isinstance(data, dict):
            self.fail("not_a_dict", input_type=type(data).__name__)
        return data


class Reason(serializers.CharField):
    """Why somebody does something; never empty."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 400)
        kwargs.setdefault("help_text", "Why; it becomes part of the history.")
        super().__init__(**kwargs)


Row = TypeVar("Row", bound=models.Model)


class RowSerializer(serializers.ModelSerializer[Row]):
    """How a row is shown. It only reads: what comes in has serializers of its own, and verbs that check it."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        EncryptedText: serializers.CharField,
    }

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """All of them read-only: no validators, no look-ups for choices."""
        fields = super().get_fields()
        for field in fields.values():
            field.read_only = True
        return fields


class UnitRef(serializers.Serializer[Unit]):
    """A unit as other things mention it."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class ProgrammeRef(serializers.Serializer[Programme]):
    """A programme as other things mention it."""

    code = serializers.CharField()
    name = serializers.SerializerMethodField()

    def get_name(self, programme: Programme) -> str:
        """In the caller's language."""
        return in_language(programme.name, programme.name_en)


class PersonRef(serializers.Serializer[Any]):
    """Somebody as other things mention them: id and name."""

    id = serializers.UUIDField()
    name = serializers.CharField()


class ProgrammeField(serializers.SlugRelatedField[Programme]):
    """A programme by its code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", queryset=Programme.objects.all(), **kwargs)


def in_language(text: str, english: str) -> str:
    """Which of a row's two texts the caller reads."""
    return english if english and (get_language() or "").startswith("en") else text


def reference(pk: UUID | None, name: str) -> dict[str, Any] | None:
    """{id, name}, or None."""
    return {"id": str(pk), "name": name} if pk else None


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that it does not know: a change that silently does not happen is worse than an error."""

    default_error_messages = {"unknown_field": _("There is no such field, or it cannot be set.")}

    def to_internal_value(self, data: Any) -> Any:
        """Raises ValidationError."""
        if isinstance(data, Mapping):
            settable = {name for name, field in self.fields.items() if not field.read_only} | {"version"}
            if unknown := [name for name in data if name not in settable]:
                message = str(self.error_messages["unknown_field"])
                details = {name: [ErrorDetail(message, code="unknown_field")] for name in unknown[:20]}
                raise serializers.ValidationError(details)
        return super().to_internal_value(data)


def short_texts(longest: int, **kwargs: Any) -> serializers.ListField:
    """A list of at most 50 short texts."""
    return serializers.ListField(child=serializers.CharField(max_length=longest), max_length=50, **kwargs)
