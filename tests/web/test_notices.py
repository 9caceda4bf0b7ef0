"""The public board without logging in, and notices at the desk."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from backend.publicity.models import Notice
from tests.api.test_notices import somebody, up
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db
__all__ = ["up"]


def test_board_shows_it_to_everybody_until_its_last_day(up: Notice, now: datetime) -> None:
    anybody = Client()
    with time_machine.travel(now, tick=False):
        assert up.title in text(anybody.get("/board/"))
        page = anybody.get(f"/board/{up.pk}/")
        paper = anybody.get(f"/board/{up.pk}/text/").content.decode()
    assert "孙*英" in text(page)
    assert "孙桂英" not in text(page)
    assert "noindex" in page["X-Robots-Tag"]
    with time_machine.travel(now + timedelta(days=8), tick=False):
        assert up.title not in text(anybody.get("/board/"))
        over = anybody.get(f"/board/{up.pk}/")
        assert over.status_code == 410
        assert "孙*英" not in over.content.decode()
        assert anybody.get(f"/board/{up.pk}/text/").status_code == 404
        checked = text(anybody.post("/board/check/", {"number": up.number, "text": paper}))
        wrong = text(anybody.post("/board/check/", {"number": up.number, "text": "x"}))
    assert "alert-success" in checked
    assert "alert-warning" in wrong


def test_desk_shows_both_sheets_and_takes_down(up: Notice, now: datetime) -> None:
    with time_machine.travel(now, tick=False):
        caseworker, supervisor = visitor(somebody()), visitor(somebody("supervisor"))
        assert up.title in text(caseworker.get("/notices/"))
        page = text(caseworker.get(f"/notices/{up.pk}/"))
        assert "take-down" not in page
        assert "960.00元" in page
        assert caseworker.get(f"/notices/{up.pk}/take-down/").status_code == 403
        assert caseworker.get(f"/notices/{up.pk}/board.docx")["Content-Type"].endswith("wordprocessingml.document")
        assert "take-down" in text(supervisor.get(f"/notices/{up.pk}/"))
        sent = supervisor.post(f"/notices/{up.pk}/take-down/", {"reason": "名单有误", "key": "k"})
        assert sent.status_code == 302
        assert "名单有误" in text(supervisor.get(f"/notices/{up.pk}/"))
    up.refresh_from_db()
    assert up.state == Notice.State.TAKEN_DOWN
