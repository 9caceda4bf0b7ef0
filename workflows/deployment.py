"""Processes from the folder bpmn/ into the database: a new version whenever anything of them changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import FieldProblem, Invalid
from backend.org.access import SYSTEM, Actor
from backend.org.roles import ROLE_NAMES
from workflows.engine.definition import Definition, ModelRefused, called_processes, compile_definition
from workflows.models import Process
from workflows.steps import STEPS

KINDS = ("*.bpmn", "*.dmn", "forms/*.json")


class ModelNotFit(Invalid):
    """The model breaks a rule; `problems` names each node and rule."""

    code = "model_refused"
    message = _("This process cannot be deployed.")


def process_keys(folder: Path) -> list[str]:
    """The processes of a folder: each has a sub-folder that holds a diagram of the same name."""
    return sorted(path.parent.name for path in folder.glob("*/*.bpmn") if path.stem == path.parent.name)


def bundle(folder: Path, key: str) -> dict[str, str]:
    """Everything a process needs, path → text: its own folder and those of the processes it calls."""
    files: dict[str, str] = {}
    todo = [key]
    while todo:
        name = todo.pop()
        if any(path.startswith(f"{name}/") for path in files):
            continue
        own = {str(path.relative_to(folder)): path.read_text("utf-8") for path in _parts(folder / name)}
        files |= own
        diagram = own.get(f"{name}/{name}.bpmn", "")
        todo += sorted(called_processes(diagram.encode()))
    return files


def _parts(folder: Path) -> Iterator[Path]:
    for pattern in KINDS:
        yield from sorted(folder.glob(pattern))


def checked(key: str, files: Mapping[str, str]) -> Definition:
    """The compiled definition. Raises ModelNotFit with every problem, also steps that no function answers to."""
    try:
        return compile_definition(
            {path: text.encode() for path, text in files.items()},
            process_id=key,
            steps=STEPS,
            roles={*ROLE_NAMES, SYSTEM.role},
        )
    except ModelRefused as refusal:
        problems = [FieldProblem(f"/{each.node or each.file}", each.code, each.message) for each in refusal.problems]
        raise ModelNotFit(problems) from refusal


def deploy(*, key: str, files: Mapping[str, str], actor: Actor, now: datetime) -> tuple[Process, bool]:
    """Store a process; the same content again is the version there is. Returns it, and whether it is new.

    Running instances stay on their version. Raises ModelNotFit.
    """
    definition = checked(key, files)
    _one_at_a_time(key)
    same = Process.objects.filter(key=key, digest=definition.digest).first()
    if same is not None:
        return same, False
    last = Process.objects.filter(key=key).order_by("-number").values_list("number", flat=True).first() or 0
    process = Process.objects.create(
        key=key,
        number=last + 1,
        digest=definition.digest,
        name=definition.name,
        name_en=definition.name_en,
        files={path: content.decode() for path, content in definition.files.items()},
        deployed_by=actor.label,
        created_at=now,
    )
    record(
        action="process.deployed",
        object=process,
        actor=actor,
        now=now,
        data={"process": key, "version": process.number, "digest": definition.digest},
    )
    return process, True


def _one_at_a_time(key: str) -> None:
    """Two deployments of one process wait for each other, so that version numbers have no gaps and no doubles."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"process:{key}"])


def deploy_folder(folder: Path, *, actor: Actor, now: datetime) -> list[tuple[Process, bool]]:
    """Deploy every process of a folder."""
    return [deploy(key=key, files=bundle(folder, key), actor=actor, now=now) for key in process_keys(folder)]
