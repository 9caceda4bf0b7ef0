"""A township that reconciles its helpers: who works there, and the moves of a round over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from backend.cases.models import Case, Survey
from backend.helpers.models import Difference, Pairing
from backend.helpers.models import Round as RoundRow
from backend.jobs.rounds import compare
from backend.org.codes import load_codes
from backend.org.models import User
from tests import factories
from tests.api.caller import Caller, results
from tests.queueing import queued
from tests.steps.office import deploy_shipped


class Township:
    """People of the township and two of its villages, and the open round."""

    def __init__(self) -> None:
        load_codes()
        deploy_shipped(timezone.now())
        self.today = timezone.localdate()
        self.caseworker = factories.user("caseworker", role="caseworker", name="陈姐")
        self.supervisor = factories.user("supervisor", role="supervisor", name="老王")
        self.village = factories.user("village", role="village", name="李专干")
        self.auditor = factories.user("auditor", role="auditor", name="刘科")

    def open(self, **changes: Any) -> Any:
        """Open a round from ten days ago to ten days ahead."""
        days = {"from_date": self.today - timedelta(days=10), "to_date": self.today + timedelta(days=10)}
        body = {"unit": str(factories.town().pk), **{name: str(day) for name, day in days.items()}, **changes}
        return Caller(self.supervisor).post("rounds/", body)

    def opened(self) -> RoundRow:
        response = self.open()
        assert response.status_code == 201, response.content
        return RoundRow.objects.select_related("unit").get(pk=response.json()["id"])

    def compare(self, round: RoundRow) -> None:
        """Ask for it and let the worker do it."""
        response = Caller(self.caseworker).post(f"rounds/{round.pk}/compare/")
        assert response.status_code == 202, response.content
        compare.func(**queued("rounds.compare")[-1])

    def pair(self, label: str, *, days: int = 200, visited: bool = True, case: Any = None, **helper: Any) -> Pairing:
        """A family with an open case and a helper, who came at least once."""
        of: Case = case or factories.case(factories.family(label=label), phase="care")
        one = factories.helper(**{"kind_": "soldier_son", **helper})
        spell = factories.pairing(of, one, from_date=self.today - timedelta(days=days))
        if visited:
            factories.visit(spell, state="done")
        return spell

    def survey(self, spell: Pairing, reality: str) -> None:
        """A survey of the round's days in which the family says what became of the helper."""
        Survey.objects.create(
            family=spell.family, case=spell.case, method="home", surveyed_on=self.today, helper_reality=reality,
            answers="{}",
        )  # fmt: skip

    def report(self, round: RoundRow, case: Case, *, user: User | None = None, **said: Any) -> Any:
        """The village's report about a family."""
        body = {"family": str(case.family_id), **said}
        return Caller(user or self.village).post(f"rounds/{round.pk}/report/", body)

    def differences(self, **filters: Any) -> list[dict[str, Any]]:
        """As the caseworker's list shows them, oldest first."""
        return results(Caller(self.caseworker).get("differences/", ordering="found_at", **filters))

    def kinds(self, **filters: Any) -> list[tuple[str, str]]:
        """(family, kind) of every difference, sorted."""
        return sorted((each["family"]["label"], each["kind"]) for each in self.differences(**filters))

    def settle(self, kind: str, **answers: Any) -> Any:
        """Complete the work item of the one open difference of this kind."""
        [found] = self.differences(kind=kind, state="open")
        return self.complete(found["work_item"], self.caseworker, **answers)

    def confirm(self, kind: str, **answers: Any) -> Any:
        """The supervisor's word on the one that waits for it."""
        [found] = self.differences(kind=kind, state="waiting")
        return self.complete(found["work_item"], self.supervisor, **(answers or {"confirmation": "confirm"}))

    def complete(self, item: str, user: User, **answers: Any) -> Any:
        return Caller(user).post(f"work-items/{item}/complete/", {"answers": answers})

    def state_of(self, kind: str) -> tuple[str, str]:
        found = Difference.objects.get(kind=kind)
        return str(found.state), str(found.settlement)


def said(spell: Pairing, reality: str, **more: Any) -> dict[str, Any]:
    """What a village says of a spell."""
    return {"pairing": str(spell.pk), "reality": reality, **more}
