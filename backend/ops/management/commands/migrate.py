"""`manage.py migrate`: Django's, which takes a fraction of the time on an empty database."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ModelState, ProjectState


class Command(migrate.Command):
    """Brings the tables up to date."""

    def handle(self, *args: Any, **options: Any) -> None:
        """As Django does it; on an empty database with `quick_states`. There it comes out the same each time, and
        before every test, which an update of somebody's tables does not: that goes all of Django's way."""
        applied = MigrationRecorder(connections[options["database"]]).applied_migrations()
        with nullcontext() if applied else quick_states():
            super().handle(*args, **options)


@contextmanager
def quick_states() -> Iterator[None]:
    """A model that a migration creates, or gives an index, a constraint or a plain field, is rendered alone.

    Django renders all that are related to it again, however distantly, so that they know of it: here those are nearly
    all models, a hundred times. To make a table or to add to it, nobody else has to know. Where it matters, in an
    operation that changes a relation or runs Python, what was rendered is thrown away first, and all are rendered once
    as they stand: what Django calls a delayed state, and treats so itself before it runs Python.
    """
    kept = ProjectState.add_model, ProjectState.reload_model
    quick: Any = _add_model, _reload_model
    ProjectState.add_model, ProjectState.reload_model = quick  # type: ignore[method-assign]
    try:
        yield
    finally:
        ProjectState.add_model, ProjectState.reload_model = kept  # type: ignore[method-assign]


def _add_model(state: Any, model: ModelState) -> None:
    key = model.app_label, model.name_lower
    state.models[key] = model
    if state._relations is not None:
        state.resolve_model_relations(key)
    state.reload_model(*key, delay=True)


def _reload_model(state: ProjectState, app_label: str, model_name: str, delay: bool = False) -> None:
    if "apps" not in state.__dict__:  # nothing was rendered yet: whoever needs it renders all
        return
    if not delay:
        del state.__dict__["apps"]
        return
    state.is_delayed = True
    state.apps.unregister_model(app_label, model_name)
    state.apps.render_multiple([state.models[app_label, model_name]])
