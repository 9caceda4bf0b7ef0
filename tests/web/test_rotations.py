"""Pages of rotations: prepared, looked at, changed, approved by somebody else; and one helper who is leaving."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from backend.helpers.models import Helper, Rotation, Succession
from backend.org import parameters
from backend.web.rotations import next_discharge
from tests import factories
from tests.api.test_rotations import Garrison
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db


def test_from_the_unit_to_the_signature() -> None:
    garrison = Garrison(families=2, free=1)
    caseworker, supervisor = visitor(garrison.caseworker), visitor(garrison.supervisor)
    form = text(caseworker.get("/rotations/new/"))
    assert "共建单位甲" in form
    typed = {"partner_unit": str(garrison.unit.pk), "leaves_on": garrison.day.isoformat(), "reason": "discharged"}
    sent = caseworker.post("/rotations/new/", typed)
    assert sent.status_code == 302
    rotation = Rotation.objects.get()
    where = f"/rotations/{rotation.pk}/"
    preview = text(caseworker.get(where))
    for said in (
        "家00",
        "家01",
        "去00",
        "来00",
        "to be approved",
        "nobody yet",
        "days together: 7",
        "somebody else approves it",
    ):
        assert said in preview, said
    assert "共建单位甲" in text(supervisor.get("/approvals/"))
    assert supervisor.post(where, {"verb": "approve", "version": str(rotation.version)}).status_code == 302
    rotation.refresh_from_db()
    assert (rotation.state, rotation.approved_label) == ("approved", "老王")
    garrison.carry_out()
    told = text(supervisor.get(where))
    assert "carried out" in told
    assert "来00: waiting for an answer" in told
    assert "共建单位甲" not in text(supervisor.get("/approvals/"))
    assert "共建单位甲" in text(caseworker.get("/rotations/"))


def test_what_is_refused_is_told_with_everything_typed() -> None:
    garrison = Garrison()
    caseworker = visitor(garrison.caseworker)
    past = (timezone.localdate() - timedelta(days=1)).isoformat()
    typed = {"partner_unit": str(garrison.unit.pk), "leaves_on": past, "reason": "discharged"}
    refused = caseworker.post("/rotations/new/", typed)
    assert refused.status_code == 422
    assert "This day has passed already." in refused.content.decode()
    assert past in refused.content.decode()
    garrison.prepared()
    rotation = Rotation.objects.get()
    where = f"/rotations/{rotation.pk}/"
    Helper.objects.filter(pk=garrison.comers[0].pk).update(status="away")
    stale = visitor(garrison.supervisor).post(where, {"verb": "approve", "version": str(rotation.version)})
    assert stale.status_code == 409
    assert "not in service then" in stale.content.decode()
    own = caseworker.post(where, {"verb": "approve"})
    assert own.status_code == 403


def test_somebody_else_is_named_for_a_reason_and_given_up() -> None:
    garrison = Garrison(families=1, free=2)
    told = garrison.prepared()
    [row] = told["rows"]
    other = next(each for each in garrison.comers if str(each.pk) != row["successor"]["id"])
    caseworker, where = visitor(garrison.caseworker), f"/rotations/{told['id']}/"
    form = text(caseworker.get(f"{where}rows/{row['id']}/"))
    assert other.name in form
    typed = {"helper": str(other.pk), "reason": "", "version": str(told["version"])}
    assert caseworker.post(f"{where}rows/{row['id']}/", typed).status_code == 400
    assert caseworker.post(f"{where}rows/{row['id']}/", {**typed, "reason": "同乡"}).status_code == 302
    shown = text(caseworker.get(where))
    assert "同乡" in shown
    assert other.name in shown
    assert caseworker.get(f"{where}rows/{told['id']}/").status_code == 404
    assert caseworker.post(where, {"verb": "cancel", "reason": "调防取消"}).status_code == 302
    assert Rotation.objects.get().state == "cancelled"


def test_who_may_come_in() -> None:
    garrison = Garrison()
    told = garrison.prepared()
    where = f"/rotations/{told['id']}/"
    village = visitor(garrison.village)
    assert village.get("/rotations/").status_code == village.get(where).status_code == 403
    stranger = visitor(factories.user("stranger", role="supervisor", unit=factories.town(factories.OTHER_TOWN)))
    assert stranger.get(where).status_code == 404
    assert visitor(garrison.supervisor).get("/rotations/new/").status_code == 403


def test_a_helper_is_leaving() -> None:
    garrison = Garrison(families=1)
    leaver = garrison.leavers[0]
    caseworker = visitor(garrison.caseworker)
    assert "Is leaving on" in text(caseworker.get(f"/helpers/{leaver.pk}/"))
    assert "Is leaving on" not in text(visitor(garrison.supervisor).get(f"/helpers/{leaver.pk}/"))
    where, soon = f"/helpers/{leaver.pk}/leaving/", timezone.localdate() + timedelta(days=2)
    assert caseworker.post(where, {"leaving_on": timezone.localdate().isoformat(), "reason": "left"}).status_code == 422
    assert caseworker.post(where, {"leaving_on": soon.isoformat(), "reason": "transferred"}).status_code == 302
    assert Succession.objects.get().ends_on == soon


@pytest.mark.django_db
def test_the_form_begins_with_the_next_discharge() -> None:
    assert next_discharge(date(2026, 2, 28)) == date(2026, 3, 1)
    assert next_discharge(date(2026, 3, 1)) == date(2026, 9, 1)
    assert next_discharge(date(2026, 11, 22)) == date(2027, 3, 1)
    parameters.load_parameters()
    parameters.set_parameter(key="succession.discharge_days", value="12-01 06-15", from_date=date(2026, 11, 1))
    assert next_discharge(date(2026, 11, 22)) == date(2026, 12, 1)
    assert next_discharge(date(2026, 12, 1)) == date(2027, 6, 15)
