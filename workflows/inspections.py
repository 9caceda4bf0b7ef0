"""Checks of sites that are due: each is an instance of its own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from backend.activities import sites
from backend.activities.models import Site
from backend.audit.history import collect
from backend.core import prepared
from backend.org.access import SYSTEM, Actor
from workflows import services
from workflows.activities import office_of


def start_due(now: datetime) -> int:
    """Begin every check whose day has come; returns how many. Each in a transaction of its own."""
    begun = 0
    for site, check in list(sites.due_checks(now)):
        with transaction.atomic():
            held = prepared.found(Site, site.pk, follow=("unit__parent",), lock=True)
            if check not in held.under_check:
                start(site=held, check=check, actor=SYSTEM, now=now)
                begun += 1
    return begun


def start(*, site: Site, check: str, actor: Actor, now: datetime) -> None:
    """Begin one check of a site."""
    with collect():
        sites.begin_check(site=site, check=check)
        data = {
            "site": str(site.pk),
            "check": check,
            "place": str(site.unit_id),
            "office": str(office_of(site.unit).pk),
        }
        services.start(process="site_inspection", case=None, data=data, actor=actor, now=now)
