"""Models and migrations agree, migrating twice does nothing, and an empty database is migrated quickly to the same."""

import re
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection, migrations, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from backend.ops.management.commands.migrate import quick_states
from backend.ops.startup import migrate
from tests.thoroughness import THOROUGH


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True)  # ends the program when one is missing


@pytest.mark.django_db
def test_nothing_is_left_to_migrate() -> None:
    assert migrate() == 0


def _see_both_ways(apps: Apps, _: Any) -> None:
    """What a migration written in Python relies on: the newest of each model, and relations in both directions."""
    river, bridge = (apps.get_model("core", name) for name in ("River", "Bridge"))
    assert {field.name for field in river._meta.get_fields()} == {"code", "length", "bridges"}
    assert bridge._meta.get_field("river").related_model is river
    bridge.objects.create(river=river.objects.create(code="永定河"))
    assert river.objects.get().bridges.get().river_id == "永定河"


@pytest.mark.django_db
def test_quick_states_hold_what_an_operation_needs() -> None:
    river = models.ForeignKey("core.River", models.CASCADE, "bridges")
    tables: Any = migrations.Migration("rivers", "core")
    rows: Any = migrations.Migration("bridges", "core")
    rows.operations = [migrations.RunPython(_see_both_ways)]
    tables.operations = [
        migrations.RunPython(lambda apps, _: apps.get_models()),  # from here on all is rendered
        migrations.CreateModel("River", [("code", models.IntegerField(primary_key=True))]),
        migrations.CreateModel("Bridge", [("id", models.BigAutoField(primary_key=True)), ("river", river)]),
        migrations.AddField("River", "length", models.IntegerField(null=True)),
        migrations.AlterField("River", "code", models.CharField(primary_key=True, max_length=20)),  # the bridges' too
    ]
    state = ProjectState()
    with quick_states():
        for migration in (tables, rows):
            with connection.schema_editor() as editor:
                state = migration.apply(state, editor)


@pytest.mark.skipif(not THOROUGH, reason="half a minute; with THOROUGH=1, as before a release")
@pytest.mark.django_db
def test_quick_states_make_the_same_tables() -> None:
    loader = MigrationExecutor(connection).loader
    plan = [(loader.graph.nodes[key], False) for key in _order(loader)]
    with quick_states():
        quickly = loader.collect_sql(plan)
    assert _without_times(quickly) == _without_times(loader.collect_sql(plan))


def _without_times(statements: list[str]) -> list[str]:
    """A column may be filled with the time of the migration."""
    return [re.sub(r"DEFAULT '[-0-9]+ [^']+'::timestamptz", "DEFAULT now", statement) for statement in statements]


def _order(loader: Any) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        found |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return list(found)
