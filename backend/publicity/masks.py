"""Patterns by which a name or an id number is made public (D19). Pure text; which pattern holds, the table says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

NOBODY = "×××"
"""Instead of a name."""
STAR = "*"
_REMARK = re.compile(r"[(（\[【{<《:：,，;；/、].*", re.DOTALL)
_NO_LETTER = re.compile(r"[^\w·]|[\d_]")
_ID = re.compile(r"\d{17}[\dX]")
LONGEST = 30


def letters(name: str) -> str:
    """The name itself: what was written behind it, numbers and signs are none of it."""
    plain = _REMARK.sub("", unicodedata.normalize("NFKC", name).strip())
    return _NO_LETTER.sub("", plain)[:LONGEST]


def middle(name: str) -> str:
    """First and last character; of a name of two only the first."""
    plain = letters(name)
    if len(plain) < 3:
        return plain[:1] + STAR
    return plain[0] + STAR * (len(plain) - 2) + plain[-1]


def surname(name: str) -> str:
    """The first character only; how long the rest is, is not told."""
    return letters(name)[:1] + STAR


def nobody(name: str) -> str:
    """No name."""
    return NOBODY


NAMES: Mapping[str, Callable[[str], str]] = {"full": letters, "middle": middle, "surname": surname, "none": nobody}


def last4(identity: str) -> str:
    """The last four characters of an 18-digit number; of any other nothing, for there they reach into the birthday."""
    plain = unicodedata.normalize("NFKC", identity).strip().upper()
    return f"****{plain[-4:]}" if _ID.fullmatch(plain) else ""


def no_identity(identity: str) -> str:
    """Nothing of it."""
    return ""


IDENTITIES: Mapping[str, Callable[[str], str]] = {"last4": last4, "none": no_identity}


def birthday_in(identity: str) -> str:
    """The eight digits of the birthday in an id number, of 15 or 18 digits; empty when it is none."""
    plain = unicodedata.normalize("NFKC", identity).strip().upper()
    if _ID.fullmatch(plain):
        return plain[6:14]
    return f"19{plain[6:12]}" if re.fullmatch(r"\d{15}", plain) else ""
