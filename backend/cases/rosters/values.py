"""One cell of a roster: what it means, how it was mended, or what is wrong with it.

A cell arrives as the spreadsheet stored it (text, number or yes/no; dates as ISO text). Nothing is invented: digits
that a spreadsheet has rounded away, or a month written so that it could be January or October, are problems.
"""

import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import _lru_cache_wrapper, lru_cache
from math import isfinite
from typing import NamedTuple

import opencc
from stdnum.cn import ric

from backend.cases.rosters.codes import CodeList, words

Cell = str | int | float | bool | None
"""What a spreadsheet holds in one place."""

Plain = str | date | None
"""What a roster's value is once understood."""


class Value(NamedTuple):
    """A cell understood. `mended` says how the written form was changed, `problem` and `detail` what is wrong."""

    value: Plain = None
    mended: str = ""
    problem: str = ""
    detail: str = ""


EMPTY = Value()
NOTED = "noted"
"""Detail of a value that says less than the cell: what was written is kept as a note."""
_NOTHING = frozenset(words("无 没有 暂无 不详 空 - -- — —— / \\ n/a none null"))
"""What people write into a cell to say that there is nothing to write."""


def nothing(cell: Cell) -> Value:
    """A column whose content means nothing: consecutive numbers."""
    return EMPTY


# --- text -----------------------------------------------------------------------------------------------------------

_simplify = opencc.OpenCC("t2s").convert


def _traditional_letters() -> frozenset[str]:
    """Letters of the basic block and extension A that have another simplified form: text without them is left alone."""
    letters = [chr(code) for block in (range(0x3400, 0x4DC0), range(0x4E00, 0xA000)) for code in block]
    simplified = _simplify("\n".join(letters)).split("\n")
    return frozenset(old for old, new in zip(letters, simplified, strict=True) if old != new)


TRADITIONAL = _traditional_letters()


def _ranges(codes: Iterable[int]) -> str:
    """Letters for the brackets of a pattern, neighbours as one range: it is compiled in a third of the time."""
    found: list[tuple[int, int]] = []
    for code in codes:
        first, last = found.pop() if found else (code, code - 1)
        found += [(first, code)] if last == code - 1 else [(first, last), (code, code)]
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in found)


_ORDINARY = re.compile(f"[!-~{_ranges(code for code in range(0x4E00, 0xA000) if chr(code) not in TRADITIONAL)}]+")
"""Printable ASCII and simplified characters without a space: nothing in it can be mended."""
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufffe\uffff]"
)
_SPACES = re.compile(r"\s+")
_BETWEEN_HAN = re.compile(r"(?<=[\u2e80-\u9fff\uf900-\ufaff])\s+(?=[\u2e80-\u9fff\uf900-\ufaff])")
_MIDDLE_DOT = re.compile("[•‧・･∙⋅●．.]")
EXCEL_DIGITS = 10**15
"""Spreadsheets keep 15 digits of a number; of a longer one the last are lost."""


def written(cell: Cell) -> str:
    """The cell as a person sees it: whole numbers without a fraction, nothing for an empty cell."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def unsimplified(cell: Cell) -> str:
    """The text in ordinary width without stray spaces, its characters as they were written."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", written(cell)))
    return _BETWEEN_HAN.sub("", _SPACES.sub(" ", plain).strip())


@lru_cache(maxsize=1 << 15)
def clean(text: str) -> tuple[str, str]:
    """The text in simplified characters and ordinary width, without stray spaces; and how it was mended.

    Kinds of mending: `traditional`, `width`, `spaces` (the first that applies). Remembered also to save memory: rows
    that say the same share one text.
    """
    if _ORDINARY.fullmatch(text):
        return text, ""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    how = "" if plain == text else "width"
    stripped = _BETWEEN_HAN.sub("", _SPACES.sub(" ", plain).strip())
    if stripped != plain and not how:
        how = "spaces"
    if TRADITIONAL.isdisjoint(stripped):
        return stripped, how
    return _simplify(stripped), "traditional"


def text(cell: Cell) -> Value:
    """Free text."""
    plain, how = clean(written(cell))
    return Value(plain, how) if plain else EMPTY


def filled(cell: Cell) -> tuple[str, str]:
    """Like `clean`, for columns where "none" or a dash means an empty cell."""
    plain, how = clean(written(cell))
    return ("", "") if plain.casefold() in _NOTHING else (plain, how)


