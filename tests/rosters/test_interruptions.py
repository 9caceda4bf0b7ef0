"""An application that is killed, disturbed or started twice: every household is there once, none is half done."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, connections

from backend.audit.models import Event
from backend.cases.models import Family, Person, Roster
from backend.cases.rosters import services
from backend.cases.rosters.synthetic import Place, families
from tests import factories
from tests.rosters.sheets import certificate, checked, people_csv, person, written

ROWS = 400
APPLY = """
import time, django
django.setup()
from django.utils import timezone
from backend.cases.models import Roster
from backend.cases.rosters import services
services.AT_ONCE = 5
roster = Roster.objects.select_related("unit").get()
services.apply(roster=roster, now=timezone.now(), progress=lambda *_: time.sleep(0.1))
"""


def _in_another_process() -> "subprocess.Popen[bytes]":
    used = connection.settings_dict
    place = f"{used['USER']}:{used['PASSWORD']}@{used['HOST']}:{used['PORT']}" if used["HOST"][:1] != "/" else ""
    url = f"postgresql://{place or used['USER'] + '@'}/{used['NAME']}" + ("" if place else f"?host={used['HOST']}")
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "backend.settings"}
    return subprocess.Popen([sys.executable, "-c", APPLY], env=environment, cwd=Path(__file__).parents[2])


def _everything() -> dict[str, object]:
    """Who is on file in which household, and how often history tells of it."""
    return {
        "families": sorted(Family.objects.values_list("unit__code", "number", "label")),
        "persons": sorted(Person.objects.values_list("family__number", "name", "certificate_tail")),
        "told": Event.objects.filter(action="family.created").values("family_id").distinct().count(),
    }


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_it_goes_on_where_it_was(tmp_path: Path, now: datetime) -> None:
    factories.town()
    sheet = families(rows=ROWS, place=Place(villages=2), seed=11, mess=0.2)
    roster = checked(written(sheet, tmp_path), now)
    expected = Counter(roster.counts)
    process = _in_another_process()
    deadline = time.monotonic() + 60
    while Roster.objects.get().done < 20 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    roster.refresh_from_db()
    assert 20 <= roster.done < roster.total, "it was killed in the middle"
    assert roster.state == Roster.State.APPLYING
    assert Family.objects.count() == roster.done, "what is counted is there, and nothing else"
    services.apply(roster=roster, now=now + timedelta(hours=1))
    assert roster.state == Roster.State.APPLIED
    found = _everything()
    assert (Family.objects.count(), Person.objects.count()) == (expected["families_new"], expected["persons_new"])
    assert found["told"] == expected["families_new"]
    assert (roster.counts["applied"]["families_new"], roster.counts["applied"]["persons_new"]) == (
        expected["families_new"],
        expected["persons_new"],
    )


@pytest.mark.django_db(transaction=True)
def test_two_processes_do_not_do_it_twice(tmp_path: Path, now: datetime) -> None:
    """A job that is thought dead may still run: the roster's row tells which of the two goes on."""
    factories.town()
    roster = checked(written(families(rows=ROWS, place=Place(villages=2), seed=11), tmp_path), now)
    expected = Counter(roster.counts)
    process = _in_another_process()
    deadline = time.monotonic() + 60
    while Roster.objects.get().done < 10 and time.monotonic() < deadline:
        time.sleep(0.02)
    services.apply(roster=Roster.objects.select_related("unit").get(), now=now)
    process.wait(timeout=60)
    roster.refresh_from_db()
    assert (roster.state, roster.done) == (Roster.State.APPLIED, roster.total)
    assert (Family.objects.count(), Person.objects.count()) == (expected["families_new"], expected["persons_new"])
    assert roster.counts["applied"]["families_new"] == expected["families_new"]


@pytest.mark.django_db(transaction=True)
def test_a_household_that_somebody_works_on_waits_alone(now: datetime) -> None:
    """Only that household fails; the report says so, and applying the file again puts it right."""
    factories.village()
    members = [{"name": "王德福", "certificate": certificate(), "birth_date": date(1950, 3, 5), "relation": "02"}]
    held = factories.family(number="1", label="王德福", members=members)
    content = people_csv(
        person(联系电话="15400000001"),
        person(户编号="2", 证件号码=certificate("19600101")),
        person(户编号="3", 证件号码=certificate("19610101")),
    )
    roster = checked(content, now)
    other = connections.create_connection("default")
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM cases_family WHERE id = %s FOR UPDATE", [held.pk])
        services.apply(roster=roster, now=now)
    finally:
        other.rollback()
        other.close()
    assert sorted(Family.objects.values_list("number", flat=True)) == ["1", "2", "3"]
    assert roster.counts["applied"]["failed"] == 1
    assert [(problem["row"], problem["code"], problem["detail"]) for problem in roster.problems] == [
        (2, "household_conflict", "busy")
    ]
    again = services.apply(roster=checked(content, now), now=now)
    assert again.counts["applied"]["families_changed"] == 1
    assert Person.objects.get(family=held).phone == "15400000001"
