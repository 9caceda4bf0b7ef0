"""What is known of an emergency only after it was told: first words are often too few (D09, E9).

It is added to what was told, never taken away from it: a doubt that somebody had stays on record, and so does what
followed from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.emergencies.models import Incident
from backend.emergencies.suspects import helper_of


@dataclass(frozen=True)
class Discovery:
    """What decision D09 looks at, as somebody saw or heard it."""

    minor: bool = False
    incapable: bool = False
    violence: bool = False
    situations: tuple[str, ...] = ()
    suspect: str = Incident.Suspect.NOBODY

    @classmethod
    def told_in(cls, answers: Mapping[str, Any]) -> Discovery:
        """What a form's answers say of it."""
        return cls(
            minor=bool(answers.get("minor")),
            incapable=bool(answers.get("incapable")),
            violence=bool(answers.get("violence")),
            situations=tuple(answers.get("situations") or ()),
            suspect=str(answers.get("suspect") or Incident.Suspect.NOBODY),
        )


def add(*, incident: Incident, discovery: Discovery, day: date) -> bool:
    """Write it down. Whether any of it is new: then it has to be judged again. Raises NoSuspect."""
    before = _known(incident)
    incident.minor = incident.minor or discovery.minor
    incident.incapable = incident.incapable or discovery.incapable
    incident.violence = incident.violence or discovery.violence
    incident.situations = list(dict.fromkeys((*incident.situations, *discovery.situations)))
    if discovery.suspect != Incident.Suspect.NOBODY:
        incident.suspect = discovery.suspect
    if discovery.suspect == Incident.Suspect.HELPER and incident.suspect_helper is None:
        incident.suspect_helper = helper_of(incident.about_family, day)
    if _known(incident) == before:
        return False
    incident.save(update_fields=["minor", "incapable", "violence", "situations", "suspect", "suspect_helper"])
    return True


def _known(incident: Incident) -> tuple[object, ...]:
    facts = (incident.minor, incident.incapable, incident.violence, tuple(incident.situations))
    return (*facts, incident.suspect, incident.suspect_helper_id)
