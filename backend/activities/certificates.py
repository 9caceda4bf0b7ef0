"""Certificates of hours: asked for, checked, announced, signed, and open to anybody who has the number.

What is certified is summed once, announced, and frozen with a digest when it is signed. Who checks does not sign, and
nobody does either for oneself (民发〔2015〕149号).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.activities import rules
from backend.activities.models import Certificate, HourClaim
from backend.activities.notices import notify
from backend.audit.canonical import canonical
from backend.audit.history import record
from backend.cases.numbers import next_number, township_code
from backend.core.drawn_numbers import letters
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.helpers.models import Helper
from backend.org.access import Actor
from backend.org.models import Unit
from backend.org.powers import is_behind
from backend.org.roles import LEVELS
from backend.org.working_days import due_at

CHECK_LETTERS = 8
"""32 to the 8th: nobody finds a number by trying."""
OPEN = (Certificate.State.REQUESTED, Certificate.State.ANNOUNCED)


class NoHours(Invalid):
    """Nothing was verified in these months."""

    code = "no_hours"
    message = _("No verified hours lie between these days.")


class OpenAlready(Conflict):
    """One at a time."""

    code = "certificate_open"
    message = _("A certificate has been asked for already and is being looked at.")


class OwnCertificate(NotAllowed):
    """Nobody checks or signs one's own certificate."""

    code = "own_certificate"
    message = _("This is your own certificate, or you checked it: somebody else has to do this.")


class NotIssued(Conflict):
    """Only a valid certificate is revoked."""

    code = "not_issued"
    message = _("Only a valid certificate can be revoked.")


class NotAnnounced(Conflict):
    """An objection is made while it is announced."""

    code = "not_announced"
    message = _("This certificate is not being announced.")


def ask_for(*, helper: Helper, from_date: date, to_date: date, actor: Actor, now: datetime) -> Certificate:
    """Somebody wants the hours of these days certified; the service may have ended (E33). Raises NoHours, OpenAlready.

    The caller begins the process (workflows.certificates).
    """
    today = timezone.localdate(now)
    if Certificate.objects.filter(helper=helper, state__in=OPEN).exists():
        raise OpenAlready
    if from_date > to_date or to_date > today or _half_hours(helper, from_date, to_date) == 0:
        raise NoHours([FieldProblem("/from_date", NoHours.code, NoHours.message)])
    unit = _issuer(helper.unit)
    scope = f"ZM-{township_code(unit)}-{today.year}"
    days = int(rules.of_certificates(unit.path, today)["check_working_days"])
    row = Certificate.objects.create(
        number=f"{scope}-{next_number(scope):04d}-{letters(CHECK_LETTERS)}", helper=helper, unit=unit,
        from_date=from_date, to_date=to_date, name=helper.name, requested_by_id=actor.user_id,
        requested_label=actor.label, due_at=due_at(now, f"{days}wd"), created_at=now,
    )  # fmt: skip
    _tell(row, "certificate.asked_for", actor, now)
    return row


def announce(*, certificate: Certificate, actor: Actor, now: datetime) -> date:
    """The hours are right: announced among the members for some days (`certificate.rules`, 7). Returns the last one.

    Raises OwnCertificate, NoHours.
    """
    _check_other(certificate, actor, now)
    today = timezone.localdate(now)
    certificate.half_hours = _half_hours(certificate.helper, certificate.from_date, certificate.to_date)
    if certificate.half_hours == 0:
        raise NoHours
    days = int(rules.of_certificates(certificate.unit_path, today)["announce_days"])
    certificate.handled_by_id, certificate.handled_label = actor.user_id, actor.label
    certificate.announced_from, certificate.announced_until = today, today + timedelta(days=days - 1)
    certificate.state, certificate.objection = Certificate.State.ANNOUNCED, ""
    _move(certificate, "certificate.announced", actor, now)
    return certificate.announced_until


def refuse(*, certificate: Certificate, reason: str, actor: Actor, now: datetime) -> None:
    """It is not issued, and the volunteer reads why. Raises OwnCertificate."""
    _check_other(certificate, actor, now)
    certificate.state, certificate.refused_because = Certificate.State.REFUSED, reason
    _move(certificate, "certificate.refused", actor, now)
    _notify(certificate, _("Your certificate of hours is not issued: see why"), now)


def object_to(*, certificate: Certificate, text: str, actor: Actor, now: datetime) -> None:
    """Somebody objects while it is announced. Raises NotAnnounced."""
    today = timezone.localdate(now)
    until = certificate.announced_until
    if certificate.state != Certificate.State.ANNOUNCED or until is None or today > until:
        raise NotAnnounced
    certificate.objection = text
    _move(certificate, "certificate.objected", actor, now)


