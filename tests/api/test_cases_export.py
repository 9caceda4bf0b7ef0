"""A case to take along: the program in the archive checks it with nothing but Python, and names what was altered."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from backend.audit.models import Event
from backend.cases.families import reveal
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.workflows.stage import Stage

pytestmark = pytest.mark.django_db

Files = dict[str, bytes]


@kept
def stage() -> Stage:
    made = Stage()
    made.start()
    made.note()
    by = factories.actor(made.caseworker)
    reveal(person=made.case.family.persons.get(), field="health", reason="医院来电核对", actor=by, now=timezone.now())
    return made


@pytest.fixture
def exported(stage: Stage) -> Files:
    auditor = Caller(factories.user("auditor", role="auditor", unit=factories.region("120114000000")))
    response = auditor.get(f"cases/{stage.case.pk}/export/")
    assert (response.status_code, response["Content-Type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def verdict(files: Files, folder: Path) -> tuple[int, str]:
    """What the program of the archive says of it, run alone, without this system on its path."""
    program, archive = folder / "verify_case.py", folder / "export.zip"
    program.write_bytes(files["verify_case.py"])
    with zipfile.ZipFile(archive, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    done = subprocess.run(
        [sys.executable, "-I", "-S", program, archive], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_it_is_whole_and_tells_of_itself(stage: Stage, exported: Files, tmp_path: Path) -> None:
    code, said = verdict(exported, tmp_path)
    assert (code, said[:3]) == (0, "OK ")
    event = Event.objects.get(action="case.exported")
    assert event.case_id == stage.case.pk
    assert event.data["manifest"] in said
    assert event.data["count"] == len(exported["events.jsonl"].splitlines())
    assert "person.revealed" in exported["family_events.jsonl"].decode()
    assert event.data["family_count"] == 1
    assert {"case.json", "course.json", "processes/errand-1/errand/errand.bpmn"} <= set(exported)


def _byte(lines: list[str]) -> list[str]:
    return [lines[0].replace("instance.started", "instance.storted"), *lines[1:]]


def _gone(lines: list[str]) -> list[str]:
    return lines[1:]


def _swapped(lines: list[str]) -> list[str]:
    return [lines[1], lines[0], *lines[2:]]


def _cut(lines: list[str]) -> list[str]:
    return lines[:-1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_byte, "event 1 ("),
        (_gone, "event 2 ("),
        (_swapped, "event 2 ("),
        (_cut, "the last event should be number"),
    ],
)
def test_what_was_done_to_the_events_is_named(
    exported: Files, tmp_path: Path, change: Callable[[list[str]], list[str]], told: str
) -> None:
    lines = exported["events.jsonl"].decode().splitlines()
    changed = {**exported, "events.jsonl": "\n".join(change(lines)).encode()}
    code, said = verdict(changed, tmp_path)
    assert code == 1
    assert told in said
    assert "events.jsonl: altered" in said


def test_an_event_altered_together_with_the_manifest_is_named_all_the_same(exported: Files, tmp_path: Path) -> None:
    lines = _byte(exported["events.jsonl"].decode().splitlines(keepends=True))
    events = "".join(lines).encode()
    manifest = json.loads(exported["manifest.json"])
    manifest["files"]["events.jsonl"] = hashlib.sha256(events).hexdigest()
    code, said = verdict({**exported, "events.jsonl": events, "manifest.json": json.dumps(manifest).encode()}, tmp_path)
    assert (code, said.startswith("events.jsonl: event 1 (")) == (1, True)


def test_the_chain_of_the_family_is_checked_as_well(exported: Files, tmp_path: Path) -> None:
    altered = exported["family_events.jsonl"].replace("医院来电核对".encode(), "医院来电核实".encode())
    assert altered != exported["family_events.jsonl"]
    code, said = verdict({**exported, "family_events.jsonl": altered}, tmp_path)
    assert (code, "family_events.jsonl: event 1 (" in said) == (1, True)
    gone = verdict({**exported, "family_events.jsonl": b""}, tmp_path)[1]
    assert "family_events.jsonl: the last event should be number 1" in gone


def test_other_files_are_held_by_their_digests(exported: Files, tmp_path: Path) -> None:
    code, said = verdict({**exported, "case.json": exported["case.json"] + b" "}, tmp_path)
    assert (code, "case.json: altered" in said) == (1, True)
    without = {name: content for name, content in exported.items() if name != "course.json"}
    assert "course.json: missing" in verdict(without, tmp_path)[1]
    assert "more.txt: not in the manifest" in verdict({**exported, "more.txt": b"x"}, tmp_path)[1]


def test_for_whom(stage: Stage) -> None:
    path = f"cases/{stage.case.pk}/export/"
    assert_problem(Caller(stage.caseworker).get(path), 403, "not_allowed")
    assert_problem(Caller(stage.stranger).get(path), 403, "not_allowed")
    elsewhere = factories.user("far", role="auditor", unit=factories.town(factories.OTHER_TOWN))
    assert_problem(Caller(elsewhere).get(path), 404, "not_found")
    assert not Event.objects.filter(action="case.exported").exists()
