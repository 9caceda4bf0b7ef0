"""People at work: which of them does a work item, on what day, and what has to be done before it can be completed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils import timezone

from backend.benefits import condolences, gifts, stock
from backend.benefits.gifts import Delivery
from backend.benefits.models import Condolence, Gift
from backend.cases.models import Programme
from backend.census import targets
from backend.census.models import SurveyRound, SurveyTarget
from backend.census.targets import AskedTooSoon
from backend.org.access import Actor, actor_of
from backend.org.models import Unit, User
from backend.payments import answers as bank
from backend.payments.models import Batch, Transfer
from backend.subsidies.models import AnnualReview, ReviewCheck
from tests.year.answers import GOODS, Key, People
from tests.year.chance import Chance
from workflows import annual_reviews, services, survey_rounds
from workflows.authority import able_to_do
from workflows.models import WorkItem

DAYS: Mapping[Key, tuple[int, int]] = {
    ("care_visit", "record_visit"): (0, 4),
    ("care_visit", "visit_instead"): (0, 0),
    ("household_intake", "survey_family"): (1, 6),
    ("household_intake", "collect_by_contact"): (1, 6),
    ("survey_round", "survey_families"): (32, 36),
    ("subsidy_annual_review", "check_alive"): (12, 25),
    ("payment_batch", "draw_up"): (0, 1),
    ("payment_batch", "release_batch"): (1, 1),
    ("payment_batch", "read_answer"): (2, 3),
    ("festival_condolence", "plan_visits"): (0, 0),
    ("recovery", "receive_instalment"): (5, 9),
    ("family_case", "interim_visit"): (9, 12),
}
"""How many days after it came an item is done, at least and at most."""
USUAL_DAYS = (1, 3)
LEFT = frozenset({"study_aid", "target_assessment"})
"""What begins by itself and is lived through elsewhere: its steps stand on rows that nobody here enters."""
RETURNED = 0.005
"""Of payments, those that the bank cannot make."""
NOT_MET = 0.03
"""Of gifts, those whose family is not at home."""


class Office:
    """Everybody who works in the county."""

    def __init__(self, chance: Chance, *, fortnightly: float) -> None:
        self.chance, self.people = chance, People(chance, fortnightly=fortnightly)
        self._users: dict[UUID, User] = {}
        self._able: dict[tuple[str, UUID], Sequence[UUID]] = {}
        self._day: date | None = None
        self.before: Mapping[Key, Callable[[WorkItem, User, datetime], None]] = {
            ("survey_round", "survey_families"): self._reasons,
            ("survey_round", "give_reasons"): self._reasons,
            ("subsidy_annual_review", "check_alive"): self._check_people,
            ("festival_condolence", "plan_visits"): self._plan_gifts,
            ("condolence_delivery", "deliver_gifts"): self._bring,
            ("condolence_delivery", "settle_undelivered"): self._bring_again,
        }

    def turn(self, day: date) -> None:
        """A new day: who works where is asked again."""
        if day != self._day:
            self._users, self._able, self._day = {}, {}, day

    def day_of(self, item: WorkItem, today: date) -> date | None:
        """When somebody does it; None: nobody does."""
        if item.process in LEFT or self.people.is_missed(item):
            return None
        if item.process == "emergency_response":
            return today
        if item.process == "condolence_delivery" and item.due_at is not None:
            return max(today, timezone.localdate(item.due_at) - timedelta(days=1))
        least, most = DAYS.get((item.process, item.step), USUAL_DAYS)
        return today + timedelta(days=self.chance.number(least, most, item.step, item.case_number, item.created_at))

    def who(self, item: WorkItem) -> User:
        """The person who has it, or the first who may do it. Raises LookupError when there is nobody."""
        if item.assignee_id is not None:
            return self._user(item.assignee_id)
        place = (item.role, item.unit_id)
        if place not in self._able:
            able = able_to_do(
                WorkItem(role=item.role, unit_path=item.unit_path, excluded=[]), day=self._day or date.max
            )
            self._able[place] = list(able.order_by("username").values_list("pk", flat=True))
        for pk in self._able[place]:
            if str(pk) not in item.excluded and pk != item.closed_to:
                return self._user(pk)
        raise LookupError(f"nobody for {item.process}/{item.step} ({item.role} at {item.unit_path})")

    def do(self, item: WorkItem, now: datetime) -> None:
        """Whatever has to be done first, and the item."""
        user = self.who(item)
        first = self.before.get((item.process, item.step))
        if first is not None:
            first(item, user, now)
        services.complete(item=item, answers=self.people.answers(item, user, now), user=user, now=now)

    def _user(self, pk: UUID) -> User:
        if pk not in self._users:
            self._users[pk] = User.objects.get(pk=pk)
        return self._users[pk]

    # --- the yearly survey

    def asked(self, item: WorkItem, today: date) -> list[tuple[date, UUID]]:
        """Of a village's survey: the days on which its families are asked."""
        rows = SurveyTarget.objects.filter(
            round__unit=item.unit_id, round__year=today.year, state=SurveyTarget.State.TODO, instance_id=None,
            by_contact=False,
        )  # fmt: skip
        return [
            (today + timedelta(days=self.chance.number(1, 24, "ask", pk)), pk)
            for pk in rows.values_list("pk", flat=True)
        ]

    def ask(self, target_id: UUID, now: datetime) -> None:
        """The village worker goes to one family of the list."""
        target = SurveyTarget.objects.select_related("family__unit").get(pk=target_id)
        if target.state == SurveyTarget.State.TODO and target.instance_id is None:
            actor = _actor("village", target.family.unit)
            programme = Programme.objects.get(code="jmgj")
            with suppress(AskedTooSoon):  # it refused, and its six months are not over
                survey_rounds.begin_survey(target=target, programme=programme, actor=actor, now=now)

    def _reasons(self, item: WorkItem, user: User, now: datetime) -> None:
        """Why families were not reached."""
        round = SurveyRound.objects.get(unit=item.unit_id, year=timezone.localdate(now).year)
        left = list(round.targets.filter(state=SurveyTarget.State.TODO))
        targets.give_reason(targets=left, reason="nobody_met", note="", actor=actor_of(user), now=now)

    # --- subsidies and money

    def _check_people(self, item: WorkItem, user: User, now: datetime) -> None:
        today = timezone.localdate(now)
        review = AnnualReview.objects.get(unit=item.unit_id, year=today.year)
        for row in ReviewCheck.objects.filter(review=review, state=ReviewCheck.State.TODO).select_related("review"):
            annual_reviews.check(
                row=row, method="home", checked_on=today, change="", happened_on=None, actor=actor_of(user), now=now
            )

    def bank_answers(self, batch: Batch, now: datetime) -> None:
        """The bank has paid nearly everybody."""
        rows = ["序号,账号,金额,结果,原因"]
        lines = Transfer.objects.filter(batch=batch).exclude(state=Transfer.State.DROPPED).order_by("number")
        for line in lines:
            fails = self.chance("bank", line.pk) < RETURNED
            rows.append(f"{line.number},{line.account_number},{line.amount},{'退回,账户已销户' if fails else '成功,'}")
        actor = _actor("finance", batch.unit)
        bank.take(batch=batch, name="回盘.csv", content="\n".join(rows).encode(), actor=actor, now=now)

    # --- festivals

    def _plan_gifts(self, item: WorkItem, user: User, now: datetime) -> None:
        """The goods come in, and every family gets its half day."""
        row, actor = self._condolence(item.unit_id), actor_of(user)
        for name in GOODS:
            wanted = condolences.open_gifts(row).count()
            stock.receive_lot(
                condolence=row, item=name, number="L1", quantity=wanted + 5,
                expires_on=row.festival_on + timedelta(days=300), actor=actor, now=now,
            )  # fmt: skip
        gifts.plan_visits(condolence=row, actor=actor, now=now)

    def _bring(self, item: WorkItem, user: User, now: datetime) -> None:
        self._deliver(item, user, now, NOT_MET)

    def _bring_again(self, item: WorkItem, user: User, now: datetime) -> None:
        self._deliver(item, user, now, 0)

    def _deliver(self, item: WorkItem, user: User, now: datetime, not_met: float) -> None:
        rows = Gift.objects.filter(unit=item.unit_id, condolence__state=Condolence.State.DELIVERING)
        waiting = rows.filter(exclusion="", state__in=(Gift.State.LISTED, Gift.State.UNDELIVERED))
        told = [self._delivery(pk, timezone.localdate(now), not_met) for pk in waiting.values_list("pk", flat=True)]
        if told:
            gifts.record_deliveries(deliveries=told, gifts=rows, actor=actor_of(user), now=now)

    def _delivery(self, gift: UUID, today: date, not_met: float) -> Delivery:
        if self.chance("gift", gift) < not_met:
            return Delivery(gift=gift, result="undelivered", reason="not_found")
        return Delivery(gift=gift, result="delivered", delivered_on=today, received_by="self", receipt="signature")

    @staticmethod
    def _condolence(town: UUID) -> Condolence:
        return (
            Condolence.objects.select_related("unit")
            .filter(unit=town, state=Condolence.State.LOCKED)
            .earliest("festival_on")
        )


def _actor(role: str, unit: Unit) -> Actor:
    return actor_of(User.objects.get(username=f"{role}{unit.code}-1"))
