"""The history of a case as sentences, in the reader's language."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils import formats, timezone, translation
from django.utils.translation import gettext, gettext_noop, pgettext

from backend.audit import decisions
from backend.audit.models import Event
from backend.audit.sentences import SENTENCES
from backend.audit.words import FIELDS, WORDS
from backend.org import codes, parameters
from backend.org.reasons import REASONS
from backend.org.roles import ROLE_NAMES

REASON_LISTS = ("pairing_start_reason", "helper_end_reason", "close_reason", "review_reason")
"""Code lists from which a process takes the reason of what it does."""
REASON_WORDS: Mapping[str, str] = {
    "survey": gettext_noop("told at a survey"),
    "pairing gate": gettext_noop("seen to for a pairing"),
}
"""What no list explains."""
CODE_LISTS: Mapping[str, tuple[str, ...]] = {
    "reason_code": ("helper_end_reason", "close_reason", "review_reason"),
    "suspension_reason": ("suspension_reason",),
    "suspension_end_reason": ("suspension_end_reason",),
    "decision": ("review_decision",),
    "channel": ("contact_channel",),
    "kind": ("finding_kind",),
    "grievance_kind": ("grievance_kind",),
    "access_subject": ("access_subject",),
    "access_purpose": ("access_purpose",),
    "access_review": ("access_review",),
    "grievance_decision": ("grievance_decision",),
    "volunteer_source": ("volunteer_source",),
    "volunteer_end": ("volunteer_end_reason", "ban_reason"),
    "ban_reason": ("ban_reason",),
    "hours_source": ("hours_source",),
    "hours_flag": ("hours_flag",),
    "survey_measure": ("survey_measure",),
    "survey_missed": ("survey_missed",),
    "route": ("hours_route",),
    "headcount_source": ("headcount_source",),
    "calendar_day": ("calendar_day",),
    "emergency_kind": ("emergency_kind",),
    "emergency_level": ("emergency_level",),
    "emergency_outcome": ("emergency_outcome",),
    "emergency_clock": ("emergency_clock",),
    "disaster_kind": ("disaster_kind",),
    "disaster_outcome": ("disaster_outcome",),
    "roll_state": ("roll_state",),
    "safety": ("safety",),
    "safety_outcome": ("safety_outcome",),
    "party": ("emergency_call",),
    "duty_post": ("duty_post",),
    "duty_channel": ("duty_channel",),
    "categories": ("category",),
    "tier": ("risk_tier",),
    "service_needs": ("service_need",),
    "department": ("department",),
    "co_department": ("department",),
    "use": ("budget_use",),
    "subsidy_change": ("subsidy_change",),
    "recovery_way": ("recovery_way",),
    "purpose": ("payment_purpose",),
    "identity_check": ("payment_identity_check",),
    "card_reason": ("card_freeze_reason",),
    "referral_reason": ("referral_decline_reason",),
}
"""Names in data whose values are codes of these lists."""

REASONED = frozenset(
    {
        "flags",
        "flag_reasons",
        "gate",
        "gate_reason",
        "tier_reason",
        "category_reasons",
        "period_reason",
        "level_reason",
        "eligibility_reason",
        "service_reasons",
        "route_reason",
        "access_reason",
    }
)
"""Names in a decision's outputs whose values are codes of its table."""

NEUTRAL = "%(actor)s: %(action)s %(object)s"


class _Names(dict[str, str]):
    """Names of a sentence; one that the event does not tell is left out visibly."""

    def __missing__(self, name: str) -> str:
        return "…"


VARIANTS: Mapping[str, str] = {"outcome": "with", "unit_name": "there", "ticket": "by_ticket", "flags": "for"}
"""What an event's data may tell → how the action ends whose sentence tells it, too."""


