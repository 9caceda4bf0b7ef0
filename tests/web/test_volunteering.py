"""Pages of volunteers, their hours and certificates; and the page on which anybody checks a number."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from backend.activities.models import Ban, Certificate, HourClaim, Volunteer
from backend.org.codes import load_codes
from tests import factories
from tests.api.test_certificates import Desk
from tests.kept import kept
from tests.web.visitor import statements, text, visitor

pytestmark = pytest.mark.django_db


@kept
def desk() -> Desk:
    load_codes()
    return Desk()


def test_a_volunteer_sees_the_own_hours_and_enters_others(desk: Desk) -> None:
    client = visitor(desk.volunteer)
    shown = text(client.get("/hours/"))
    assert all(each in shown for each in ("My hours", desk.helper.number, "Being verified", "Enter hours"))
    assert "Volunteers</a>" not in shown
    assert 'name="helper_q"' not in text(client.get("/hours/new/"))
    begin = timezone.localtime(timezone.now() - timedelta(hours=3))
    sent = {
        "started_at": f"{begin:%Y-%m-%dT%H:%M}", "ended_at": f"{begin + timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "content": "housework", "evidence": "witness", "note": "王婶在场",
    }  # fmt: skip
    refused = client.post("/hours/new/", {**sent, "ended_at": sent["started_at"]})
    assert refused.status_code == 422
    assert "王婶在场" in refused.content.decode()
    assert client.post("/hours/new/", sent)["Location"] == "/hours/"
    assert "entered by hand" in text(client.get("/hours/"))
    assert "entered by hand" not in text(client.get("/hours/", {"state": "rejected"}, headers={"HX-Request": "true"}))


def test_what_was_not_counted_is_disputed_from_the_list(desk: Desk) -> None:
    HourClaim.objects.update(state="rejected", counted=0, reason="没有人见到", verified_at=timezone.now())
    client, claim = visitor(desk.volunteer), HourClaim.objects.get()
    address = f"/hours/{claim.pk}/dispute/"
    assert address in text(client.get("/hours/"))
    assert client.post(address, {"reason": ""}).status_code == 400
    assert client.post(address, {"reason": "王婶可以证明"}).status_code == 302
    assert address not in text(client.get("/hours/"))
    supervisor = visitor(desk.office.supervisor)
    item = text(supervisor.get("/inbox/"))
    assert "Settle the dispute" in item
    assert address not in text(supervisor.get("/hours/"))


def test_the_office_sees_whose_they_are_in_few_statements(desk: Desk) -> None:
    for number in range(5):
        desk.give(2 + number)
    client = visitor(desk.office.caseworker)
    shown = text(client.get("/hours/"))
    assert all(each in shown for each in ("赵志强", "Volunteers", "Certificates"))
    assert statements(client, "/hours/") <= 10
    assert statements(client, "/volunteers/") <= 10
    assert statements(client, "/certificates/") <= 10
    assert 'name="helper_q"' in text(client.get("/hours/new/"))
    assert "赵志强" in text(client.get("/volunteers/choices/", {"helper_q": "赵"}))


def test_a_certificate_from_the_question_to_the_paper_and_its_end(desk: Desk) -> None:
    client = visitor(desk.volunteer)
    form = client.get("/certificates/new/")
    days = {"from_date": (timezone.localdate() - timedelta(days=30)).isoformat(), "to_date": str(timezone.localdate())}
    assert 'type="date"' in text(form)
    where = client.post("/certificates/new/", days)["Location"]
    assert "The township checks the hours" in text(client.get(where))
    item = desk.do(desk.office.caseworker, "check_hours", {"check": "announce"})
    assert item.status_code == 200
    assert "Announced until" in text(visitor(desk.office.caseworker).get(where))
    assert f"{where}objection/" in text(visitor(desk.office.caseworker).get(where))
    desk.wait(8)
    desk.do(desk.office.supervisor, "sign_certificate", {"signature": "sign"})
    row = desk.row()
    paper = text(client.get(where))
    assert all(each in paper for each in (row.digest, "/check/?number=", "陈姐", "老王", 'id="print"'))
    assert "revoke/" not in paper
    supervisor = visitor(desk.office.supervisor)
    assert supervisor.post(f"{where}revoke/", {"reason": "mistake"}).status_code == 302
    assert "Revoked on" in text(client.get(where))
    Certificate.objects.update(half_hours=999)
    assert "Do not rely on it" in text(client.get(where))


def test_anybody_checks_a_number_and_learns_no_more_than_the_paper_says(desk: Desk) -> None:
    row = desk.issued()
    nobody = Client(headers={"Accept-Language": "en"})
    assert "Check a certificate" in text(nobody.get("/check/"))
    answer = nobody.get("/check/", {"number": row.number})
    shown = text(answer)
    assert all(each in shown for each in ("This certificate is valid.", "赵*强", row.digest))
    assert all(each not in shown for each in ("赵志强", desk.helper.number, "陈姐", "老王"))
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex")
    assert "There is no certificate with this number" in text(nobody.get("/check/", {"number": "ZM-1"}))
    assert nobody.get(f"/certificates/{row.pk}/").status_code == 302


def test_a_volunteer_is_registered_and_somebody_banned(desk: Desk) -> None:
    client = visitor(desk.office.caseworker)
    assert all(name in text(client.get("/volunteers/new/")) for name in ('name="guardian"', "Read out the notice"))
    sent = {
        "source": "own", "kind": "neighbour", "name": "周大姐", "unit": str(factories.town().pk),
        "birth_date": "2015-05-01", "accepted_on": str(timezone.localdate()),
    }  # fmt: skip
    refused = client.post("/volunteers/new/", sent)
    assert refused.status_code == 422
    assert "under 18" in refused.content.decode()
    assert client.post("/volunteers/new/", {**sent, "birth_date": "1985-05-01"}).status_code == 302
    assert "周大姐" in text(client.get("/volunteers/"))
    assert "Meet and screen" in text(client.get("/inbox/"))
    Volunteer.objects.update(helper=desk.helper)
    address = f"/helpers/{desk.helper.pk}/ban/"
    assert address in text(client.get("/volunteers/"))
    where = client.post(address, {"reason": "money", "note": "收了二百元"})["Location"]
    row = Ban.objects.get()
    assert (row.to_date, row.state) == (None, "proposed")
    assert "waits for the second signature" in text(client.get(where))
    supervisor = visitor(desk.office.supervisor)
    assert where in text(supervisor.get("/bans/"))
    assert "收了二百元" in text(supervisor.get(where))
    assert client.post(where, {"verb": "confirm"}).status_code == 403
    assert supervisor.post(where, {"verb": "decline", "reason": ""}).status_code == 400
    assert supervisor.post(where, {"verb": "confirm"}).status_code == 302
    own = visitor(desk.volunteer)
    shown = text(own.get(where))
    assert "收了二百元" not in shown
    assert own.post(where, {"verb": "appeal", "text": "钱已退还"}).status_code == 302
    assert "钱已退还" in text(supervisor.get(where))
    other = visitor(factories.user("third", role="supervisor"))
    assert other.post(where, {"verb": "settle", "answer": "维持", "lifted": "false"}).status_code == 302
    assert "维持" in text(own.get(where))
    assert statements(supervisor, "/bans/") <= 10


def test_for_whom(desk: Desk) -> None:
    assert visitor(desk.office.village).get("/hours/").status_code == 403
    assert visitor(desk.volunteer).get("/volunteers/").status_code == 403
    other = factories.user("another", role="helper")
    assert "No hours yet." in text(visitor(other).get("/hours/"))
    assert visitor(other).get(f"/hours/{HourClaim.objects.get().pk}/dispute/").status_code == 200
    assert visitor(other).post(f"/hours/{HourClaim.objects.get().pk}/dispute/", {"reason": "x"}).status_code == 404
