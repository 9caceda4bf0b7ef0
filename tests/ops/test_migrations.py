"""Models and migrations agree, and migrating twice does nothing."""

import pytest
from django.core.management import call_command

from backend.ops.startup import migrate


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration() -> None:
    call_command("makemigrations", check=True, dry_run=True)  # ends the program when one is missing


@pytest.mark.django_db
def test_nothing_is_left_to_migrate() -> None:
    assert migrate() == 0
