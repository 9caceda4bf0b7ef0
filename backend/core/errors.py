"""The one base of every error the domain raises.

A subclass stands beside the function that raises it. Its `code` is stable for programs, its `message` is for people
(a lazy translation), `status` is what an HTTP door answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class FieldProblem:
    """One field that is wrong: JSON pointer into the request's body, stable code, text for people."""

    pointer: str
    code: str
    message: str | Promise


@dataclass(eq=False)
class DomainError(Exception):
    """Something that a rule of the domain forbids. Nothing has been changed when it is raised through a door."""

    problems: Sequence[FieldProblem] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""
    """Process, node and step when it was raised inside a process."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422
    message: ClassVar[str | Promise] = _("This is not possible.")

    def __str__(self) -> str:
        return str(self.message) % dict(self.params) if self.params else str(self.message)


class NotFound(DomainError):
    """It does not exist, or does not concern who asks."""

    code = "not_found"
    status = 404
    message = _("Not found.")


class NotAllowed(DomainError):
    """Who asks may see it, but not do this."""

    code = "not_allowed"
    status = 403
    message = _("You are not allowed to do this.")


class Conflict(DomainError):
    """The state of things is not (any more) what the request supposes."""

    code = "conflict"
    status = 409
    message = _("Somebody else was faster. Look again.")


class StaleVersion(Conflict):
    """The row was changed since it was read."""

    code = "stale_version"
    message = _("This was changed in the meantime. Look again before you save.")


class Invalid(DomainError):
    """One or several fields are wrong; `problems` tells which."""

    code = "invalid"
    status = 422
    message = _("Some fields are not right.")
