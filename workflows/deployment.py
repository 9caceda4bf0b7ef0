"""Processes from the folder bpmn/ into the database: a new version whenever anything of them changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.db import connection
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org.access import SYSTEM, Actor
from backend.org.roles import ROLE_NAMES
from workflows.engine.definition import Definition, ModelRefused, called_processes, compile_definition
from workflows.models import Instance, Process
from workflows.steps import STEPS

KINDS = ("*.bpmn", "*.dmn", "forms/*.json")


class ModelNotFit(Invalid):
    """The model breaks a rule; `problems` names each node and rule."""

    code = "model_refused"
    message = _("This process cannot be deployed.")


class RunningNotFit(Conflict):
    """Cases run in a version that this program no longer understands; `problems` names process, version and node."""

    code = "running_version_refused"
    message = _("Cases run in a version of a process that this program cannot go on with. Nothing was deployed.")


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

    Either way new instances take it from now on (but see `_take_again`). Running instances stay on their version.
    Raises ModelNotFit.
    """
    definition = checked(key, files)
    _one_at_a_time(key)
    same = Process.objects.filter(key=key, digest=definition.digest).first()
    if same is not None:
        _take_again(same, actor, now)
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


def _take_again(process: Process, actor: Actor, now: datetime) -> None:
    """An earlier version is deployed again: new instances take it, and no longer those that came after it.

    The program deploys what it brings at every start. It goes back only behind what it has deployed itself, and takes
    nothing up again that a person has put aside: what a place has drawn or chosen for itself stays.
    """
    by_program = actor.label == SYSTEM.label
    later = Process.objects.filter(key=process.key, number__gt=process.number, is_active=True)
    if by_program:
        later = later.filter(deployed_by=SYSTEM.label)
    changed = later.update(is_active=False, retired_by=actor.label)
    if not process.is_active and not (by_program and process.retired_by != SYSTEM.label):
        process.is_active, process.retired_by = True, ""
        process.save(update_fields=["is_active", "retired_by"])
        changed += 1
    if changed:
        taken = Process.objects.newest(process.key)
        data = {"process": taken.key, "version": taken.number, "digest": taken.digest}
        record(action="process.taken_again", object=taken, actor=actor, now=now, data=data)


def _one_at_a_time(key: str) -> None:
    """Two deployments of one process wait for each other, so that version numbers have no gaps and no doubles."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"process:{key}"])


def deploy_folder(folder: Path, *, actor: Actor, now: datetime) -> list[tuple[Process, bool]]:
    """Deploy every process of a folder. Raises RunningNotFit before anything is changed, ModelNotFit."""
    check_running()
    return [deploy(key=key, files=bundle(folder, key), actor=actor, now=now) for key in process_keys(folder)]


def check_running() -> None:
    """Whether this program can go on with everything that runs, in whatever version: its nodes, its rules, its steps.

    Raises RunningNotFit with every problem, by process and version.
    """
    running = Instance.objects.filter(state=Instance.State.RUNNING)
    problems: list[FieldProblem] = []
    for process in Process.objects.filter(pk__in=running.values("process")).order_by("key", "number"):
        try:
            checked(process.key, process.files)
        except ModelNotFit as refusal:
            place = f"/{process.key}/{process.number}"
            problems += [replace(each, pointer=f"{place}{each.pointer}") for each in refusal.problems]
    if problems:
        raise RunningNotFit(problems)


def earlier(processes: Iterable[Process]) -> list[Process]:
    """Those of the versions that are not the newest of their process: somebody went back to them."""
    newest = dict(Process.objects.values_list("key").annotate(Max("number")).order_by())
    return [process for process in processes if process.number < newest[process.key]]
