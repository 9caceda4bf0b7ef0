"""Volunteers: registered, taken on, prepared, active, gone (P11; 志愿服务条例 12, 15–17, 25, 41).

Somebody who is taken on is entered in the register of helpers as not available; training, insurance and background
check are written there. Only when nothing is missing is the helper available, and may be asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.activities import rules
from backend.activities.models import Ban, Training, Volunteer
from backend.activities.notices import notify
from backend.audit.history import record
from backend.core.crypto import blind_index
from backend.core.errors import Conflict, FieldProblem, Invalid, NotAllowed
from backend.helpers import register
from backend.helpers.gates import GROWN, age_on, years_on
from backend.helpers.models import Helper, HelperKind
from backend.org.access import Actor
from backend.org.models import Unit

YOUNGEST = 8
"""Who is younger makes no declarations of one's own (民法典 19, 20)."""
YEAR = timedelta(days=365)


class OldNotice(Invalid):
    """Another notice of risks than the one in force was accepted."""

    code = "old_notice"
    message = _("Another notice of risks is in force: please read out the present one.")


class GuardianNeeded(Invalid):
    """A minor volunteers with the guardian's consent, and in company."""

    code = "guardian_needed"
    message = _("Somebody under 18 needs the guardian's consent and somebody who comes along.")


class TooDangerous(Invalid):
    """A minor does nothing dangerous."""

    code = "too_dangerous"
    message = _("Somebody under 18 never does dangerous work.")


class TooYoung(Invalid):
    """A small child is nobody's volunteer."""

    code = "too_young"
    message = _("The date of birth is not right, or the child is too young.")


class Banned(NotAllowed):
    """A ban is in force."""

    code = "banned"
    message = _("This person may not volunteer at present: a ban is in force.")


class AlreadyVolunteer(Conflict):
    """Nobody is registered twice at the same time."""

    code = "already_volunteer"
    message = _("This person is a volunteer already.")


class WrongState(Conflict):
    """The registration is in another state."""

    code = "wrong_state"
    message = _("This registration has gone on in the meantime. Look again.")


@dataclass(frozen=True)
class Registration:
    """What somebody says who wants to volunteer (F05), and that they were told of the risks."""

    source: str
    kind: HelperKind
    name: str
    unit: Unit
    birth_date: date
    notice_version: str
    accepted_on: date
    partner_unit: Unit | None = None
    helper: Helper | None = None
    """Somebody who stands in the register of helpers already."""
    phone: str = ""
    certificate: str = ""
    skills: list[str] = field(default_factory=list)
    with_minors: bool = False
    risky: bool = False
    guardian: str = ""
    guardian_agreed_on: date | None = None
    accompanied_by: str = ""


def register_volunteer(*, given: Registration, actor: Actor, now: datetime) -> Volunteer:
    """Keep that somebody wants to volunteer. Nobody is made to: registered is who accepted the notice of risks.

    Raises OldNotice, GuardianNeeded, TooDangerous, TooYoung, Banned, AlreadyVolunteer.
    """
    today = timezone.localdate(now)
    _check_notice(given, today)
    _check_age(given, today)
    index = blind_index(given.certificate) if given.certificate else None
    _check_free(given, index, today)
    row = Volunteer.objects.create(
        source=given.source, kind=given.kind, name=given.name, unit=given.unit, partner_unit=given.partner_unit,
        helper=given.helper, birth_date=given.birth_date, phone=given.phone, certificate=given.certificate,
        certificate_index=index, skills=given.skills, with_minors=given.with_minors, risky=given.risky,
        notice_version=given.notice_version, accepted_on=given.accepted_on, guardian=given.guardian,
        guardian_agreed_on=given.guardian_agreed_on, accompanied_by=given.accompanied_by,
        registered_by_id=actor.user_id, registered_label=actor.label, created_at=now,
    )  # fmt: skip
    data = {"notice": given.notice_version, "volunteer_source": given.source}
    record(action="volunteer.registered", object=row, actor=actor, now=now, data=data)
    return row


