"""Writing history: every command records its events here, in its own transaction."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.utils import timezone
from structlog.contextvars import get_contextvars

from backend.audit.canonical import canonical, masked, plain, time_text
from backend.audit.models import Event
from backend.core import bulk, prepared
from backend.core.models import new_id
from backend.org.access import Actor
from backend.org.models import Unit

MANY = 50
"""More events than these are copied."""

SEALED = (
    "id", "chain", "at", "action", "actor_id", "actor", "role", "unit_id", "unit", "unit_path", "case_id", "family_id",
    "object_kind", "object_id", "object_label", "reason", "data", "request_id",
)  # fmt: skip
"""The columns that an event's body repeats; `seq`, `previous` and `digest` come from the trigger."""

COLUMNS = (*SEALED, "body")

_buffer: ContextVar[list[Event] | None] = ContextVar("history", default=None)


def label_of(object: models.Model | None, now: datetime) -> str:
    """What history calls an object: its name, or its `history_label(day)` where not everybody who reads may know it."""
    tell = getattr(object, "history_label", None)
    return tell(timezone.localdate(now)) if tell is not None else "" if object is None else str(object)


def record(
    *,
    action: str,
    actor: Actor,
    now: datetime,
    object: models.Model | None = None,
    case_id: UUID | None = None,
    family_id: UUID | None = None,
    unit_path: str = "",
    data: Mapping[str, Any] | None = None,
    reason: str = "",
    label: str = "",
) -> None:
    """Tell history that `actor` did `action` (`<kind>.<past participle>`) at `now`, to `object`.

    Case, family and place are taken from the object where it has them (in bulk, pass the place). `data` is plain: what
    changed, from what to what, and ids; identity numbers in it are masked. Rolled back with the transaction. Raises
    TypeError for data that is not plain and ValueError for a time without zone.
    """
    if now.tzinfo is None:
        raise ValueError("a time without zone")
    case_id = case_id or id_of(object, "case")
    family_id = family_id or id_of(object, "family")
    kind = kind_of(object)
    event = Event(
        id=new_id(),
        at=now,
        action=action,
        actor_id=actor.user_id,
        actor=actor.label,
        role=actor.role,
        unit_id=actor.unit_id,
        unit=actor.unit_name,
        unit_path=unit_path or place_of(object),
        case_id=case_id,
        family_id=family_id,
        object_kind=kind,
        object_id=str(object.pk) if object is not None else "",
        object_label=masked(label or label_of(object, now))[:200],
        reason=masked(reason),
        data=plain(data or {}),
        request_id=str(get_contextvars().get("request_id", ""))[:64],
    )
    event.chain = _chain(event)
    event.body = body_of(event)
    buffer = _buffer.get()
    if buffer is None:
        _write([event])
    else:
        buffer.append(event)


@contextmanager
def collect() -> Iterator[None]:
    """Buffer the events recorded inside and write them at the end with one statement (nested: at the outermost end).

    The chains are then locked last and in one order, so two commands never wait for each other in a circle. An
    exception that leaves the block drops the events recorded in it, also of an inner block: whoever catches it must
    have rolled back what was done there.
    """
    outer = _buffer.get()
    if outer is not None:
        mark = len(outer)
        try:
            yield
        except BaseException:
            del outer[mark:]
            raise
        return
    events: list[Event] = []
    token = _buffer.set(events)
    try:
        yield
    finally:
        _buffer.reset(token)
    _write(events)


def body_of(event: Event) -> str:
    """The canonical text of everything the event tells: what its digest covers."""
    content = {name: getattr(event, name) for name in SEALED}
    return canonical({**content, "at": time_text(event.at)})


def _write(events: list[Event]) -> None:
    events.sort(key=lambda event: event.chain)  # stable: within a chain in the order of recording
    if len(events) > MANY:
        bulk.insert(events)
    else:
        prepared.insert(events, COLUMNS)


def id_of(object: models.Model | None, kind: str) -> UUID | None:
    """The id of the case or family that the object is or belongs to."""
    if object is None:
        return None
    found = object.pk if object._meta.model_name == kind else getattr(object, f"{kind}_id", None)
    return found if isinstance(found, UUID) else None


def place_of(object: models.Model | None) -> str:
    """Where the object is: its own place, else that of the case or family that it belongs to."""
    if object is None:
        return ""
    if isinstance(object, Unit):
        return object.path
    path: str = getattr(object, "unit_path", "")
    above = (getattr(object, name, None) for name in ("unit", "case", "family"))
    return path or next((place_of(found) for found in above if isinstance(found, models.Model)), "")


def kind_of(object: models.Model | None) -> str:
    """The object's kind in the words of the house: work_item, pairing …; empty for none."""
    if object is None:
        return ""
    name = type(object).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _chain(event: Event) -> str:
    """The chain an event belongs to: the narrowest thing it is about, so that strangers never wait for each other."""
    if event.case_id:
        return f"case:{event.case_id}"
    if event.family_id:
        return f"family:{event.family_id}"
    if event.object_id:
        return f"{event.object_kind}:{event.object_id}"
    return f"system:{timezone.localdate(event.at).isoformat()}"
