"""What people type to find somebody: name, initials of its pinyin (孙桂兰 → sgl), number, address."""

from collections.abc import Iterable
from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=1 << 14)
def initials(name: str) -> str:
    """The first letters of a name's pinyin; other letters stay as they are."""
    letters = (part.strip()[:1] for part in lazy_pinyin(name, style=Style.FIRST_LETTER))
    return "".join(letters).lower()[:60]


def search_text(*, names: Iterable[str], others: Iterable[str] = ()) -> str:
    """One text in lower case that holds everything by which a row is found."""
    words = [word for name in names if name for word in (name, initials(name))]
    return " ".join(dict.fromkeys([*words, *(other for other in others if other)])).lower()
