"""P01: somebody new has a file within 15 working days from the day on which the office heard of them; E18: also
somebody without an id number, or with an old one."""

from __future__ import annotations

from datetime import datetime

import pytest

from backend.cases import families
from backend.cases.models import Case, Family
from backend.core.errors import DomainError
from backend.org.parameters import set_parameter
from backend.org.working_days import add_working_days, end_of_day
from tests import factories
from tests.steps.office import CONSENTED, SURVEYED, Office

pytestmark = pytest.mark.django_db
COMPLETED = "12019919900115002"
"""What a number of 15 digits, 120199900115002, becomes before its check digit."""


def newcomer(office: Office) -> Family:
    """Entered by hand after a call from the neighbours."""
    return families.create_family(
        unit=factories.village(), number="N1", label="新来", actor=factories.actor(), now=office.now
    )


def due(office: Office, case: Case, step: str) -> datetime:
    return office.item(case, step).due_at


def test_every_step_of_a_newcomers_file_is_due_by_the_day_of_the_file() -> None:
    """Heard of eight working days before the case began: seven are left, fewer than a survey has otherwise."""
    office = Office()
    family = newcomer(office)
    heard = office.today
    office.pass_time(days=11)
    case = office.open(family)
    last = end_of_day(add_working_days(heard, 15))
    assert due(office, case, "survey_family") == last
    office.do(case, "survey_family", office.village, {**SURVEYED, "surveyed_on": office.today.isoformat()})
    office.pass_time(days=9)
    office.do(case, "record_consent", office.village, {**CONSENTED, "given_on": office.today.isoformat()})
    assert due(office, case, "check_file") == last


def test_the_days_are_the_areas_and_only_a_newcomers() -> None:
    office = Office()
    set_parameter(key="survey.new_resident_days", value=5, from_date=factories.LONG_AGO)
    in_ten = end_of_day(add_working_days(office.today, 10))
    assert due(office, office.open(newcomer(office)), "survey_family") == end_of_day(add_working_days(office.today, 5))
    known = factories.family(status=Family.Status.DRAFT, willingness=Family.Willingness.UNKNOWN)
    assert due(office, office.open(known), "survey_family") == in_ten
    moved_in = factories.family(status=Family.Status.DRAFT, residence="moved_in", created_at=office.now)
    assert due(office, office.open(moved_in), "survey_family") < in_ten


def test_without_a_number_with_an_old_one_and_with_a_wrong_one() -> None:
    """E18: accepted with the kind of certificate, never completed by guessing; a wrong number is refused; whoever
    checks the file reads how many members are still to get theirs."""
    office = Office()
    family = newcomer(office)

    def add(name: str, **given: str) -> str:
        changes = {"name": name, "relation": "0", **given}
        person = families.add_person(family=family, changes=changes, actor=factories.actor(), now=office.now)
        return person.certificate

    assert add("无证老人") == ""
    assert add("老证", certificate="120199900115002") == f"{COMPLETED}{check_digit(COMPLETED)}"
    assert add("护照", certificate_kind="passport", certificate="E12345678") == "E12345678"
    with pytest.raises(DomainError) as refused:
        add("错号", certificate="120199195001150028")
    assert refused.value.code == "id_checksum"
    case = office.open(family)
    day = {"surveyed_on": office.today.isoformat()}
    office.do(case, "survey_family", office.village, {**SURVEYED, **day})
    office.do(case, "record_consent", office.village, {**CONSENTED, "given_on": office.today.isoformat()})
    facts = office.form(case, "check_file", office.caseworker).facts
    assert facts["without_certificate"] == 1


def check_digit(number: str) -> str:
    """ISO 7064, MOD 11-2, of the first 17 digits."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(weight * int(digit) for weight, digit in zip(weights, number, strict=True))
    return "10X98765432"[total % 11]
