"""Translations: compiled by Babel, because Django's own command needs GNU gettext, which a machine may not have."""

import os
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def compile_catalogues(root: Path) -> list[Path]:
    """Compile every catalogue (.po) of the project that is newer than its result; returns the results."""
    sources = [path for part in ("backend", "workflows") for path in (root / part).glob("**/locale/*/LC_MESSAGES/*.po")]
    return [_compiled(source) for source in sorted(sources) if _is_stale(source)]


def _is_stale(source: Path) -> bool:
    target = source.with_suffix(".mo")
    return not target.exists() or target.stat().st_mtime < source.stat().st_mtime


def _compiled(source: Path) -> Path:
    """Written aside and renamed: a program that starts meanwhile reads the old or the new one, never a half."""
    target = source.with_suffix(".mo")
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parents[1].name, abort_invalid=True)
    draft = target.with_suffix(f".{os.getpid()}")
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    draft.rename(target)
    return target