def take_on(*, volunteer: Volunteer, actor: Actor, now: datetime) -> Volunteer:
    """They suit: entered in the register of helpers, not available before everything is in force. Raises WrongState."""
    row = _locked(volunteer, Volunteer.State.REGISTERED)
    if row.helper is None:
        fields = {
            "partner_unit": row.partner_unit, "birth_date": row.birth_date, "phone": row.phone,
            "certificate": row.certificate, "skills": row.skills,
        }  # fmt: skip
        row.helper = register.register_helper(
            kind=row.kind, name=row.name, unit=row.unit, fields=fields, actor=actor, now=now
        )
        reason = row.name
        register.set_status(helper=row.helper, status=Helper.Status.AWAY, reason=reason, actor=actor, now=now)
    row.certificate = ""
    row.state, row.decided_label = Volunteer.State.PREPARING, actor.label
    return _move(row, "volunteer.taken_on", actor, now)


def refuse(*, volunteer: Volunteer, reason: str, actor: Actor, now: datetime) -> Volunteer:
    """Not taken on, for a code of the list `volunteer_end_reason`. Raises WrongState."""
    row = _locked(volunteer, Volunteer.State.REGISTERED)
    row.certificate, row.decided_label = "", actor.label
    return _end(row, Volunteer.State.REFUSED, reason, actor, now)


def prepare(
    *,
    volunteer: Volunteer,
    modules: Iterable[str] = (),
    insured_until: date | None = None,
    checked_on: date | None = None,
    actor: Actor,
    now: datetime,
) -> Volunteer:
    """Training gone through, insurance taken out, background checked: into the register of helpers.

    Training counts as a whole when all modules are done that the place asks for. Raises WrongState.
    """
    row = _locked(volunteer, Volunteer.State.PREPARING, Volunteer.State.ACTIVE)
    helper, today = _helper(row), timezone.localdate(now)
    done = [Training(helper=helper, module=module, done_on=today, created_at=now) for module in sorted(set(modules))]
    Training.objects.bulk_create(done, ignore_conflicts=True)
    changes: dict[str, object] = {}
    if insured_until is not None:
        changes["insured_until"] = insured_until
    if checked_on is not None:
        changes["checked_on"] = checked_on
    if helper.trained_on is None and not _modules_wanting(helper, today):
        changes["trained_on"] = today
    if changes:
        row.helper = register.update_helper(helper=helper, changes=changes, actor=actor, now=now)
    return row


def missing(volunteer: Volunteer, day: date) -> list[str]:
    """What is not in force that day: training, insurance, background_check."""
    helper = _helper(volunteer)
    demanded, found = volunteer.kind.gates, []
    if helper.trained_on is None:
        found.append("training")
    if (volunteer.risky or demanded.get("insurance")) and not _insured(helper, day):
        found.append("insurance")
    if (volunteer.with_minors or demanded.get("background_check")) and not _checked(helper, day):
        found.append("background_check")
    return found


def activate(*, volunteer: Volunteer, actor: Actor, now: datetime) -> Volunteer:
    """Everything is in force: the helper is available. Raises WrongState."""
    row = _locked(volunteer, Volunteer.State.PREPARING)
    helper, today = _helper(row), timezone.localdate(now)
    if helper.from_date is None:
        helper = register.update_helper(helper=helper, changes={"from_date": today}, actor=actor, now=now)
    if helper.status == Helper.Status.AWAY:
        reason = row.notice_version
        row.helper = register.set_status(
            helper=helper, status=Helper.Status.ACTIVE, reason=reason, actor=actor, now=now
        )
    row.state, row.active_on = Volunteer.State.ACTIVE, today
    return _move(row, "volunteer.active", actor, now)


def papers_end(volunteer: Volunteer, day: date) -> date:
    """When the first of insurance and background check ends that this volunteer needs; a year on when none does."""
    helper, demanded = _helper(volunteer), volunteer.kind.gates
    ends = [day + YEAR]
    if helper.insured_until and (volunteer.risky or demanded.get("insurance")):
        ends.append(helper.insured_until)
    if helper.check_until and (volunteer.with_minors or demanded.get("background_check")):
        ends.append(helper.check_until)
    return max(min(ends), day)


