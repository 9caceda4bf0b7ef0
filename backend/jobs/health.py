"""Every night: family doctors' contracts that end soon."""

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app

from backend.health import contracts


@app.periodic(cron="37 5 * * *")
@app.task(name="health.warn_of_contracts", queueing_lock="health.warn_of_contracts")
def warn_of_contracts(timestamp: int) -> None:
    """The office hears of each once, before it ends."""
    with transaction.atomic():
        contracts.warn_of_ends(timezone.now())
