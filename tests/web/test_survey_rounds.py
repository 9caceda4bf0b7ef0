"""Pages of the yearly survey and the resources behind them: villages, a list of families, who sees whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import TestCase
from django.utils import timezone

from backend.cases.models import Case, Family
from backend.census.models import SurveyRound, SurveyTarget
from backend.org.models import CodeEntry, User
from backend.web.templatetags.when import day as short
from tests import factories
from tests.api.caller import Caller, assert_problem
from tests.steps.office import SURVEYED, Office
from tests.web.visitor import statements, text, visitor
from workflows import services, survey_rounds
from workflows.models import WorkItem


class Survey(TestCase):
    """A village with two ordinary families, a new one and a bereaved one."""

    office: Office
    contact: User
    stranger: User
    family: Family
    case: Case
    fresh: Family
    bereaved: Family
    round: SurveyRound
    page: str

    @classmethod
    def setUpTestData(cls) -> None:
        now = timezone.now()
        cls.office = Office(now)
        cls.contact = factories.user("contact", role="village", name="老村长")
        cls.stranger = factories.user(role="caseworker", unit=factories.town(factories.OTHER_TOWN))
        for code in ("away", "no_capacity"):
            CodeEntry.objects.create(list="survey_missed", code=code, label=code, label_en=code.title())
        cls.family = factories.family(label="钱家")
        cls.case = factories.case(cls.family, phase="care")
        factories.family(label="李家")
        cls.fresh = factories.family(label="新家", status=Family.Status.DRAFT)
        cls.bereaved = factories.family(label="周家", categories=["bereaved"])
        cls.round = survey_rounds.start_round(
            unit=factories.village(),
            closes_on=timezone.localdate(now) + timedelta(days=30),
            actor=factories.actor(),
            now=now,
        )
        cls.page = f"/survey-rounds/{cls.round.pk}/"

    def target(self, family: Family) -> SurveyTarget:
        return SurveyTarget.objects.get(family=family)

    def post(self, user: User, **typed: Any) -> Any:
        return visitor(user).post(self.page, typed)

    def test_villages_with_their_progress(self) -> None:
        client = visitor(self.office.supervisor)
        shown = text(client.get("/survey-rounds/"))
        assert self.page in shown
        assert "0/4" in shown
        assert self.page not in text(client.get("/survey-rounds/?state=closed"))
        assert statements(client, "/survey-rounds/") <= 8
        assert "赵庄村 2" in text(visitor(self.office.village, "zh-hans").get("/survey-rounds/"))

    def test_a_family_is_surveyed_from_the_list(self) -> None:
        shown = text(visitor(self.office.village).get(self.page))
        assert all(label in shown for label in ("钱家", "李家", "新家", "first file"))
        begun = self.post(self.office.village, verb="begin", target=self.target(self.family).pk)
        item = WorkItem.objects.get(case=self.case, step="survey_family")
        assert begun["Location"] == f"/work-items/{item.pk}/"
        assert str(item.pk) in text(visitor(self.office.village).get(self.page))
        answers = {**SURVEYED, "surveyed_on": timezone.localdate().isoformat(), "helper_reality": "interrupted"}
        services.complete(item=item, answers=answers, user=self.office.village, now=timezone.now())
        shown = text(visitor(self.office.village).get(f"{self.page}?show=surveyed"))
        assert "钱家" in shown
        assert "李家" not in shown
        factories.pairing(self.case)
        assert "钱家" in text(visitor(self.office.caseworker).get(f"{self.page}?show=reselect"))
        assert "1/4" in text(visitor(self.office.village).get("/survey-rounds/"))
        # What has a result is neither begun again nor called not reached.
        target = self.target(self.family).pk
        assert self.post(self.office.village, verb="begin", target=target).status_code == 409
        assert self.post(self.office.village, verb="missed", targets=target, reason="away").status_code == 409

    def test_a_first_file_needs_a_programme(self) -> None:
        target = self.target(self.fresh).pk
        refused = self.post(self.office.village, verb="begin", target=target)
        assert refused.status_code == 422
        assert "Choose the programme" in refused.content.decode()
        assert self.post(self.office.village, verb="begin", target=target, programme="jmgj").status_code == 302
        assert self.fresh.cases.get().programme.code == "jmgj"

    def test_why_families_were_not_reached(self) -> None:
        both = [self.target(self.family).pk, self.target(self.fresh).pk]
        village = self.office.village
        assert self.post(village, verb="missed", targets=both, reason="because").status_code == 422
        self.post(village, verb="missed", reason="away")  # nobody chosen
        assert not SurveyTarget.objects.filter(state="not_reached").exists()
        self.post(village, verb="missed", targets=both, reason="away", note="在深圳")
        shown = text(visitor(village).get(f"{self.page}?show=not_reached"))
        assert all(each in shown for each in ("钱家", "新家", "在深圳", "李专干", "Away"))

    def test_a_family_that_refused_cannot_be_begun_before_its_day(self) -> None:
        """E5: the list says from when on."""
        today = timezone.localdate()
        Family.objects.filter(pk=self.family.pk).update(
            willingness="refused", refused_on=today - timedelta(days=182 - 20)
        )
        day = today + timedelta(days=20)
        target = self.target(self.family)
        shown = text(visitor(self.office.village).get(self.page))
        assert f"asked again on {short(day)}, not sooner" in shown
        assert f'value="{target.pk}"><button' not in visitor(self.office.village).get(self.page).content.decode()
        caller = Caller(self.office.village)
        assert caller.get(f"survey-targets/{target.pk}/").json()["ask_again_on"] == day.isoformat()
        assert_problem(caller.post(f"survey-targets/{target.pk}/begin/", {}), 409, "asked_too_soon")
        assert day.isoformat() in self.post(self.office.village, verb="begin", target=target.pk).content.decode()
        Family.objects.filter(pk=self.family.pk).update(refused_on=today - timedelta(days=182))
        assert caller.get(f"survey-targets/{target.pk}/").json()["ask_again_on"] is None
        assert caller.post(f"survey-targets/{target.pk}/begin/", {}).status_code == 200

    def test_the_bereaved_family_stands_on_its_contacts_list_alone(self) -> None:
        """S34: until somebody is named it waits for the supervisor; then only that contact sees it."""
        target = self.target(self.bereaved)
        for user in (self.office.village, self.office.caseworker, factories.user(role="auditor")):
            assert "周家" not in text(visitor(user).get(self.page)), user
            caller = Caller(user)
            assert caller.get(f"survey-targets/{target.pk}/").status_code == 404
            assert str(target.pk) not in caller.get("survey-targets/").content.decode()
        missed = {"targets": [str(target.pk)], "reason": "away"}
        assert Caller(self.office.village).post("survey-targets/missed/", missed).status_code == 404
        supervisor = self.office.supervisor
        shown = text(visitor(supervisor).get(self.page))
        assert "周家" in shown
        assert "老村长" in shown
        named = self.post(supervisor, verb="contact", target=target.pk, contact=self.contact.pk, reason="邻居")
        assert named.status_code == 302
        assert "周家" not in text(visitor(supervisor).get(self.page))
        assert "周家" in text(visitor(self.contact).get(self.page))

    def test_elsewhere_nobody_knows_of_it(self) -> None:
        client = visitor(self.stranger)
        assert self.page not in text(client.get("/survey-rounds/"))
        assert client.get(self.page).status_code == 404
        target = self.target(self.family).pk
        assert Caller(self.stranger).post(f"survey-targets/{target}/begin/", {}).status_code == 404
        assert visitor(self.office.volunteer).get(self.page).status_code == 403

    def test_begun_by_hand_once_a_year(self) -> None:
        client = visitor(self.office.caseworker)
        village = factories.village("120114122202")
        assert "后蒲棒村" in text(client.get("/survey-rounds/new/"))
        day = (timezone.localdate() + timedelta(days=40)).isoformat()
        begun = client.post("/survey-rounds/new/", {"unit": str(village.pk), "closes_on": day})
        assert begun["Location"] == f"/survey-rounds/{SurveyRound.objects.get(unit=village).pk}/"
        again = client.post("/survey-rounds/new/", {"unit": str(village.pk), "closes_on": day})
        assert again.status_code == 409
        assert visitor(self.office.village).get("/survey-rounds/new/").status_code == 403

    def test_one_page_takes_few_statements(self) -> None:
        assert statements(visitor(self.office.village), self.page) <= 12
