"""Emergencies, who is on duty, disasters and their rolls."""

from backend.emergencies.models.disasters import Disaster, RollCount, RollEntry
from backend.emergencies.models.incidents import DutySpell, Entry, Incident, finder_key
from backend.emergencies.models.safety_watches import SafetyCheck, SafetyWatch

__all__ = [
    "Disaster",
    "DutySpell",
    "Entry",
    "Incident",
    "RollCount",
    "RollEntry",
    "SafetyCheck",
    "SafetyWatch",
    "finder_key",
]