def warn_on(volunteer: Volunteer, day: date) -> date:
    """When it is time to renew: so many days before that (`volunteer.rules`, 30)."""
    before = int(rules.of_volunteers(volunteer.unit_path, day)["warning_days"])
    return max(papers_end(volunteer, day) - timedelta(days=before), day)


def remind(*, volunteer: Volunteer, actor: Actor, now: datetime) -> None:
    """Insurance or check end soon, or the year is over: somebody looks at it."""
    volunteer.reminded_at = now
    ends = papers_end(volunteer, timezone.localdate(now)).isoformat()
    _move(volunteer, "volunteer.papers_end", actor, now, until=ends)
    text = _("Your insurance or background check ends soon: please tell the township")
    key = f"papers:{volunteer.pk}:{ends}"
    notify(helper=_helper(volunteer), text=text, about=volunteer, key=key, page="/hours/", now=now)


def lapse(*, volunteer: Volunteer, actor: Actor, now: datetime) -> None:
    """Nothing was renewed in time: not available until it is."""
    helper = _helper(volunteer)
    gone = ", ".join(missing(volunteer, timezone.localdate(now)))
    if gone and helper.status == Helper.Status.ACTIVE:
        register.set_status(helper=helper, status=Helper.Status.AWAY, reason=gone, actor=actor, now=now)
    _move(volunteer, "volunteer.lapsed", actor, now)


def renew(*, volunteer: Volunteer, actor: Actor, now: datetime) -> None:
    """Everything is in force again: available again, when that was the reason."""
    helper = _helper(volunteer)
    if helper.status == Helper.Status.AWAY:
        register.set_status(
            helper=helper, status=Helper.Status.ACTIVE, reason=volunteer.notice_version, actor=actor, now=now
        )
    _move(volunteer, "volunteer.renewed", actor, now)


def leave(*, volunteer: Volunteer, reason: str, actor: Actor, now: datetime) -> Volunteer:
    """They go, without penalty (条例 25). Hours and certificates stay (E33). Raises WrongState."""
    row = _locked(volunteer, *Volunteer.OPEN)
    row.certificate = ""
    row = _end(row, Volunteer.State.LEFT, reason, actor, now)
    helper = row.helper
    if helper is not None and helper.status != Helper.Status.ENDED:
        ended_on = timezone.localdate(now)
        register.end_helper(helper=helper, reason="left", ended_on=ended_on, actor=actor, now=now)
    return row


def stop(*, helper: Helper, reason: str, actor: Actor, now: datetime) -> None:
    """Nobody serves against whom this was decided (E22): open registrations, the entry, pairings end today.

    What was verified stays, stars do not (stars.withdraw).
    """
    for volunteer in Volunteer.objects.serving().select_related("unit").filter(helper=helper):
        _end(volunteer, Volunteer.State.BANNED, reason, actor, now)
    if helper.status != Helper.Status.ENDED:
        ended_on = timezone.localdate(now)
        register.end_helper(helper=helper, reason="complaint", ended_on=ended_on, actor=actor, now=now)


OBSTACLES: Mapping[str, str | Promise] = {
    "banned": _("This volunteer is banned at present."),
    "not_in_service": _("This helper is not in service."),
    "too_dangerous": _("This is too dangerous for somebody under age."),
    "guardian_needed": _("For somebody under age a guardian's word and company are needed."),
    "not_insured": _("No insurance is in force on that day."),
    "not_checked": _("No background check is in force on that day."),
}
"""What is said of each obstacle."""


