"""The real worker, until the queue is empty."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector


def work() -> None:
    """Do every job that may be done now, in this process, as the worker program does (needs real transactions)."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))  # one thread does all jobs, and closes its connection
        assert isinstance(app.connector, DjangoConnector)
        with_connections = app.with_connector(app.connector.get_worker_connector())
        async with with_connections.open_async():
            await with_connections.run_worker_async(
                wait=False, concurrency=1, listen_notify=False, install_signal_handlers=False, delete_jobs="never"
            )
        await loop.run_in_executor(None, connections.close_all)

    asyncio.run(run())
