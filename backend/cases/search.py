"""What people type to find somebody: name, initials of its pinyin (孙桂兰 → sgl), number, address."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pypinyin.core import Pinyin


@lru_cache(maxsize=1 << 14)
def initials(name: str) -> str:
    """The first letters of a name's pinyin; other letters stay as they are."""
    return "".join(_initials(word) for word in _pinyin().seg(name)).lower()[:60]


@lru_cache(maxsize=1 << 14)
def _initials(word: str) -> str:
    """Of one word, as it is pronounced: 重 in 重庆 is c. Names share their words, mostly single characters."""
    from pypinyin import Style

    return "".join(part.strip()[:1] for part in _pinyin().lazy_pinyin(word, style=Style.FIRST_LETTER))


@cache
def _pinyin() -> Pinyin:
    """The dictionary, read when the first name is written: a start needs none of it."""
    from pypinyin.core import Pinyin

    return Pinyin()


def search_text(*, names: Iterable[str], others: Iterable[str] = ()) -> str:
    """One text in lower case that holds everything by which a row is found."""
    words = [word for name in names if name for word in (name, initials(name))]
    return " ".join(dict.fromkeys([*words, *(other for other in others if other)])).lower()
