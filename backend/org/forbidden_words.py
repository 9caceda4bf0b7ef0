"""Words that stand in nothing public and on no letter: 失独, 伤残 and whatever else the list `forbidden_word` names
(domain.md finding 3, D19). A database trigger refuses them where notices are kept, whoever writes the row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

import opencc
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Invalid
from backend.org import codes

LIST = "forbidden_word"
ALWAYS = ("失独", "伤残")
"""Refused whatever the code list says."""
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]")
_SPACE = re.compile(r"\s+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""Half a character: no text."""


class ForbiddenWord(Invalid):
    """A text for the public or for a letter says what a family is not to be called."""

    code = "forbidden_word"
    message = _("This contains a word that never stands in anything public or on a letter.")


def found_in(text: str) -> str:
    """The first forbidden word in the text; empty for none. Spaces, signs and traditional characters hide nothing."""
    plain = _SPACE.sub(" ", unicodedata.normalize("NFKC", _SURROGATE.sub("", text))).lower()
    chinese = _NOT_CHINESE.sub("", _converter().convert(plain))
    return next((word for word in _words() if word and (word in plain or word in chinese)), "")


def refuse(texts: Iterable[str]) -> None:
    """Raises ForbiddenWord when one of the texts has such a word in it."""
    if any(found_in(text) for text in texts):
        raise ForbiddenWord


def _words() -> list[str]:
    """Today's words, in Chinese and in English."""
    listed = codes.choices(LIST, day=timezone.localdate()).values()
    return [*ALWAYS, *(text.lower() for entry in listed for text in (entry.label, entry.label_en))]


@cache
def _converter() -> opencc.OpenCC:
    """Traditional characters to simplified ones."""
    return opencc.OpenCC("t2s")
