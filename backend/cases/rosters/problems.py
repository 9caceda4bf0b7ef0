"""What can be wrong in a roster: the stable codes of the contract, and sentences for people."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.cases.rosters.columns import Level
from backend.core.errors import DomainError


class Problem(NamedTuple):
    """Something wrong in one cell. `detail` chooses the sentence, `params` fill it and never hold an id number."""

    row: int
    column: str
    code: str
    level: Level
    detail: str = ""
    params: tuple[tuple[str, str], ...] = ()

    def stored(self) -> dict[str, Any]:
        """As it is kept with the roster: the sentence is made when it is read, in the reader's language."""
        return {**self._asdict(), "params": dict(self.params)}


class RosterEmpty(DomainError):
    """There is nothing in the file, or no row that names a person."""

    code = "roster_empty"
    message = _("The file holds no person.")


class RosterUnreadable(DomainError):
    """The file is no .xlsx, .xls or .csv, or it is damaged."""

    code = "roster_unreadable"
    message = _("The file cannot be read. Save it as .xlsx, .xls or .csv and upload it again.")


class RosterEncrypted(DomainError):
    """The file asks for a password."""

    code = "roster_encrypted"
    message = _("The file is protected by a password. Save it without a password and upload it again.")


class RosterMacros(DomainError):
    """The file holds macros."""

    code = "roster_macros"
    message = _("The file holds macros. Save it as .xlsx, which has none, and upload it again.")


class RosterTooLarge(DomainError):
    """The file, what is packed in it, or its table is larger than any roster."""

    code = "roster_too_large"
    status = 413
    message = _("The file is too large: at most 50 MB and 200,000 rows. Split it by village.")


class RosterColumns(DomainError):
    """No header row was found, or columns are missing that every roster needs."""

    code = "roster_columns"
    message = _("These columns are needed and were not found in one row: %(columns)s.")


class RosterKind(DomainError):
    """There is no such kind of roster."""

    code = "roster_kind"
    message = _("A roster is either of families or of helpers.")


class RosterState(DomainError):
    """The roster is not in the state this needs."""

    code = "roster_state"
    status = 409
    message = _("Only a checked roster can be applied, and only once.")


REFUSALS: Mapping[str, type[DomainError]] = {
    refusal.code: refusal for refusal in (RosterEmpty, RosterUnreadable, RosterEncrypted, RosterMacros, RosterTooLarge)
}
"""What the reading process answers → the error raised for it."""


MESSAGES: Mapping[str, str | Promise] = {
    "missing": _("This has to be filled in."),
    "missing.certificate": _("The id number is missing; it should be added later."),
    "missing.village_name": _("The village is new: its name is needed. Until then its code stands for it."),
    "missing.head": _("Nobody of this household is marked as its head."),
    "id_checksum": _("This id number is wrong."),
    "id_checksum.rounded": _("The spreadsheet kept this number rounded; its last digits are lost. Type it as text."),
    "id_checksum.length": _("An id number has 18 characters, an old one 15 digits."),
    "id_checksum.area": _("The first two digits of the id number name no province."),
    "id_checksum.birth": _("The birth date in the id number does not exist."),
    "id_checksum.check": _("The last character of the id number does not fit the others: there is a typing mistake."),
    "id_disagrees.sex": _("The id number says another sex. The id number is used."),
    "id_disagrees.birth": _("The id number says another birth date. The id number is used."),
    "id_disagrees.both": _("The id number says another sex and birth date: it is probably somebody else's."),
    "unknown_village": _("No township with the code %(township)s is known."),
    "unknown_village.township": _("This is the code of a township, not of a village."),
    "bad_code": _("This is no known code or word for this column."),
    "bad_code.region_form": _("A village code has 12 digits."),
    "bad_code.too_long": _("This is longer than %(most)s characters."),
    "bad_code.not_a_count": _("A whole number is expected."),
    "bad_code.village_name": _("This code belongs to the village %(name)s. The code is used."),
    "bad_code.military": _("Military designations must not be recorded. Use an opaque code and a neutral name."),
    "bad_code.partner": _("This code belongs to a place that is no partner unit."),
    "bad_date": _("This is no date."),
    "bad_date.not_a_date": _("This is no date."),
    "bad_date.year_only": _("Only the year is given."),
    "bad_date.month_unclear": _("The number may mean January or October. Type the date as text."),
    "bad_date.lunar": _("This is a date of the lunar calendar. Give the date of the ordinary calendar."),
    "bad_date.future": _("This date lies in the future."),
    "bad_date.too_old": _("Nobody is that old."),
    "bad_date.order": _("The end lies before the beginning."),
    "bad_phone": _("This is no telephone number. It is kept as a note."),
    "duplicate_person": _("The same person stands in row %(rows)s."),
    "duplicate_person.number": _("The same number stands in row %(rows)s."),
    "duplicate_person.perhaps": _("Somebody of the same name and birth date stands in row %(rows)s."),
    "duplicate_person.on_file": _("This person is on file in the household %(household)s of %(village)s."),
    "duplicate_person.elsewhere": _("This person is on file with another unit."),
    "duplicate_person.as_helper": _("This person is on file as helper %(number)s."),
    "household_conflict": _("The rows of this household contradict each other."),
    "household_conflict.heads": _("This household has several heads: rows %(rows)s."),
    "household_conflict.addresses": _("The members of this household have different addresses."),
    "household_conflict.willingness": _(
        "The members of this household answered differently; the strictest answer counts."
    ),
    "household_conflict.others": _("Quite other people are on file under this household number."),
    "household_conflict.gone": _("The file says that this household moved away or is closed; nothing was changed."),
    "household_conflict.busy": _("The household could not be written. Apply the roster again."),
    "outside_unit": _("This village does not belong to your unit."),
}


def message(problem: Mapping[str, Any]) -> str:
    """The sentence for a stored problem, in the language in force."""
    code, detail = str(problem["code"]), str(problem.get("detail") or "")
    sentence = MESSAGES.get(f"{code}.{detail}" if detail else code) or MESSAGES[code]
    return str(sentence) % dict(problem.get("params") or {}) if problem.get("params") else str(sentence)


MENDED: Mapping[str, str | Promise] = {
    "traditional": _("traditional characters"),
    "width": _("full-width characters"),
    "spaces": _("stray spaces"),
    "case": _("small letters"),
    "number": _("stored as a number"),
    "code": _("a word instead of a code"),
    "date": _("another form of date"),
    "month": _("only year and month: the first of the month"),
    "phone": _("another form of telephone number"),
    "id15": _("an id number of 15 digits"),
    "id": _("taken from the id number"),
}
"""How a value was mended, for people."""
