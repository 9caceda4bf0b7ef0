"""A case to take along: its history, its course, its diagrams, and a program that checks all of it offline."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.audit import verify_case
from backend.audit.canonical import plain
from backend.audit.history import record
from backend.audit.models import Event
from backend.cases.models import Case
from backend.helpers.models import Pairing
from backend.org.access import Actor
from workflows.models import Instance, Trace, WorkItem

EVENTS, FAMILY_EVENTS = "events.jsonl", "family_events.jsonl"
"""The case's own chain, and its family's: who looked at whose identity number, what changed on file."""


def export_case(*, case: Case, actor: Actor, now: datetime) -> bytes:
    """The archive (.zip), identity numbers masked; that it was made, and its manifest's digest, is an event itself.

    The event comes after those in the archive: an archive cannot hold its own digest.
    """
    chains = {
        EVENTS: list(Event.objects.filter(chain=f"case:{case.pk}").order_by("seq")),
        FAMILY_EVENTS: list(Event.objects.filter(chain=f"family:{case.family_id}").order_by("seq")),
    }
    files = {
        **{name: "".join(_line(event) for event in events) for name, events in chains.items()},
        "case.json": _text(_facts(case)),
        "course.json": _text(_course(case)),
        "verify_case.py": Path(verify_case.__file__).read_text("utf-8"),
        **_processes(case),
    }
    manifest = _text(
        {
            "case": case.number,
            "made_at": now,
            "made_by": actor.label,
            "chains": {
                name: {"length": len(events), "head": bytes(events[-1].digest).hex() if events else ""}
                for name, events in chains.items()
            },
            "files": {name: hashlib.sha256(content.encode()).hexdigest() for name, content in files.items()},
        }
    )
    digest = hashlib.sha256(manifest.encode()).hexdigest()
    counts = {"count": len(chains[EVENTS]), "family_count": len(chains[FAMILY_EVENTS])}
    record(action="case.exported", object=case, actor=actor, now=now, data={"manifest": digest, **counts})
    return _packed({verify_case.MANIFEST: manifest, **files})


def _line(event: Event) -> str:
    """An event as it was sealed: the body is the very text that its digest covers."""
    sealed = {
        "seq": event.seq,
        "previous": bytes(event.previous).hex(),
        "digest": bytes(event.digest).hex(),
        "body": event.body,
    }
    return json.dumps(sealed, ensure_ascii=False) + "\n"


def _facts(case: Case) -> dict[str, Any]:
    pairings = Pairing.objects.filter(case=case).select_related("helper").order_by("from_date", "number")
    return {
        "number": case.number,
        "family": case.family.label,
        "programme": case.programme.code,
        "unit": case.unit.name,
        "state": case.state,
        "phase": case.phase,
        "opened_at": case.opened_at,
        "closed_at": case.closed_at,
        "close_reason": case.close_reason,
        "pairings": [
            {
                "number": row.number,
                "helper": row.helper.name,
                "kind": row.kind_id,
                "from_date": row.from_date,
                "to_date": row.to_date,
                "end_reason": row.end_reason,
            }
            for row in pairings
        ],
    }


def _course(case: Case) -> list[dict[str, Any]]:
    """The runs, the oldest first, with the nodes passed and the steps that people did or have to do."""
    runs = Instance.objects.filter(case=case).select_related("process").defer("data", "process__files")
    passed: dict[Any, list[dict[str, Any]]] = {}
    for row in Trace.objects.filter(instance__case=case).order_by("at", "id"):
        passed.setdefault(row.instance_id, []).append(
            {"node": row.node, "at": row.at, "by": row.by, "outcome": row.outcome}
        )
    items: dict[Any, list[dict[str, Any]]] = {}
    for item in WorkItem.objects.filter(case=case).defer("draft").order_by("created_at", "pk"):
        told = ("step", "title", "role", "state", "created_at", "due_at", "ended_at", "completed_label", "outcome")
        items.setdefault(item.instance_id, []).append({name: getattr(item, name) for name in told})
    return [
        {
            "process": run.process.key,
            "version": run.process.number,
            "state": run.state,
            "outcome": run.outcome,
            "started_at": run.created_at,
            "ended_at": run.ended_at,
            "passed": passed.get(run.pk, []),
            "work_items": items.get(run.pk, []),
        }
        for run in runs.order_by("created_at", "pk")
    ]


def _processes(case: Case) -> dict[str, str]:
    """Diagrams, tables and forms of every version that conducted the case."""
    versions = {run.process_id: run.process for run in Instance.objects.filter(case=case).select_related("process")}
    return {
        f"processes/{process.key}-{process.number}/{path}": content
        for process in versions.values()
        for path, content in process.files.items()
    }


def _text(content: Any) -> str:
    return json.dumps(plain(content), ensure_ascii=False, indent=1, sort_keys=True)


def _packed(files: Mapping[str, str]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return archive.getvalue()
