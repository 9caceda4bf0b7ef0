"""The register of helpers: entered, corrected, away, ended."""

from datetime import date, datetime, timedelta

import pytest

from backend.audit.models import Event
from backend.core.errors import StaleVersion
from backend.helpers.models import Helper, Offer, Pairing
from backend.helpers.register import (
    HelperEnded,
    NotEditable,
    NumberTaken,
    end_helper,
    register_helper,
    set_status,
    update_helper,
)
from tests import factories
from tests.queueing import messages

pytestmark = pytest.mark.django_db


def test_entered_with_an_opaque_number(now: datetime) -> None:
    helper = register_helper(
        kind=factories.kind(),
        name="赵师傅",
        unit=factories.village(),
        fields={"phone": "13900000000", "languages": ["天津话"], "partner_unit": factories.partner()},
        actor=factories.actor(),
        now=now,
    )
    assert (helper.number, helper.initials) == ("B12011412200001", "zsf")
    assert Helper.objects.get(search__contains="共建单位甲") == helper
    event = Event.objects.get(action="helper.registered")
    assert event.unit_path == factories.village().path
    with pytest.raises(NumberTaken):
        register_helper(
            kind=factories.kind(),
            name="别人",
            unit=factories.village(),
            number="B12011412200001",
            actor=factories.actor(),
            now=now,
        )


def test_corrections_are_told_sensitive_ones_without_content(now: datetime) -> None:
    helper = factories.helper()
    changes = {"phone": "13811111111", "max_families": 2, "to_date": date(2027, 9, 1)}
    update_helper(helper=helper, changes=changes, actor=factories.actor(), now=now, version=1)
    event = Event.objects.get(action="helper.updated")
    assert event.data["max_families"] == {"from": None, "to": 2}
    assert "13811111111" not in event.body
    with pytest.raises(StaleVersion):
        update_helper(helper=helper, changes={"name": "x"}, actor=factories.actor(), now=now, version=1)
    with pytest.raises(NotEditable):
        update_helper(helper=helper, changes={"status": "ended"}, actor=factories.actor(), now=now)


def test_away_spells_go_on(now: datetime) -> None:
    pairing = factories.pairing()
    set_status(helper=pairing.helper, status="away", reason="期末考试", actor=factories.actor(), now=now)
    pairing.refresh_from_db()
    assert (pairing.helper.status, pairing.to_date) == ("away", None)
    assert not messages("helper_ended")


def test_the_end_ends_every_spell_and_each_case_hears_it(now: datetime) -> None:
    helper = factories.helper(kind_="soldier_son", max_families=3)
    spells = [factories.pairing(factories.case(), helper) for _ in range(2)]
    over = factories.pairing(factories.case(), helper, to_date=date(2025, 1, 1))
    end_helper(helper=helper, reason="discharged", ended_on=factories.TODAY, actor=factories.actor(), now=now)
    helper.refresh_from_db()
    assert (helper.status, helper.to_date, helper.end_reason) == ("ended", factories.TODAY, "discharged")
    for spell in spells:
        spell.refresh_from_db()
        assert (spell.to_date, spell.end_reason) == (factories.TODAY, "discharged")
    told = {args["case_id"]: args["data"] for args in messages("helper_ended")}
    data = {"helper": str(helper.pk), "reason": "discharged", "ended_on": "2026-03-02"}
    assert told == {str(spell.case_id): data for spell in spells}
    assert str(over.case_id) not in told
    with pytest.raises(HelperEnded):
        end_helper(helper=helper, reason="left", ended_on=factories.TODAY, actor=factories.actor(), now=now)


def test_a_known_discharge_may_lie_ahead(now: datetime) -> None:
    pairing = factories.pairing()
    ahead = factories.TODAY + timedelta(days=60)
    end_helper(helper=pairing.helper, reason="discharged", ended_on=ahead, actor=factories.actor(), now=now)
    pairing.refresh_from_db()
    assert (pairing.to_date, pairing.helper.status) == (ahead, "active")
    assert Pairing.objects.all().on(factories.TODAY).exists()
    assert len(messages("helper_ended")) == 1


def test_whoever_was_only_asked_is_missed_too(now: datetime) -> None:
    helper, case = factories.helper(), factories.case()
    Offer.objects.create(case=case, helper=helper, state="accepted")
    end_helper(helper=helper, reason="ill", ended_on=factories.TODAY, actor=factories.actor(), now=now)
    assert [args["case_id"] for args in messages("helper_ended")] == [str(case.pk)]
