"""Processes: what is deployed in which versions, what they bring, and new versions: checked first, then deployed.

Diagrams and counts only: no page here tells of a case.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from backend.api.processes import Processes as ProcessesResource
from backend.web.administration.section import Administered
from backend.web.door import Refused, command, read

LARGEST = 2_000_000
"""Bytes of all files together: the largest process has a tenth of it."""


class Deployed(Administered):
    """A page for who deploys."""

    needs = ("process.deploy",)
    tab = "web:processes"


class Processes(Deployed):
    """All of them, and the way to a new version."""

    template = "web/administration/processes.html"
    title = gettext_lazy("Processes")

    def get(self, request: HttpRequest) -> HttpResponse:
        """By the newest version of each."""
        return self.show({"processes": read(request, ProcessesResource)["results"]})


class Process(Deployed):
    """One: its diagram, versions, forms and tables."""

    template = "web/administration/process.html"

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The version that is taken by what begins, or the one asked for."""
        number = request.GET.get("version", "")
        found = read(request, ProcessesResource, "retrieve", pk=key, query={"version": number})
        told = {
            "process": found,
            "title": found["name"],
            "drawn": {"bpmn": found["bpmn"]},
            "parts": parts(found["files"]),
            "newest": next(each["version"] for each in found["versions"] if each["is_active"]),
        }
        return self.show(told)


class CheckProcess(Deployed):
    """Files are tried: what is wrong with each node, or what would be deployed."""

    template = "web/administration/process_checked.html"
    title = gettext_lazy("Check a process")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Reached by its form only."""
        return redirect("web:processes")

    def post(self, request: HttpRequest) -> HttpResponse:
        """Nothing is deployed here."""
        sent = request.FILES.getlist("files")
        if not sent or sum(file.size or 0 for file in sent) > LARGEST:
            messages.error(request, _("Choose the files of one process, at most 2 MB together."))
            return redirect("web:processes")
        try:
            key, files = self._bundle(sent)
        except ValueError as error:
            messages.error(request, str(error))
            return redirect("web:processes")
        told: dict[str, Any] = {"process": key, "files": files, "sent": len(sent), "parts": parts(files)}
        try:
            told["valid"] = command(request, ProcessesResource, "validate", body={"key": key, "files": files})
        except Refused as refused:
            return self.show({**told, "refused": refused}, status=refused.status)
        return self.show({**told, "bundle": json.dumps(files), "running": self._running(key)})

    def _bundle(self, sent: Iterable[UploadedFile[Any]]) -> tuple[str, dict[str, str]]:
        """The process's key and its files: those sent, the rest as in the newest version. Raises ValueError."""
        texts = {PurePosixPath(file.name or "").name: _text(file) for file in sent}
        diagrams = [name for name in texts if name.endswith(".bpmn")]
        key = PurePosixPath(diagrams[0]).stem if len(diagrams) == 1 else self.request.POST.get("process", "")
        if len(diagrams) > 1 or not key:
            raise ValueError(_("Send one diagram (.bpmn), or say whose forms and tables these are."))
        return key, self._deployed(key) | {place(key, name): text for name, text in texts.items()}

    def _deployed(self, key: str) -> dict[str, str]:
        try:
            found: dict[str, str] = read(self.request, ProcessesResource, "retrieve", pk=key)["files"]
        except Http404:
            return {}
        return found

    def _running(self, key: str) -> int:
        """How many instances go on in their own version."""
        try:
            return int(read(self.request, ProcessesResource, "retrieve", pk=key)["running"])
        except Http404:
            return 0


class DeployProcess(Deployed):
    """What was checked becomes the version that new instances take."""

    template = "web/administration/process_checked.html"
    title = gettext_lazy("Check a process")

    def get(self, request: HttpRequest) -> HttpResponse:
        """Reached by its form only."""
        return redirect("web:processes")

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the process, or what is wrong with it."""
        key = request.POST.get("process", "")
        try:
            files = json.loads(request.POST.get("bundle", ""))
        except ValueError:
            return redirect("web:processes")
        try:
            made = command(request, ProcessesResource, "deploy", body={"key": key, "files": files})
        except Refused as refused:
            return self.show({"process": key, "refused": refused}, status=refused.status)
        told = (
            _("Version %(number)s is deployed.")
            if made["is_new"]
            else _("Version %(number)s has this content, and what begins from now on takes it.")
        )
        messages.success(request, told % {"number": made["version"]})
        return redirect("web:process", key=made["id"])


def place(key: str, name: str) -> str:
    """Where a file belongs in a process's folder: forms in a folder of their own."""
    return f"{key}/forms/{name}" if name.endswith(".json") else f"{key}/{name}"


def parts(files: Mapping[str, str]) -> list[dict[str, str]]:
    """What a version consists of: each file with its kind and, for forms, its title in the reader's language."""
    kinds = {".bpmn": _("diagram"), ".dmn": _("decision table"), ".json": _("form")}
    return [
        {"path": path, "kind": kinds.get(PurePosixPath(path).suffix, ""), "title": _title(path, text)}
        for path, text in sorted(files.items())
    ]


def _title(path: str, text: str) -> str:
    if not path.endswith(".json"):
        return ""
    try:
        form = json.loads(text)
    except ValueError:
        return ""
    name = "title_en" if (get_language() or "").startswith("en") else "title"
    return str(form.get(name, "")) if isinstance(form, dict) else ""


def _text(file: UploadedFile[Any]) -> str:
    try:
        return str(file.read().decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError(_("“%(name)s” is not text in UTF-8.") % {"name": file.name}) from None