_SEPARATORS = re.compile(r"[、,，;；/\s]+")


def listing(cell: Cell) -> Value:
    """Several words, parted by 、 whatever parted them in the cell."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", written(cell)))
    said = (clean(word) for word in _SEPARATORS.split(plain))
    words = dict.fromkeys(word for word, _ in said if word and word.casefold() not in _NOTHING)
    return Value("、".join(words)) if words else EMPTY


def name(cell: Cell) -> Value:
    """A person's name in simplified characters; the middle dot of minority names in its one form."""
    plain, how = clean(written(cell))
    if not plain:
        return EMPTY
    if not plain.isascii():
        dotted = _MIDDLE_DOT.sub("·", plain)
        if dotted != plain:
            return Value(dotted, how or "width")
    return Value(plain, how)


def key(cell: Cell) -> Value:
    """A number that identifies something (户编号, 帮扶人编号): capitals, no spaces."""
    plain, how = clean(written(cell))
    if not plain:
        return EMPTY
    bare = sys.intern(plain.replace(" ", "").upper())  # stands in every row of a household
    if not how and bare != plain:
        how = "spaces" if bare == plain.replace(" ", "") else "case"
    return Value(bare, how)


# --- codes ----------------------------------------------------------------------------------------------------------


_caches: list["_lru_cache_wrapper[Value]"] = []
"""Of the coded columns."""


def code(codes: CodeList) -> Callable[[Cell], Value]:
    """Understands a coded column: the code itself, or a word people write for it."""

    @lru_cache(maxsize=4096, typed=True)
    def understand(cell: Cell) -> Value:
        plain, how = clean(written(cell))
        if not plain:
            return EMPTY
        found = codes.known.get(plain.replace(" ", "").casefold())
        if found is None:
            return Value(codes.other, "code", "", NOTED) if codes.other else Value(plain, "", "bad_code")
        return Value(found, how or ("" if plain == codes.proper[found] else "code"))

    _caches.append(understand)
    return understand


_COARSE = re.compile(r"[0-9]")


def relation(codes: CodeList) -> Callable[[Cell], Value]:
    """Like `code`, but a single digit is left as it is: only its neighbours tell whether 1 is a spouse or 01."""
    understand = code(codes)

    def keep_single_digit(cell: Cell) -> Value:
        found = understand(cell)
        plain, how = clean(written(cell))
        return Value(plain, how) if _COARSE.fullmatch(plain) else found

    return keep_single_digit


_REGION = re.compile(r"\d{12}")


@lru_cache(maxsize=1 << 14, typed=True)
def region(cell: Cell) -> Value:
    """A 12-digit region code; ten digits with the last two cut off (`00` of a county list) are not guessed."""
    plain, how = clean(written(cell))
    if not plain:
        return EMPTY
    bare = re.sub(r"[\s'’`-]", "", plain)
    if not _REGION.fullmatch(bare):
        return Value(bare, "", "bad_code", "region_form")
    if isinstance(cell, float | int) or bare == plain:
        return Value(bare, how)
    return Value(bare, how or "spaces")


# --- dates ----------------------------------------------------------------------------------------------------------

EPOCH = date(1899, 12, 30)
"""Day 0 of spreadsheet serial numbers (from 1 March 1900 on)."""
_SERIAL = range(61, 80_000)
_PARTS = re.compile(r"(\d{4})\s*[-/.年,、\s]\s*(\d{1,2})(?:\s*[-/.月,、\s]\s*(\d{1,2})\s*[日号]?)?\s*月?\.?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?$")
_HAN_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_HAN_TENS = re.compile(r"([1-9]?)十([1-9]?)")
_LUNAR = re.compile(r"农历|阴历|旧历|闰")


def _day(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1 << 14, typed=True)
def day(cell: Cell) -> Value:
    """A date in any of the forms of domain.md 2e.

    A month without a day becomes its first day, mended as `month`. Problems (`bad_date`): `lunar`, `year_only`,
    `month_unclear` (the number 1950.1 may be January or, with its zero lost, October), `not_a_date`.
    """
    if isinstance(cell, bool):
        return Value(None, "", "bad_date", "not_a_date")
    if isinstance(cell, str) and _ISO.fullmatch(cell) and (found := _day(cell[:4], cell[5:7], cell[8:])):
        return Value(found)
    if isinstance(cell, float) and not cell.is_integer():
        return _decimal(cell)
    plain, how = filled(cell)
    if not plain:
        return EMPTY
    plain = _TIME.sub("", plain)
    if _LUNAR.search(plain):
        return Value(None, "", "bad_date", "lunar")
    if plain.isdecimal():
        return _digits(plain)
    return _parts(plain, how)