def issue(*, certificate: Certificate, actor: Actor, now: datetime) -> None:
    """The head of the office signs; from now on it is valid. Raises OwnCertificate when the same person checked it."""
    _check_other(certificate, actor, now)
    if is_behind(actor, certificate.handled_by_id, day=timezone.localdate(now)):
        raise OwnCertificate
    certificate.signed_by_id, certificate.signed_label = actor.user_id, actor.label
    certificate.name, certificate.issued_on = certificate.helper.name, timezone.localdate(now)
    certificate.digest = digest_of(certificate)
    certificate.state = Certificate.State.ISSUED
    _move(certificate, "certificate.issued", actor, now)
    _notify(certificate, _("Your certificate of hours is issued"), now)


def revoke(*, certificate: Certificate, reason: str, actor: Actor, now: datetime) -> None:
    """It is valid no more; whoever checks the number sees that. `reason`: code list `revocation_reason`.

    Raises NotIssued, OwnCertificate.
    """
    _check_other(certificate, actor, now)
    if certificate.state != Certificate.State.ISSUED:
        raise NotIssued
    certificate.state, certificate.revoked_because = Certificate.State.REVOKED, reason
    certificate.revoked_on, certificate.revoked_label = timezone.localdate(now), actor.label
    _move(certificate, "certificate.revoked", actor, now)


def half_hours(certificate: Certificate) -> int:
    """How many half hours it certifies; before it is checked, how many are verified by now."""
    row = certificate
    return row.half_hours or _half_hours(row.helper, row.from_date, row.to_date)


def checked(number: str) -> Certificate | None:
    """The certificate with this number if one was ever issued: valid or revoked. Nobody finds a number by trying."""
    issued = (Certificate.State.ISSUED, Certificate.State.REVOKED)
    rows = Certificate.objects.filter(number=number.strip().upper(), state__in=issued).select_related("unit")
    return rows.first()


def masked(name: str) -> str:
    """A name as the public may read it: the first character, and the last one of a longer name."""
    return f"{name[:1]}*" if len(name) < 3 else f"{name[0]}{'*' * (len(name) - 2)}{name[-1]}"


def digest_of(certificate: Certificate) -> str:
    """SHA-256 of what is certified: printed on it, so that paper and register can be compared."""
    return hashlib.sha256(canonical(_content(certificate)).encode()).hexdigest()


def is_whole(certificate: Certificate) -> bool:
    """Whether the row still says what was signed."""
    return secrets.compare_digest(certificate.digest, digest_of(certificate))


# --- parts


def _content(row: Certificate) -> Mapping[str, Any]:
    return {
        "number": row.number,
        "volunteer": row.helper.number,
        "name": row.name,
        "from": row.from_date.isoformat(),
        "to": row.to_date.isoformat(),
        "half_hours": row.half_hours,
        "issuer": row.unit.name,
        "issued_on": row.issued_on.isoformat() if row.issued_on else "",
        "handled_by": row.handled_label,
        "signed_by": row.signed_label,
    }


def _half_hours(helper: Helper, from_date: date, to_date: date) -> int:
    """Verified half hours of these local days."""
    zone = timezone.get_default_timezone()
    begin = datetime.combine(from_date, time.min, tzinfo=zone)
    end = datetime.combine(to_date + timedelta(days=1), time.min, tzinfo=zone)
    return HourClaim.objects.filter(helper=helper, started_at__gte=begin, started_at__lt=end).half_hours()


def _issuer(unit: Unit) -> Unit:
    """The township above the register entry."""
    found: Unit | None = unit
    while found is not None and found.kind != LEVELS["caseworker"]:
        found = found.parent
    return found or unit


def _check_other(row: Certificate, actor: Actor, now: datetime) -> None:
    if is_behind(actor, row.helper.user_id, day=timezone.localdate(now)):
        raise OwnCertificate


def _notify(row: Certificate, text: str | Promise, now: datetime) -> None:
    page = f"/certificates/{row.pk}/"
    notify(helper=row.helper, text=text, about=row, key=f"certificate:{row.pk}:{row.version}", page=page, now=now)


def _move(row: Certificate, action: str, actor: Actor, now: datetime) -> None:
    row.version += 1
    row.save()
    _tell(row, action, actor, now)


def _tell(row: Certificate, action: str, actor: Actor, now: datetime) -> None:
    data = {"hours": row.half_hours / 2, "helper_name": row.name, "digest": row.digest}
    record(action=action, object=row, actor=actor, now=now, data=data)
