"""Pages of the payment desk: a batch begun, its file and the bank's answer, who received nothing; the ledger."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from backend.payments import posting
from backend.payments.models import Batch, Payable
from tests.kept import kept
from tests.payments.banking import answer
from tests.payments.owing import ACCOUNT, owed
from tests.payments.test_desk import Desk
from tests.web.visitor import statements, text, visitor
from workflows.models import WorkItem

pytestmark = pytest.mark.django_db


@kept
def desk() -> Desk:
    return Desk()


def read_in(desk: Desk, batch: Batch, content: bytes) -> int:
    file = SimpleUploadedFile("回盘.csv", content)
    said = visitor(desk.drawer).post(f"/payments/batches/{batch.pk}/", {"file": file})
    posting.post_answers(batch_id=batch.pk, now=timezone.now())
    return said.status_code


def test_a_batch_from_the_desk_to_the_banks_answer(desk: Desk) -> None:
    owed(timezone.now())
    client = visitor(desk.drawer)
    assert "590.00" in text(client.get("/payments/"))
    begun = client.post("/payments/", {"unit": str(desk.county.pk), "programme": "tefu"})
    assert begun["Location"] == f"/work-items/{WorkItem.objects.get().pk}/"
    assert "590.00" in text(client.get(begun["Location"]))
    again = client.post("/payments/", {"unit": str(desk.county.pk), "programme": "tefu"})
    assert (again.status_code, 'id="refused"' in again.content.decode()) == (409, True)
    day = timezone.localdate().isoformat()
    assert desk.do("draw_up", desk.drawer, drawing="draw_up", pay_on=day).status_code == 200
    assert desk.do("release_batch", desk.releaser, release="release").status_code == 200
    batch = Batch.objects.get()
    address = f"/payments/batches/{batch.pk}/"
    shown = text(client.get(address))
    assert all(each in shown for each in (batch.number, "王秀英", "not received yet", "SHA-256"))
    assert ACCOUNT not in shown
    assert client.get(f"{address}file/").content[:2] == b"PK"
    assert read_in(desk, batch, answer(batch).replace(b"590.00", b"1.00")) == 422
    assert read_in(desk, batch, answer(batch, returned={1: "账户已销户"})) == 302
    assert "账户已销户" in text(client.get(f"{address}?show=returned"))
    assert statements(client, address) <= 14
    assert statements(client, "/payments/") <= 14


def test_who_received_nothing_is_found_and_stopped(desk: Desk) -> None:
    row = owed(timezone.now())
    batch = desk.sent()
    read_in(desk, batch, answer(batch, returned={1: "户名不符"}))
    client = visitor(desk.drawer, "zh-hans")
    assert "未收到：银行退回" in text(client.get("/payments/payables/"))
    assert "王秀英" not in text(client.get("/payments/payables/?show=paid"))
    assert "共1笔，合计590.00元" in text(client.get("/payments/payables/?show=&q=王秀&programme=tefu"))
    assert "王秀英" in text(client.get(f"/payments/payables/?show=&q={row.number}"))
    assert "王秀英" not in text(client.get("/payments/payables/?show=&programme=micro_loan"))
    assert client.get("/payments/payables/?show=x").status_code == 400
    address = f"/payments/payables/{row.pk}/"
    shown = text(client.get(address))
    assert "户名不符" in shown
    assert ACCOUNT not in shown
    assert client.post(address, {"verb": "reveal", "reason": ""}).status_code == 400
    assert ACCOUNT in text(client.post(address, {"verb": "reveal", "reason": "银行来电核对"}))
    assert client.post(address, {"verb": "hold", "reason": "收到异议"}).status_code == 302
    assert Payable.objects.get().is_held
    assert statements(client, "/payments/payables/") <= 13


def test_the_ledger_is_read_by_whoever_audits_it(desk: Desk) -> None:
    owed(timezone.now())
    client = visitor(desk.reviewer)
    assert all(each in text(client.get("/ledger/")) for each in ("The ledger balances.", "590.00", "budget line"))
    assert "0.00" in text(client.get("/ledger/?on=2020-01-01"))
    assert client.get("/ledger/?on=x").status_code == 400
    assert "-590.00" in text(client.get("/ledger/entries/"))
    assert client.get("/ledger/entries/?account=x").status_code == 400
    assert statements(client, "/ledger/") <= 10


def test_others_do_not_come_in(desk: Desk) -> None:
    caseworker = visitor(desk.caseworker)
    assert [caseworker.get(path).status_code for path in ("/payments/", "/ledger/")] == [403, 403]
    assert caseworker.get("/payments/payables/").status_code == 200