def _decimal(number: float) -> Value:
    """1950.3 → March 1950; 1950.12 → December; 1950.1 is unclear; 45000.5 is a serial number with a time of day."""
    if not isfinite(number):
        return Value(None, "", "bad_date", "not_a_date")
    if int(number) in _SERIAL and number >= 2200:
        return Value(EPOCH + timedelta(days=int(number)), "date")
    year, _, fraction = f"{number:.10g}".partition(".")
    if fraction == "1":
        return Value(None, "", "bad_date", "month_unclear")
    if len(fraction) == 4:
        return _found(_day(year, fraction[:2], fraction[2:]), "date")
    return _found(_day(year, fraction, "1"), "month")


def _found(value: date | None, how: str) -> Value:
    return Value(value, how) if value else Value(None, "", "bad_date", "not_a_date")


def _digits(plain: str) -> Value:
    """19500305, 195003, the serial number 18327, or a bare year; 00 stands for a day or month nobody knows."""
    if len(plain) in {6, 8}:
        year, month, number = plain[:4], plain[4:6], plain[6:]
        if month == "00":
            return Value(None, "", "bad_date", "year_only")
        if number in {"", "00"}:
            return _found(_day(year, month, "1"), "month")
        return _found(_day(year, month, number), "date")
    if len(plain) == 4 and 1880 <= int(plain) <= 2100:
        return Value(None, "", "bad_date", "year_only")
    if len(plain) <= 5 and int(plain) in _SERIAL:
        return Value(EPOCH + timedelta(days=int(plain)), "date")
    return Value(None, "", "bad_date", "not_a_date")


def _parts(plain: str, how: str) -> Value:
    """1950-03-05, 1950/3/5, 1950.03, 1950年3月, 一九五〇年三月五日."""
    digits = _HAN_TENS.sub(lambda ten: f"{ten[1] or 1}{ten[2] or 0}", plain.translate(_HAN_DIGITS))
    match = _PARTS.fullmatch(digits)
    if match is None:
        return Value(None, "", "bad_date", "not_a_date")
    year, month, number = match.groups()
    if number is None or int(number) == 0:
        return _found(_day(year, month, "1"), "month")
    found = _day(year, month, number)
    same = found is not None and plain == found.isoformat()
    return _found(found, how or ("" if same else "date"))


# --- telephone ------------------------------------------------------------------------------------------------------

_PHONE_NOISE = re.compile(r"[\s()\-_‐-―]")
_SEVERAL = re.compile(r"[/、,;，；]|或")
_MOBILE = re.compile(r"(?:\+?0?0?86)?(1[3-9]\d{9})")
_LANDLINE = re.compile(r"(0(?:10|2\d|[3-9]\d\d))([2-9]\d{6,7})")
_LOCAL = re.compile(r"[2-9]\d{6,7}")
_SERVICE = re.compile(r"[48]00\d{7}")
_EXTENSION = re.compile(r"(?:转|ext\.?|#|x)(\d{1,6})$", re.IGNORECASE)


@lru_cache(maxsize=1 << 14, typed=True)
def phone(cell: Cell) -> Value:
    """One or several telephone numbers, joined by a slash: mobile, landline with or without area code, 400/800."""
    plain, how = filled(cell)
    if not plain:
        return EMPTY
    numbers = [_one_phone(part, numeric=not isinstance(cell, str)) for part in _SEVERAL.split(plain) if part.strip()]
    if not numbers or not all(numbers):
        return Value(plain, "", "bad_phone")
    joined = "/".join(number for number in numbers if number)
    return Value(joined, how or ("" if joined == plain else "phone"))


def _one_phone(part: str, *, numeric: bool) -> str | None:
    extension = _EXTENSION.search(part)
    bare = _PHONE_NOISE.sub("", part[: extension.start()] if extension else part)
    if numeric and not bare.startswith(("0", "1")) and _LANDLINE.fullmatch(f"0{bare}"):
        bare = f"0{bare}"  # the spreadsheet took the area code's zero for a number's
    if match := _MOBILE.fullmatch(bare):
        number = match[1]
    elif match := _LANDLINE.fullmatch(bare):
        number = f"{match[1]}-{match[2]}"
    elif _LOCAL.fullmatch(bare) or _SERVICE.fullmatch(bare):
        number = bare
    else:
        return None
    return f"{number}-{extension[1]}" if extension else number


