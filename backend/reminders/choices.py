"""By which channels somebody wants reminders, beside what is shown here. Who has no account says so at the office."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org.access import Actor
from backend.org.models import User
from backend.reminders.channels import available
from backend.reminders.models import Channel, Choice


class NoAddress(Invalid):
    """There is nothing to send to."""

    code = "no_address"
    message = _("Say where to: there is no address on file.")


class HasAccount(Conflict):
    """Whoever has an account chooses alone."""

    code = "has_account"
    message = _("This helper has an account, and chooses there how to be reminded.")


class NoChannel(Invalid):
    """The installation cannot send by it."""

    code = "no_channel"
    message = _("Messages cannot be sent by this channel here.")


def choose(*, user: User, channel: str, wanted: bool, address: str) -> None:
    """The user wants reminders by this channel, or no more. Raises NoChannel, NoAddress."""
    if not wanted:
        Choice.objects.filter(user=user, channel=channel).delete()
        return
    if channel not in available():
        raise NoChannel([FieldProblem("/channel", NoChannel.code, NoChannel.message)])
    kept = Choice.objects.filter(user=user, channel=channel).first()
    to = address or (kept.address if kept else "")
    if not to and not (channel == Channel.EMAIL and user.email):
        raise NoAddress([FieldProblem("/address", NoAddress.code, NoAddress.message)])
    Choice.objects.update_or_create(user=user, channel=channel, defaults={"address": to})


def choose_for_helper(
    *,
    helper_id: UUID,
    has_account: bool,
    number: str,
    unit_path: str,
    phone: str,
    wanted: bool,
    actor: Actor,
    now: datetime,
) -> None:
    """A helper without an account wants text messages to the telephone on file, or no more.

    Raises HasAccount, NoChannel, NoAddress.
    """
    if wanted and has_account:
        raise HasAccount
    if wanted and Channel.SMS not in available():
        raise NoChannel([FieldProblem("/sms", NoChannel.code, NoChannel.message)])
    if wanted and not phone:
        raise NoAddress([FieldProblem("/sms", NoAddress.code, NoAddress.message)])
    rows = Choice.objects.filter(helper_id=helper_id, channel=Channel.SMS)
    if wanted == rows.exists():
        return
    if wanted:
        Choice.objects.create(helper_id=helper_id, channel=Channel.SMS)
    else:
        rows.delete()
    action = "helper.messages_wanted" if wanted else "helper.messages_ended"
    record(action=action, label=number, unit_path=unit_path, actor=actor, now=now, data={"helper": str(helper_id)})
