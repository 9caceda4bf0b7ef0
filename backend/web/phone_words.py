"""What the telephone's scripts say: in the reader's language, brought along with the page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _


def words() -> dict[str, Any]:
    """Name → text; `%(…)s` is filled by the scripts."""
    return {**_of_the_list(), **_of_the_record(), **_of_conflicts(), **_of_sending()}


def _of_the_list() -> dict[str, Any]:
    return {
        "visits": _("My visits"),
        "family": _("A family"),
        "coming": _("To visit"),
        "nothing_coming": _("No visit is waiting for you."),
        "without_plan": _("Families without a planned visit"),
        "recorded_lately": _("Recorded lately"),
        "changed_by_office": _("changed by the office since"),
        "as_of": _("As of %(at)s"),
        "due_until": _("until %(day)s"),
        "was_due": _("was due by %(day)s"),
        "log": _("Record the visit"),
        "log_unplanned": _("Record a visit without a plan"),
        "emergency": _("Emergency"),
        "emergency_contact": _("Emergency contact %(name)s"),
        "office": _("The office"),
        "alarm": _("Tell the office of a danger"),
        "call_first": _(
            "In danger call 120, 110 or 119 first. Then say here what you see: the office is told at once."
        ),
        "which_family": _("Which family is it?"),
    }


def _of_the_record() -> dict[str, Any]:
    return {
        "correct": _("Correct the record"),
        "who_was_met": _("Did you meet somebody?"),
        "results": {
            "met": _("Met"),
            "nobody_home": _("Nobody home"),
            "refused": _("Did not want a visit"),
            "other": _("Something else"),
        },
        "more": _("Time, channel and more"),
        "voice": _("Typing or speaking: your keyboard's microphone writes for you."),
        "soon": [[_("in 1 week"), 7], [_("in 2 weeks"), 14], [_("in 1 month"), 30]],
        "yes": _("yes"),
        "no": _("no"),
        "needed": _("Please answer this."),
        "save": _("Save"),
        "saved": _("Saved."),
        "back": _("Back to the list"),
        "discard": _("Give this record up"),
        "photos": _("Photographs"),
        "photos_why": _(
            "The family has agreed. Only the picture is sent: no place, no time. Ask again before you take one."
        ),
        "no_photos": _("No photographs: the family has not agreed to them."),
        "photos_waiting": _("Not sent yet: %(n)s"),
        "photo": _("Photograph"),
        "photo_number": _("Photograph %(n)s"),
        "photo_remove": _("Remove photograph %(n)s"),
        "photo_unreadable": _("This file is no photograph."),
        "photo_refused": _(
            "Photographs were taken, but this says that the family does not agree. Remove them, or change this."
        ),
        "take_photo": _("Take a photograph"),
        "discard_photo": _("Give this photograph up"),
    }


def _of_conflicts() -> dict[str, Any]:
    return {
        "conflicts": _("Two records say different things"),
        "conflicts_why": _("The same visit was recorded in two places. Both are kept until somebody decides."),
        "conflict_how": _("For each line choose what is right."),
        "office_decides": _("The office decides; what you wrote is kept."),
        "in_the_record": _("In the record now"),
        "from_here": _("Sent later"),
        "both": _("Both together"),
        "nothing_said": _("nothing"),
        "choose_each": _("Choose in every line."),
        "decide": _("This is right"),
        "decided": _("Decided."),
        "nothing_to_decide": _("There is nothing to decide here any more."),
        "needs_network": _("This needs a network. Nothing has been changed."),
    }


def _of_sending() -> dict[str, Any]:
    return {
        "not_sent_yet": _("Not sent yet"),
        "unsent": _("Not sent yet: %(n)s"),
        "all_sent": _("Everything is sent."),
        "of_them_refused": _("(%(n)s need your attention)"),
        "refused_because": _("Not accepted: %(why)s"),
        "sent": _("Sent: %(n)s."),
        "send_now": _("Send now"),
        "sending": _("Sending …"),
        "offline": _("No network. What you record stays on this telephone, encrypted, and is sent later."),
        "not_kept": _("This connection is not secure (no HTTPS): nothing is kept on this telephone. Stay online."),
        "of_others": _("Records of somebody else that are not sent: %(n)s. They wait until that person logs in here."),
        "outside": _("You make no visits"),
        "outside_why": _("Here helpers and village workers find the families they visit, and record the visits."),
        "to_today": _("Today"),
        "locked": _("Not logged in"),
        "locked_why": _("Log in to see your visits."),
        "locked_offline": _(
            "There is no network, and your session has ended. What is kept here cannot be read before you log in again."
        ),
        "waiting_locked": _("Records on this telephone that are not sent: %(n)s. They are sent after you log in."),
        "log_in": _("Log in"),
    }


def report_words() -> dict[str, str]:
    """What the script of the page for reports without an account says, in the reader's language."""
    return {
        "sent": _("Whoever is on duty has it. Receipt: %(receipt)s"),
        "kept": _("No network: it is kept on this telephone and sent as soon as there is one. Call 110, 120 or 119."),
        "not_kept": _("No network, and this browser cannot keep it. Call 110, 120 or 119, and leave this page open."),
        "refused": _("Not taken: %(why)s Call 110, 120 or 119."),
    }
