"""Numbers of volunteer service by place and day: parameters, not code (domain.md section 7 no. 9 and 10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.org import parameters

VOLUNTEERS: Mapping[str, Any] = {
    "notice_version": "2026-01",
    "modules": ["safety", "privacy", "manners"],
    "warning_days": 30,
    "longest_ban_months": 36,
}
HOURS: Mapping[str, Any] = {"claim_days": 30, "verify_working_days": 10, "dispute_days": 30, "star_working_days": 5}
CERTIFICATES: Mapping[str, Any] = {"check_working_days": 10, "announce_days": 7}
STAR_SCALE = "usual"


def of_volunteers(path: str, day: date) -> Mapping[str, Any]:
    """Parameter `volunteer.rules`: the notice in force, modules that everybody goes through, days of warning."""
    return {**VOLUNTEERS, **parameters.value("volunteer.rules", path=path, day=day, default={})}


def of_hours(path: str, day: date) -> Mapping[str, Any]:
    """Parameter `hours.rules`: how long hours can be claimed, verified and disputed."""
    return {**HOURS, **parameters.value("hours.rules", path=path, day=day, default={})}


def of_certificates(path: str, day: date) -> Mapping[str, Any]:
    """Parameter `certificate.rules`: working days for the check, days of the announcement."""
    return {**CERTIFICATES, **parameters.value("certificate.rules", path=path, day=day, default={})}


def star_scale(path: str, day: date) -> str:
    """Parameter `hours.star_scale`: which column of table D25 holds here."""
    return str(parameters.value("hours.star_scale", path=path, day=day, default=STAR_SCALE))
