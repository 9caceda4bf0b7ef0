"""Aid funds: every night stores begin their month, and reports on donations come due."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from backend.funds import use_reports
from workflows import stores


@app.periodic(cron="41 4 * * *")
@app.task(name="funds.turn", queueing_lock="funds.turn")
def turn(timestamp: int) -> None:
    """Months of stores, and reports whose time has come."""
    stores.begin_due(timezone.now())
    use_reports.make_due(timezone.now())
