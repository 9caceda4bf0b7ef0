"""A ban that got its second signature ends the runs of the process `volunteer_service` as well."""

from __future__ import annotations

from datetime import datetime

from backend.activities import bans
from backend.activities.models import Ban, Volunteer
from backend.audit.history import collect
from backend.org.access import Actor
from backend.org.models import User
from workflows.volunteers import tell


def confirm(*, ban: Ban, user: User, actor: Actor, now: datetime) -> Ban:
    """In force from today on: the service and all pairings end, stars are withdrawn. Raises what `bans.confirm` does.

    Hours verified before stay on record; certificates are revoked one by one.
    """
    with collect():
        running = list(Volunteer.objects.serving().filter(helper=ban.helper_id).values_list("instance_id", flat=True))
        row = bans.confirm(ban=ban, user=user, actor=actor, now=now)
        for instance_id in running:
            tell(instance_id, "volunteer_banned", actor)
    return row
