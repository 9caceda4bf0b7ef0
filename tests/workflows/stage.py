"""A small process and its people, for tests of the verbs that move instances."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from backend.cases.models import Case
from backend.org.access import SYSTEM, Actor
from backend.org.models import User
from tests import factories
from workflows import deployment, services
from workflows.models import Instance, WorkItem

MODELS = Path(__file__).parent / "models"
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@dataclass
class Stage:
    """A case with a running errand, and one person per role."""

    village: User = field(default_factory=lambda: factories.user("village", role="village"))
    caseworker: User = field(default_factory=lambda: factories.user("caseworker", role="caseworker"))
    colleague: User = field(default_factory=lambda: factories.user("colleague", role="caseworker"))
    supervisor: User = field(default_factory=lambda: factories.user("supervisor", role="supervisor"))
    stranger: User = field(
        default_factory=lambda: factories.user("stranger", role="caseworker", unit=factories.town(factories.OTHER_TOWN))
    )
    case: Case = field(default_factory=factories.case)

    def __post_init__(self) -> None:
        deployment.deploy_folder(MODELS, actor=SYSTEM, now=NOW)

    def start(self, now: datetime = NOW, actor: Actor = SYSTEM) -> Instance:
        """Begin an errand for the case."""
        return services.start(process="errand", case=self.case, actor=actor, now=now)

    def item(self, step: str) -> WorkItem:
        """The one open item of this step."""
        return WorkItem.objects.get(step=step, state="open")

    def note(self, user: User | None = None, now: datetime = NOW) -> WorkItem:
        """Take the note, as the village worker unless somebody else is named."""
        return services.complete(
            item=self.item("take_note"), answers={"text": "米面已送"}, user=user or self.village, now=now
        )
