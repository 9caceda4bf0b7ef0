"""Departments and partner units lie under a region; nothing tells which military unit one is."""

from datetime import datetime

import pytest

from backend.administration.units import CodeTaken, MilitaryDesignation, add_unit, change_unit
from backend.audit.models import Event
from backend.core.errors import Invalid, StaleVersion
from backend.org.models import Unit
from tests import factories

pytestmark = pytest.mark.django_db


def add(now: datetime, code: str = "GJ-02", name: str = "共建单位乙", kind: str = "partner") -> Unit:
    return add_unit(parent=factories.town(), code=code, name=name, kind=kind, actor=factories.actor(), now=now)


def test_a_partner_unit_lies_under_its_township(now: datetime) -> None:
    assert add(now).path == "12.01.14.122.gj-02."
    assert Event.objects.get().action == "unit.created"
    with pytest.raises(CodeTaken):
        add(now, code="gj-02")


@pytest.mark.parametrize("name", ["65432部队", "某师3团", "第38集团军", "二营四连"])
def test_military_designations_are_refused(name: str, now: datetime) -> None:
    with pytest.raises(MilitaryDesignation):
        add(now, name=name)
    unit = add(now)
    with pytest.raises(MilitaryDesignation):
        change_unit(unit=unit, changes={"name": name}, actor=factories.actor(), now=now)


@pytest.mark.parametrize("name", ["共青团武清区委", "第一师范附属小学", "区人民医院", "社区志愿服务队"])
def test_ordinary_names_are_not_mistaken(name: str, now: datetime) -> None:
    assert add(now, name=name).name == name


@pytest.mark.parametrize(("code", "kind"), [("a.b", "partner"), ("", "partner"), ("GJ-02", "town")])
def test_codes_and_kinds_are_checked(code: str, kind: str, now: datetime) -> None:
    with pytest.raises(Invalid):
        add(now, code=code, kind=kind)


def test_a_change_is_guarded_by_its_version(now: datetime) -> None:
    unit = add(now)
    changed = change_unit(unit=unit, changes={"name": "共建单位丙"}, actor=factories.actor(), now=now, version=1)
    assert (changed.name, changed.version) == ("共建单位丙", 2)
    with pytest.raises(StaleVersion):
        change_unit(unit=unit, changes={"name": "共建单位丁"}, actor=factories.actor(), now=now, version=1)