def sentence(event: Event, *, language: str, opened: bool = False) -> str:
    """The event as a sentence in that language; an action without a sentence gets a neutral one.

    `opened`: with the reasons of decisions, for a reader who works with the family.
    """
    with translation.override(language):
        data: Mapping[str, Any] = decisions.opened(event.data) if opened else event.data
        action = event.action
        for told, ending in VARIANTS.items():
            if data.get(told) and f"{action}_{ending}" in SENTENCES:
                action = f"{action}_{ending}"
        names = _Names({name: _value(name, value) for name, value in data.items() if value != {}})
        names |= {"action": event.action, "actor": _actor(event), "object": event.object_label or event.object_kind}
        names["step"] = str(data.get("title_en" if language.startswith("en") else "title") or event.object_label)
        if outcome := data.get("outcome_title_en" if language.startswith("en") else "outcome_title"):
            names["outcome"] = str(outcome)
        names |= _changes(data) | _of_parameter(data)
        return (gettext(SENTENCES[action]) if action in SENTENCES else gettext(NEUTRAL)) % names


def reason(event: Event, *, language: str) -> str:
    """Why, in words: what a person wrote, or what the code means that a process gave."""
    if not event.reason:
        return ""
    known = next((kind for kind in REASON_LISTS if event.reason in codes.entries(kind)), "")
    if known:
        return codes.name(known, event.reason, language)
    with translation.override(language):
        return gettext(REASON_WORDS[event.reason]) if event.reason in REASON_WORDS else event.reason


def outline(action: str, *, language: str) -> str:
    """The action's sentence without anybody's name in it: what a list of actions shows to choose from."""
    with translation.override(language):
        return gettext(SENTENCES[action]) % _Names()


def _actor(event: Event) -> str:
    return pgettext("history", "The system") if event.role == "system" else event.actor


def _changes(data: Mapping[str, Any]) -> dict[str, str]:
    """`fields`, `before` and `after`, from any of the forms in which events tell a change."""
    before, after = data.get("from"), data.get("to")
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        fields, before, after = list(after), _only(before), _only(after)
    else:
        fields = [name for name, value in data.items() if value == "changed" or _is_change(value)]
    told = {"fields": _list(_field(name) for name in fields)} if fields else {}
    return told | {
        name: _value("", value) for name, value in (("before", before), ("after", after)) if value is not None
    }


def _of_parameter(data: Mapping[str, Any]) -> dict[str, str]:
    """A parameter's title and its values in words."""
    key = data.get("parameter")
    if not isinstance(key, str):
        return {}
    told = {"before": data.get("from"), "after": data.get("to")}
    return {"parameter": parameters.title(key)} | {
        name: parameters.in_words(key, value) for name, value in told.items() if value is not None
    }


def _is_change(value: object) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"from", "to"}


def _only(values: Mapping[str, Any]) -> Any:
    return next(iter(values.values())) if len(values) == 1 else values


def _value(name: str, value: Any) -> str:
    """A value in words: codes by their lists, dates as people write them."""
    if isinstance(value, Mapping):
        colon = pgettext("history", ": ")
        return _list(f"{_field(key)}{colon}{_value(key, inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return _list(_value(name, inner) for inner in value)
    text = str(value)
    if name in {"field", "fields"}:
        return _field(text)
    if name == "list":
        return codes.list_title(text)
    if name == "role":
        return str(ROLE_NAMES.get(text, text))
    for kind in CODE_LISTS.get(name, (name,) if name in codes.lists() else ()):
        if text in codes.entries(kind):
            return codes.name(kind, text)
    if name in REASONED and text in REASONS:
        return gettext(REASONS[text])
    return pgettext("history", WORDS[text]) if text in WORDS else day_in_words(text)


def day_in_words(text: str) -> str:
    """An ISO date or time as people of this language write it; any other text as it is."""
    if not (len(text) >= 10 and text[4:5] == text[7:8] == "-"):
        return text
    try:
        if len(text) == 10:
            return formats.date_format(date.fromisoformat(text), "DATE_FORMAT")
        local = timezone.localtime(datetime.fromisoformat(text))
        return f"{formats.date_format(local, 'DATE_FORMAT')} {local:%H:%M}"
    except ValueError:
        return text


def _field(name: str) -> str:
    return pgettext("history", FIELDS[name]) if name in FIELDS else name


def _list(texts: Iterable[str]) -> str:
    return pgettext("history", ", ").join(texts)
