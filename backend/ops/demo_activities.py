"""The demo's sites and activities: one lecture to be approved, one with a list, a room to be inspected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone

from backend.activities import sign_ups, sites
from backend.activities.campaigns import Plan
from backend.activities.models import Activity, Site
from backend.activities.sign_ups import Person
from backend.org.access import SYSTEM, actor_of
from backend.org.models import Unit, User
from workflows import activities, inspections, services
from workflows.models import WorkItem

ROOMS = (("video_room", "亲情视频室"), ("service_room", "健康服务室"), ("canteen", "爱心食堂"))


def play(town: Unit, now: datetime) -> None:
    """Everything by the verbs of daily life."""
    users = {user.username: user for user in User.objects.filter(is_demo=True)}
    rooms = [_room(kind, name, users, town, now) for kind, name in ROOMS]
    inspections.start(site=rooms[1], check=Site.Check.INSPECTION, actor=SYSTEM, now=now)
    inspections.start(site=rooms[0], check=Site.Check.EQUIPMENT, actor=SYSTEM, now=now)
    for number in range(1, 8):
        day = timezone.localdate(now) - timedelta(days=number)
        by = actor_of(users["village"])
        sites.count(site=rooms[2], day=day, what="meals", number=24 + number % 3, actor=by, now=now)
    published = _propose("冬季老年人保健讲座", 21, users, town, now)
    assert published.instance_id is not None
    item = WorkItem.objects.get(instance_id=published.instance_id)
    services.complete(item=item, answers={"approval": "approve"}, user=users["supervisor"], now=now)
    published.refresh_from_db()
    for name in ("周桂芳", "吴德顺", "郑秀兰"):
        sign_ups.sign_up(activity=published, person=Person(name=name), actor=actor_of(users["caseworker"]), now=now)
    _propose("家庭教育系列讲座", 30, users, town, now)


def _room(kind: str, name: str, users: Mapping[str, User], town: Unit, now: datetime) -> Site:
    village = Unit.objects.filter(parent=town, kind=Unit.Kind.VILLAGE).order_by("code")[0]
    opened_on = timezone.localdate(now) - timedelta(days=20)
    entry = sites.Entry(
        unit=village, kind=kind, name=name, weekdays=[1, 2, 3, 4, 5, 6], opens=time(8, 30), closes=time(17),
        opened_on=opened_on, has_equipment=kind != "canteen", seats=30,
    )  # fmt: skip
    return sites.register(entry=entry, actor=actor_of(users["caseworker"]), now=now)


def _propose(title: str, days: int, users: Mapping[str, User], town: Unit, now: datetime) -> Activity:
    begin = timezone.localtime(now + timedelta(days=days)).replace(hour=9, minute=0, second=0, microsecond=0)
    plan = Plan(
        title=title, kind="lecture", theme="family_health", unit=town, starts_at=begin,
        ends_at=begin + timedelta(hours=2), sign_up_until=begin - timedelta(days=1), groups=["elders"], expected=60,
        budget=Decimal(800), risk="有老人身体不适：村医在场", places=60, place="镇文化站二楼",
    )  # fmt: skip
    return activities.propose(plan=plan, actor=actor_of(users["caseworker"]), now=now)
