"""Translations are compiled without GNU gettext, and complete."""

import gettext
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import PoFileError, read_po
from django.conf import settings
from django.utils.translation.template import templatize

from backend.ops.catalogues import compile_catalogues

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Not found."
msgstr "%s"
"""


def catalogue(root: Path, text: str) -> Path:
    """A catalogue with one text."""
    path = root / "backend" / "core" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PO % text, "utf-8")
    return path


def told(compiled: Path) -> str:
    """What a program reads."""
    with compiled.open("rb") as file:
        return gettext.GNUTranslations(file).gettext("Not found.")


def test_compiled_once_and_again_when_changed(tmp_path: Path) -> None:
    source = catalogue(tmp_path, "没有找到。")
    [compiled] = compile_catalogues(tmp_path)
    assert told(compiled) == "没有找到。"
    assert compile_catalogues(tmp_path) == []

    catalogue(tmp_path, "未找到。")
    later = source.stat().st_mtime + 10
    os.utime(source, (later, later))
    assert compile_catalogues(tmp_path) == [compiled]
    assert told(compiled) == "未找到。"


def test_a_broken_catalogue_is_an_error(tmp_path: Path) -> None:
    catalogue(tmp_path, "没有找到。").write_text('msgid "a"\nno catalogue at all\n')
    with pytest.raises(PoFileError):
        compile_catalogues(tmp_path)


def sources() -> list[Path]:
    """The project's own catalogues."""
    return sorted(path for part in ("backend", "workflows") for path in (settings.ROOT / part).rglob("*.po"))


@pytest.mark.parametrize("source", sources(), ids=lambda path: path.parts[-5])
def test_every_text_is_translated_with_the_same_placeholders(source: Path) -> None:
    with source.open("rb") as file:
        found = read_po(file, locale="zh_Hans", abort_invalid=True)
    wanting = [message.id for message in found if message.id and not message.string]
    assert wanting == []
    assert [message.id for message in found if message.fuzzy and message.id] == []
    assert [message.id for message in found if _differs(message)] == []


def _differs(message: Message) -> bool:
    return any(True for _ in message.check()) if message.id else False


KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
}  # fmt: skip
Text = tuple[str, str | None]
"""A text, and the context that it is said in."""


def texts(path: Path) -> Iterator[tuple[int, Text]]:
    """The texts of a program or a template that are to be translated, with their lines."""
    content = path.read_bytes()
    if path.suffix == ".html":
        content = templatize(content.decode(), origin=str(path)).encode()
    for line, found, _comments, context in extract("python", BytesIO(content), keywords=KEYWORDS):
        yield line, (found if isinstance(found, str) else found[0], context)


def _text(message: Message) -> Text:
    return (message.id if isinstance(message.id, str) else message.id[0]), message.context


def test_every_text_of_the_source_has_a_translation() -> None:
    known = set()
    for source in sources():
        with source.open("rb") as file:
            known |= {_text(message) for message in read_po(file, locale="zh_Hans") if message.id}
    parts = (settings.ROOT / "backend", settings.ROOT / "workflows")
    found = [path for part in parts for kind in ("*.py", "*.html") for path in part.rglob(kind)]
    wanting = [
        f"{path.relative_to(settings.ROOT)}:{line} {text}"
        for path in sorted(found)
        if "node_modules" not in path.parts
        for line, text in texts(path)
        if text not in known
    ]
    assert wanting == []


def test_a_text_means_one_thing_in_all_catalogues() -> None:
    """Django reads them into one: of two translations one would be shown everywhere. Another meaning has a context."""
    meanings: dict[Text, set[str]] = {}
    for source in sources():
        with source.open("rb") as file:
            for message in read_po(file, locale="zh_Hans"):
                if message.id:
                    meanings.setdefault(_text(message), set()).add(str(message.string))
    assert {text: said for text, said in meanings.items() if len(said) > 1} == {}
