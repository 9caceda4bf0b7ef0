"""Jobs whose worker died (kill -9, power cut) are taken up again: each is one transaction, so nothing is half done."""

import structlog
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status

logger = structlog.get_logger(__name__)
STALE_SECONDS = 30
"""A worker tells every 5 seconds that it lives; after this long it is thought dead (see settings)."""
MOST_ATTEMPTS = 8
"""A job that has taken so many workers with it is not tried again; it stays as failed, to be looked at."""


@app.periodic(cron="* * * * *")
@app.task(name="recovery.take_up", queueing_lock="recovery.take_up", pass_context=True)
async def take_up(context: JobContext, timestamp: int) -> None:
    """Every minute: put such jobs back into the queue; until then their locks would hold up all jobs of the case."""
    jobs = context.app.job_manager
    for job in await jobs.get_stalled_jobs(seconds_since_heartbeat=STALE_SECONDS):
        logger.warning("job taken up again", job=job.id, name=job.task_name, attempts=job.attempts)
        if job.attempts >= MOST_ATTEMPTS:
            await jobs.finish_job(job, Status.FAILED, delete_job=False)
            continue
        try:
            await jobs.retry_job(job)
        except UniqueViolation:  # the next one of its kind (queueing_lock) waits already
            await jobs.finish_job(job, Status.FAILED, delete_job=True)
