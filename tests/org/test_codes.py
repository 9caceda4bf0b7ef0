"""Code lists come from the shipped file, keep what an office added, and speak both languages."""

import json
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from backend.org.codes import FILE, choices, entries, load_codes, name
from backend.org.models import CodeEntry

pytestmark = pytest.mark.django_db


def test_the_shipped_lists_are_loaded_once() -> None:
    made, changed = load_codes()
    assert (made, changed) == (sum(len(content["entries"]) for content in json.loads(FILE.read_text()).values()), 0)
    assert load_codes() == (0, 0)
    assert len([code for code in entries("ethnicity") if code <= "56"]) == 56
    assert list(entries("sex")) == ["0", "1", "2", "9"]


@pytest.mark.parametrize(
    ("kind", "code", "zh", "en"),
    [
        ("ethnicity", "01", "汉族", "Han"),
        ("ethnicity", "56", "基诺族", "Jino"),
        ("relation", "02", "户主", "head of household"),
        ("marriage", "30", "丧偶", "widowed"),
        ("health", "41", "癌症", "cancer"),
        ("category", "bereaved", "失独", "bereaved of the only child"),
    ],
)
def test_a_code_has_a_name_in_both_languages(kind: str, code: str, zh: str, en: str) -> None:
    load_codes()
    assert (name(kind, code, "zh-hans"), name(kind, code, "en")) == (zh, en)
    with translation.override("en"):
        assert name(kind, code) == en
    assert name(kind, "unheard of") == "unheard of"


def test_every_entry_is_complete() -> None:
    for kind, content in json.loads(FILE.read_text()).items():
        assert content["title"][0].strip(), kind
        assert content["title"][1].isascii(), kind
        for code, (label, label_en, *_data) in content["entries"].items():
            assert label.strip(), (kind, code)
            assert label_en.isascii(), (kind, code)
            assert label_en.strip(), (kind, code)


def test_a_newer_file_changes_labels_and_leaves_an_offices_own_entries(tmp_path: Path) -> None:
    load_codes()
    CodeEntry.objects.create(list="need", code="garden", label="种菜", label_en="gardening", order=99)
    CodeEntry.objects.filter(list="need", code="legal").update(to_date=date(2026, 1, 1))
    lists = json.loads(FILE.read_text())
    lists["need"]["entries"]["legal"] = ["法律服务", "legal service"]
    file = tmp_path / "codes.json"
    file.write_text(json.dumps(lists))
    assert load_codes(file=file) == (0, 1)
    assert name("need", "legal", "zh-hans") == "法律服务"
    assert name("need", "garden", "zh-hans") == "种菜"
    assert "legal" not in choices("need", day=date(2026, 3, 2))
    assert "legal" in choices("need", day=date(2025, 12, 31))


def test_a_list_is_read_once() -> None:
    load_codes()
    entries("need")
    with CaptureQueriesContext(connection) as queries:
        entries("need")
        name("need", "health")
    assert not len(queries)


def test_the_command_tells_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_codes")
    call_command("load_codes")
    assert capsys.readouterr().out.splitlines()[-1] == "codes: 0 new, 0 changed; parameters: 0 set"
