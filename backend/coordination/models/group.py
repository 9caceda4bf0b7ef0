"""Who belongs to the leading group (W25, Q1), its papers by number (G3), duties (Q2), leaders' communities (S13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.core.models import Record
from backend.org.access import in_line
from backend.org.models import DatedQuerySet, Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


def of_the_group(user: Viewer, action: str) -> Q:
    """The condition "the office lies at, below or above where the user may do this": what the whole group may know."""
    return in_line(user, action, "office__path")


class MemberQuerySet(DatedQuerySet):
    """Member units by who may see them."""

    def visible_to(self, user: Viewer) -> MemberQuerySet:
        """The whole group's register, for whoever is of the group."""
        return self.filter(of_the_group(user, "group_member.read"))


class Member(Record):
    """A department or community that belongs to the leading group of a township, and reports to its office.

    Its correspondent is whoever is `liaison` there, its head whoever is `head`: memberships, with their dates.
    """

    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The township whose leading group it is."""
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit"], condition=Q(to_date__isnull=True), name="member_once"),
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="member_dates"
            ),
        ]

    def __str__(self) -> str:
        return self.unit.name

    @property
    def unit_path(self) -> str:
        """Where it is administered: the group's office."""
        return self.office.path


class GroupDocumentQuerySet(models.QuerySet["GroupDocument"]):
    """Papers by who may see them."""

    def visible_to(self, user: Viewer) -> GroupDocumentQuerySet:
        """Those of the groups that the user is of."""
        return self.filter(of_the_group(user, "group_document.read"))


class GroupDocument(Record):
    """A paper that the group works by, with its document number (文号): what it is, whose, of which day."""

    class Kind(models.TextChoices):
        GUIDING = "guiding", _("guiding document")
        PLAN = "plan", _("plan")
        DUTIES = "duties", _("division of duties")
        NOTICE = "notice", _("notice")
        BULLETIN = "bulletin", _("bulletin")
        MINUTES = "minutes", pgettext_lazy("paper", "minutes")

    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    number = models.CharField(max_length=60)
    """As it stands on the paper: 甘人口委发〔2013〕2号."""
    title = models.CharField(max_length=160)
    issuer = models.CharField(max_length=80)
    issued_on = models.DateField()
    place = models.CharField(max_length=160, default="", blank=True)
    """Where the paper itself is kept."""
    digest = models.CharField(max_length=64, default="", blank=True)
    """SHA-256 of the file, where this system made it."""
    registered_label = models.CharField(max_length=140)
    version = models.PositiveIntegerField(default=1)

    objects = GroupDocumentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "number"], name="group_document_number")]

    def __str__(self) -> str:
        return f"{self.title} {self.number}"

    @property
    def unit_path(self) -> str:
        """Whose register it stands in, as a path."""
        return self.office.path


class Duty(Record):
    """What a paper asks of one member unit, and by when (职责分工, Q2)."""

    document = models.ForeignKey(GroupDocument, on_delete=models.PROTECT, related_name="duties")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=400)
    due_on = models.DateField(null=True, blank=True)


class LinkQuerySet(DatedQuerySet):
    """Links by who may see them."""

    def visible_to(self, user: Viewer) -> LinkQuerySet:
        """Those of the groups that the user is of."""
        return self.filter(of_the_group(user, "leader_link.read"))


class Link(Record):
    """A leader and the member unit that reports to that leader, who decides on people, money, goods (S13, S16)."""

    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    leader = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The community."""
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = LinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit"], condition=Q(to_date__isnull=True), name="leader_link_once"),
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="leader_link_dates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.leader.name} {self.unit.name}"

    @property
    def unit_path(self) -> str:
        """Where it is administered: the group's office."""
        return self.office.path