def obstacles(*, helper: Helper, day: date, risky: bool = False, with_minors: bool = False) -> list[str]:
    """Why this helper may not serve that day; nothing when there is no obstacle. For sign-ups to activities, too.

    banned, not_in_service; for what may endanger oneself (`risky`) too_dangerous and not_insured; for work with
    children (`with_minors`) not_checked; for minors guardian_needed, unless guardian and company are named.
    """
    found = []
    if Ban.objects.on(day).filter(helper=helper).exists():
        found.append("banned")
    if helper.status != Helper.Status.ACTIVE:
        found.append("not_in_service")
    if age_on(helper, day) < GROWN:
        if risky:
            found.append("too_dangerous")
        row = Volunteer.objects.serving().filter(helper=helper).first()
        if row is None or not (row.guardian_agreed_on and row.accompanied_by):
            found.append("guardian_needed")
    if risky and not _insured(helper, day):
        found.append("not_insured")
    if with_minors and not _checked(helper, day):
        found.append("not_checked")
    return found


# --- parts


def _check_notice(given: Registration, today: date) -> None:
    current = rules.of_volunteers(given.unit.path, today)["notice_version"]
    if given.notice_version != current or given.accepted_on > today:
        raise OldNotice([FieldProblem("/notice_version", OldNotice.code, OldNotice.message)])


def _check_age(given: Registration, today: date) -> None:
    """A minor has a guardian's word and company, and does nothing dangerous (山东条例 10, E29)."""
    age = years_on(given.birth_date, today)
    if age < YOUNGEST or age > 120:
        raise TooYoung([FieldProblem("/birth_date", TooYoung.code, TooYoung.message)])
    if age >= GROWN:
        return
    if given.risky:
        raise TooDangerous([FieldProblem("/risky", TooDangerous.code, TooDangerous.message)])
    wanting = [
        name for name in ("guardian", "guardian_agreed_on", "accompanied_by") if not getattr(given, name)
    ]  # fmt: skip
    if wanting:
        raise GuardianNeeded(
            [FieldProblem(f"/{name}", GuardianNeeded.code, GuardianNeeded.message) for name in wanting]
        )


def _check_free(given: Registration, index: bytes | None, today: date) -> None:
    """Neither banned, also under another register entry with the same identity number, nor a volunteer already."""
    bans, open_rows = Ban.objects.on(today), Volunteer.objects.serving()
    same = [given.helper.pk] if given.helper else []
    if index is not None:
        same += list(Helper.objects.filter(certificate_index=index).values_list("pk", flat=True))
        if open_rows.filter(certificate_index=index).exists():
            raise AlreadyVolunteer
    if bans.filter(helper__in=same).exists():
        raise Banned
    if open_rows.filter(helper__in=same).exists():
        raise AlreadyVolunteer


def _modules_wanting(helper: Helper, day: date) -> set[str]:
    asked = set(rules.of_volunteers(helper.unit_path, day)["modules"])
    return asked - set(Training.objects.filter(helper=helper).values_list("module", flat=True))


def _insured(helper: Helper, day: date) -> bool:
    return helper.insured_until is not None and helper.insured_until >= day


def _checked(helper: Helper, day: date) -> bool:
    return helper.check_until is not None and helper.check_until > day


def _helper(row: Volunteer) -> Helper:
    """The register entry. Raises WrongState before there is one."""
    if row.helper is None:
        raise WrongState
    return row.helper


def _locked(volunteer: Volunteer, *states: str) -> Volunteer:
    rows = Volunteer.objects.select_for_update(of=("self",)).select_related("unit", "kind", "helper__unit")
    row = rows.get(pk=volunteer.pk)
    if row.state not in states:
        raise WrongState
    return row


def _end(row: Volunteer, state: str, reason: str, actor: Actor, now: datetime) -> Volunteer:
    row.state, row.end_reason, row.ended_on = Volunteer.State(state), reason, timezone.localdate(now)
    return _move(row, f"volunteer.{state}", actor, now, volunteer_end=reason)


def _move(row: Volunteer, action: str, actor: Actor, now: datetime, **data: str) -> Volunteer:
    row.version += 1
    row.save()
    record(action=action, object=row, actor=actor, now=now, data=data)
    return row
