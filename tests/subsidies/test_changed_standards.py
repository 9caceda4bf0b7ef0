"""A standard is set from a day on and never changed; what it means for whom is looked at, then confirmed (E15)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from backend.audit.models import Event
from backend.org.access import SYSTEM
from backend.org.codes import load_codes
from backend.org.models import User
from backend.payments.models import Payable
from backend.subsidies.models import Entitlement, Rate, Standard
from backend.subsidies.paid import payables_of
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.kept import kept
from tests.payments.owing import county
from tests.subsidies.paid import entitled, paid_months
from tests.web.visitor import text, visitor
from workflows import deployment
from workflows.models import Process

pytestmark = pytest.mark.django_db
JULY = date(2022, 7, 1)
ASKED = {"since": "2022-07-01", "kind": "special_support"}
_deployed: list[Process] = []


class Place:
    """A county where 450 yuan a month were given, and a woman who was paid January to October by that."""

    def __init__(self) -> None:
        load_codes()
        if _deployed:
            Process.objects.bulk_create(_deployed)
        else:
            files = deployment.bundle(settings.BPMN_FOLDER, "subsidy_application")
            _deployed.append(
                deployment.deploy(key="subsidy_application", files=files, actor=SYSTEM, now=timezone.now())[0]
            )
        self.officer = factories.user("county", role="county", unit=county())
        self.set_earlier("450.00", date(2022, 1, 1))
        self.row = entitled(
            factories.person(factories.family(), name="周玉兰", birth_date=date(1950, 3, 1)),
            (date(2022, 1, 1), "5400.00"), since=date(2022, 1, 1),
        )  # fmt: skip
        paid_months(self.row, [f"2022-{month:02d}" for month in range(1, 11)], "450.00", timezone.now())

    def set_earlier(self, yuan: str, day: date) -> None:
        Standard.objects.create(
            code=f"county-{day}", kind="special_support", area=county().path, mode="add", amount=Decimal(yuan),
            from_date=day, reference="县发〔2022〕1号",
        )  # fmt: skip

    def post(self, by: User | None = None, **changes: Any) -> Any:
        said = {
            "kind": "special_support", "area": county().code, "mode": "add", "amount": "590.00",
            "from_date": "2022-07-01", "reference": "财教〔2022〕97号", **changes,
        }  # fmt: skip
        return Caller(by or self.officer).post("subsidy-standards/", said)

    def looked_at(self) -> Any:
        return Caller(self.officer).get("back-pays/", **ASKED).json()


@kept
def place() -> Place:
    return Place()


# --- setting a standard


def test_a_new_standard_is_another_row_with_its_document(place: Place) -> None:
    answer = place.post()
    assert answer.status_code == 201, answer.content
    row = Standard.objects.get(pk=answer.json()["id"])
    assert (row.area, row.amount, row.reference) == (county().path, Decimal("590.00"), "财教〔2022〕97号")
    assert Standard.objects.count() == 2
    assert Event.objects.get(action="standard.added").actor_id == place.officer.pk
    assert_problem(place.post(), 409, "standard_known")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "nothing"}, "kind"),
        ({"amount": None}, "amount"),
        ({"factor": "2"}, "factor"),
        ({"mode": "multiply"}, "factor"),
        ({"mode": "multiply", "amount": None, "factor": None}, "factor"),
        ({"category": "nothing"}, "category"),
        ({"to_date": "2022-07-01"}, "to_date"),
    ],
)
def test_what_does_not_fit_is_refused(place: Place, changes: dict[str, Any], field: str) -> None:
    answer = place.post(**changes)
    assert_problem(answer, 422, "bad_standard")
    assert f"/{field}" in {each["pointer"] for each in answer.json()["errors"]}
    assert Standard.objects.count() == 1


def test_a_village_gives_nothing_of_its_own(place: Place) -> None:
    assert_problem(place.post(area=factories.village().code), 422, "bad_standard", "/area")


def test_who_sets_it_for_which_area(place: Place) -> None:
    """The county for itself and its townships; for everywhere an administrator; finance, which pays, nothing."""
    assert place.post(area=factories.town().code).status_code == 201
    assert_problem(place.post(area=""), 403, "not_allowed")
    finance = factories.user("finance", role="finance", unit=county())
    assert_problem(place.post(finance), 403, "not_allowed")
    assert place.post(factories.user("sys", role="sysadmin", unit=county()), area="").status_code == 201


@pytest.mark.parametrize("statement", ["UPDATE subsidies_standard SET amount = 1", "DELETE FROM subsidies_standard"])
def test_none_is_changed_afterwards(place: Place, statement: str) -> None:
    with pytest.raises(IntegrityError, match="standards are kept"), transaction.atomic():
        connection.cursor().execute(statement)


# --- what it means


def test_before_and_after_are_shown_and_nothing_is_paid_by_looking(place: Place) -> None:
    assert place.looked_at()["count"] == 0
    place.post()
    shown = place.looked_at()
    (each,) = shown["differences"]
    assert (each["before"], each["after"], each["from_date"]) == ("5400.00", "7080.00", "2022-07-01")
    assert (each["period"], each["amount"], each["basis"]) == ("2022-07/2022-10", "560.00", "财教〔2022〕97号")
    assert (shown["count"], shown["total"], shown["before"], shown["after"]) == (1, "560.00", "5400.00", "7080.00")
    assert place.row.rates.count() == 1
    assert not Payable.objects.filter(is_adjustment=True).exists()


def test_confirmed_new_rates_begin_and_the_difference_is_owed_once(place: Place) -> None:
    place.post()
    client = Caller(place.officer)
    assert client.post("back-pays/", ASKED).status_code == 201
    old, new = place.row.rates.order_by("from_date")
    assert (old.until_date, new.from_date, new.until_date, new.yearly) == (JULY, JULY, None, Decimal("7080.00"))
    made = payables_of(place.row).get(is_adjustment=True)
    assert (made.amount, made.period) == (Decimal("560.00"), "2022-07/2022-10")
    assert place.officer.pk in made.confirmed_by
    assert Event.objects.filter(action="entitlement.rate_changed", family_id=place.row.person.family_id).count() == 1
    assert client.post("back-pays/", ASKED).json()["count"] == 0
    assert place.row.rates.count() == 2
    assert payables_of(place.row).filter(amount=Decimal("450.00"), state="paid").count() == 10


def test_who_confirmed_the_right_does_not_pay_the_difference_either(place: Place) -> None:
    place.post()
    Caller(place.officer).post("back-pays/", ASKED)
    first = payables_of(place.row).filter(is_adjustment=False)[0]
    assert set(first.confirmed_by) < set(payables_of(place.row).get(is_adjustment=True).confirmed_by)


def test_less_changes_the_rate_and_asks_nothing_back(place: Place) -> None:
    place.post(amount="400.00")
    (each,) = place.looked_at()["differences"]
    assert (each["after"], each["amount"], each["period"]) == ("4800.00", "0.00", "")
    Caller(place.officer).post("back-pays/", ASKED)
    assert not Payable.objects.filter(is_adjustment=True).exists()
    assert place.row.rates.latest("from_date").yearly == Decimal("4800.00")


def test_a_rate_that_began_on_the_same_day_never_held(place: Place) -> None:
    Rate.objects.filter(entitlement=place.row).update(until_date=JULY)
    Rate.objects.create(
        entitlement=place.row, from_date=JULY, yearly=Decimal("5400.00"), standard_version="1", layers=[]
    )
    place.post()
    assert Caller(place.officer).post("back-pays/", ASKED).json()["total"] == "560.00"
    assert list(place.row.rates.order_by("from_date", "id").values_list("from_date", "until_date")) == [
        (date(2022, 1, 1), JULY),
        (JULY, JULY),
        (JULY, None),
    ]


def test_what_other_subsidies_take_off_is_still_taken_off(place: Place) -> None:
    """D15, the higher of two: the new rate has the same difference."""
    part = {"standard": "offset", "level": "", "area": "", "mode": "offset", "part": "-960.00", "reference": "D15"}
    Rate.objects.filter(entitlement=place.row).update(layers=[part], yearly=Decimal("4440.00"))
    place.post()
    (each,) = place.looked_at()["differences"]
    assert (each["before"], each["after"]) == ("4440.00", "6120.00")


def test_other_kinds_places_and_rates_of_another_reason_stay(place: Place) -> None:
    Rate.objects.filter(entitlement=place.row).update(yearly=Decimal("5000.00"))
    assert place.looked_at()["count"] == 0
    place.post(kind="reward_support")
    assert place.looked_at()["count"] == 0
    assert_problem(Caller(place.officer).get("back-pays/", since="x", kind="special_support"), 400, "invalid", "/since")


# --- pages


def test_an_officer_sets_it_looks_and_confirms(place: Place) -> None:
    browser = visitor(place.officer)
    assert "县发〔2022〕1号" in text(browser.get("/subsidies/standards/"))
    said = {
        "kind": "special_support", "area": str(county().pk), "mode": "add", "per": "month", "amount": "590",
        "from_date": "2022-07-01", "reference": "财教〔2022〕97号",
    }  # fmt: skip
    assert browser.post("/subsidies/standards/new/", {**said, "reference": ""}).status_code == 400
    address = browser.post("/subsidies/standards/new/", said)["Location"]
    assert address.startswith("/subsidies/back-pay/?")
    shown = text(browser.get(address))
    assert all(word in shown for word in ("周玉兰", "5,400.00", "7,080.00", "560.00"))
    assert browser.post("/subsidies/back-pay/", ASKED).status_code == 302
    assert payables_of(place.row).get(is_adjustment=True).amount == Decimal("560.00")
    assert Entitlement.objects.get(pk=place.row.pk).rates.count() == 2


def test_finance_and_villages_confirm_nothing(place: Place) -> None:
    place.post()
    for role, unit in (("finance", county()), ("village", factories.village())):
        browser = visitor(factories.user(role=role, unit=unit))
        assert browser.get("/subsidies/back-pay/").status_code == 403
        assert browser.post("/subsidies/standards/new/").status_code == 403
