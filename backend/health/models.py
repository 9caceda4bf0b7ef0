"""Voluntary health services (F14): that one was asked for and how far it has come, never what a doctor found.

Results stay in the hospital: there is no column for them, and no free text in which one could be written. A service
hangs on no case, so that neither a family's history nor an inbox tells who asked; it is found by its own number, or
from the person, one at a time (domain.md finding 3: lists of health programmes are where data leaks).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backend.cases.models import Person
from backend.core.models import Record
from backend.org.access import in_subtree
from backend.org.models import Unit

if TYPE_CHECKING:
    from backend.org.access import Viewer


class HealthServiceQuerySet(models.QuerySet["HealthService"]):
    """Services by who may read them."""

    def visible_to(self, user: Viewer) -> HealthServiceQuerySet:
        """Those of the own place, for the role that works on them; nobody else's role reads any."""
        return self.filter(in_subtree(user, "health.read", "place__path"))


class HealthService(Record):
    """One service that a person asked for."""

    class Kind(models.TextChoices):
        PRE_CONCEPTION = "pre_conception", _("check before a pregnancy")
        FOLIC_ACID = "folic_acid", _("folic acid")
        INFERTILITY = "infertility", _("help for a wished-for child")
        WOMENS_CHECK = "womens_check", _("women's health check")
        HOSPITAL_VISIT = "hospital_visit", _("a hospital visit in company")
        CHILD_FILE = "child_file", _("child development file")
        DOCTOR_CONTRACT = "doctor_contract", _("family doctor's contract")

    class Outcome(models.TextChoices):
        ATTENDED = "attended", _("attended")
        TREATED = "treated", _("completed")
        REGISTERED = "registered", _("entered")
        NOT_ELIGIBLE = "not_eligible", _("not eligible")
        EXPIRED = "expired", _("expired")
        DECLINED = "declined", pgettext_lazy("health service", "declined")

    number = models.CharField(max_length=20, unique=True)
    """What is quoted, and the voucher's number: drawn, so that it does not tell how many there are."""
    kind = models.CharField(max_length=20, choices=Kind.choices, default="", blank=True)
    """Empty once it was declined, like the person: who declines leaves no trace."""
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="health_services")
    place = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The village, by residence, not by registration (J19)."""
    hospital = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    residence_months = models.PositiveSmallIntegerField(default=0)
    planning = models.BooleanField(default=False)
    """A pregnancy is planned or has begun, as the person says (D18)."""
    had_before = models.BooleanField(default=False)
    """Had it for this birth or in this round already, as the person says."""
    company = models.BooleanField(default=False)
    """Wants company on the way to the hospital."""
    voucher = models.CharField(max_length=10, default="", blank=True)
    """check, plan, card, supply, entry (decision D18)."""
    green = models.PositiveSmallIntegerField(default=0)
    """Level of the green channel (decision D18)."""
    expires_at = models.DateTimeField(null=True)
    appointment_at = models.DateTimeField(null=True)
    company_by = models.CharField(max_length=10, default="", blank=True)
    attended = models.BooleanField(default=False)
    returned = models.BooleanField(default=False)
    """The result is with the person: yes or no, nothing of the result."""
    follow_up = models.BooleanField(default=False)
    counselling = models.CharField(max_length=10, default="", blank=True)
    handed_out = models.PositiveSmallIntegerField(default=0)
    """Months in which something was handed out."""
    discount = models.BooleanField(default=False)
    """The proof of the discount was seen."""
    link = models.CharField(max_length=40, default="", blank=True)
    """Number of the child's file where it is kept (W11): nothing is copied from it."""
    doctor = models.CharField(max_length=60, default="", blank=True)
    contract_from = models.DateField(null=True)
    contract_to = models.DateField(null=True)
    decided_label = models.CharField(max_length=140, default="", blank=True)
    """Who signed whether it fits: the table only advises."""
    override_reason = models.CharField(max_length=20, default="", blank=True)
    instance_id = models.UUIDField(null=True)
    """Its process, so that it can be stopped when the person wants it no more."""
    outcome = models.CharField(max_length=12, choices=Outcome.choices, default="", blank=True)
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = HealthServiceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.number

    @property
    def unit_path(self) -> str:
        """Where it belongs, as a path."""
        return self.place.path


class HealthConsent(Record):
    """What the person agreed to for this one service, after which notice (F03; PIPL art. 29: separate consent).

    Not among the family's consents: those are read by whoever reads the family.
    """

    service = models.OneToOneField(HealthService, on_delete=models.CASCADE, related_name="consent")
    notice_version = models.CharField(max_length=20)
    items: ClassVar[models.JSONField] = models.JSONField(default=list)
    """keep, hospital, company: each asked for itself."""
    given_by = models.CharField(max_length=10)
    """self, guardian, proxy."""
    given_on = models.DateField()
    proof = models.CharField(max_length=20)


class HealthSupply(Record):
    """Something handed out once (J11: by person and bottle)."""

    service = models.ForeignKey(HealthService, on_delete=models.CASCADE, related_name="supplies")
    bottles = models.PositiveSmallIntegerField()
    handed_out_on = models.DateField()


class HealthCount(Record):
    """How often something was used in a month at a site, by nobody in particular (G9, G25, S11)."""

    office = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    """The township whose figures it belongs to."""
    site = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    """Its first day."""
    what = models.CharField(max_length=20)
    """A code of the list health_count, or a kind of service, counted when it is used."""
    number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "month", "what"], name="health_count_once"),
            models.CheckConstraint(condition=Q(number__gte=0), name="health_count_not_negative"),
        ]
        indexes = [models.Index(fields=["office", "month"], name="health_count_office")]