# --- certificates ---------------------------------------------------------------------------------------------------

_ID_NOISE = re.compile(r"[\s'’`\"*-]")
_ID_LIKE_X = str.maketrans("ХхΧχ×✕", "XXXXXX")
_SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?E\+?(\d+)")
_ID_18 = re.compile(r"\d{17}[\dX]")
_TYPED_WELL = re.compile(r"[0-9]{17}[0-9X]")
_ID_15 = re.compile(r"\d{15}")
_CENTENARIANS = frozenset({"996", "997", "998", "999"})
"""Sequence numbers of 15-digit ids kept for people who were a hundred years old: born in the 19th century."""

PROVINCES = frozenset(
    words("11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83")
)
"""First two digits of an id: GB/T 2260, with 71, 81, 82 and 83 of residence permits."""


def resident_id(cell: Cell) -> Value:
    """A resident's id number (GB 11643-1999) in 18 characters.

    A number of 15 digits is completed by its century and check character. The first two digits, the birth date and the
    check character are verified; the rest of the area is not, since it names the place of first registration, which may
    have been abolished long ago. Problem `id_checksum` with `rounded`, `length`, `area`, `birth` or `check`.
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool) and abs(cell) >= EXCEL_DIGITS:
        return Value(written(cell), "", "id_checksum", "rounded")
    if isinstance(cell, str) and _TYPED_WELL.fullmatch(cell):
        return _verified(cell, "")
    plain, how = filled(cell)
    if not plain:
        return EMPTY
    bare = _ID_NOISE.sub("", plain).translate(_ID_LIKE_X)
    if not how and bare != plain:
        how = "spaces"
    upper = bare.upper()
    if match := _SCIENTIFIC.fullmatch(upper):
        whole, fraction, exponent = match.groups(default="")
        if exponent != "14" or len(fraction) != 14:
            return Value(upper, "", "id_checksum", "rounded")
        upper, how = whole + fraction, "number"
    if not how and upper != bare:
        how = "case"
    if _ID_15.fullmatch(upper):
        upper, how = _complete(upper), "id15"
    if not _ID_18.fullmatch(upper):
        return Value(upper, "", "id_checksum", "length")
    return _verified(upper, how)


def _verified(number: str, how: str) -> Value:
    fault = _fault(number)
    return Value(number, "", "id_checksum", fault) if fault else Value(number, how)


def _complete(old: str) -> str:
    """The 18 characters of a 15-digit id."""
    century = "18" if old[12:] in _CENTENARIANS else "19"
    body = f"{old[:6]}{century}{old[6:]}"
    return body + str(ric.calc_check_digit(body + "0"))


def _fault(number: str) -> str:
    if number[:2] not in PROVINCES:
        return "area"
    if _day(number[6:10], number[10:12], number[12:14]) is None or number[6:8] not in {"18", "19", "20"}:
        return "birth"
    return "" if ric.calc_check_digit(number) == number[17] else "check"


def birth_of(number: str) -> date:
    """The birth date in a valid 18-character id."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex_of(number: str) -> str:
    """The sex in a valid 18-character id, as GB/T 2261.1: odd sequence numbers are men's."""
    return "1" if int(number[16]) % 2 else "2"


def other_certificate(cell: Cell) -> Value:
    """The number of any other certificate: capitals, no spaces; what it means is its issuer's."""
    found = key(cell) if filled(cell)[0] else EMPTY
    if isinstance(cell, int | float) and abs(cell) >= EXCEL_DIGITS:
        return Value(found.value, "", "id_checksum", "rounded")
    return found


def count(cell: Cell) -> Value:
    """A small whole number (0 to 999); 三户 or 3户 are understood."""
    plain, how = filled(cell)
    if not plain:
        return EMPTY
    digits = plain.rstrip("户人个家").translate(_HAN_DIGITS)
    if not digits.isdecimal() or len(digits) > 3:
        return Value(plain, "", "bad_code", "not_a_count")
    return Value(str(int(digits)), how or ("" if plain == digits else "number"))


def forget() -> None:
    """Give back what was remembered of the cells of a roster: names, dates and telephone numbers of people."""
    for remembered in (clean, region, day, phone, *_caches):
        remembered.cache_clear()
