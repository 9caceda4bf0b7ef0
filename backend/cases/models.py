"""Families, their people, the cases they have in programmes, surveys, reviews, consents and rosters."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import granting, in_subtree
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


def visible_families(user: Viewer, prefix: str = "", action: str = "family.read") -> Q:
    """The condition under which a family (reached by `prefix`) concerns the user: own subtree, or a pairing that shows
    it today: the own one (in force and not suspended), or that of a helper for whom one stands in."""
    condition = in_subtree(user, action, f"{prefix}unit__path")
    return condition | paired_families(user, prefix, action)


def paired_families(user: Viewer, prefix: str = "", action: str = "family.read") -> Q:
    """The second half of it: a pairing shows the family today."""
    if not (user.is_authenticated and granting(user, f"own.{action}")):
        return Q(pk__in=[])
    pairings: Any = apps.get_model("helpers", "Pairing").objects
    return Q(**{f"{prefix}pk__in": pairings.showing(user, timezone.localdate()).values("family")})


class Programme(Record):
    """What a family is helped by (军民共建, 结邻里亲 …): a code list row with the process that drives it."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=80)
    process = models.CharField(max_length=60)
    """Id of the process that drives a case of this programme."""
    helper_kinds = ArrayField(models.CharField(max_length=20), default=list)
    from_date = models.DateField(null=True, blank=True)
    to_date = models.DateField(null=True, blank=True)
    data = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return self.name


OF_AGE = 18
"""Years (民法典 17)."""
GROWN_RELATIONS = frozenset("0156")
"""Head, spouse, parents, grandparents (first digit of GB/T 4761): grown up, though no birth date is known."""
SPECIAL = frozenset({"bereaved", "disabled_child"})
"""Categories of special families (特殊家庭)."""
SPECIAL_CHILD_STATES = frozenset({"none_living", "disabled"})


class FamilyQuerySet(models.QuerySet["Family"]):
    """Families by who may see them and by what people search."""

    def visible_to(self, user: Viewer) -> FamilyQuerySet:
        """Families of one's subtree, and those that one helps today."""
        return self.filter(visible_families(user))


class Family(Record):
    """A household (F01 户档案). `number` is its number in the village, `search` what people type to find it."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        REGISTERED = "registered", _("on file")
        PAUSED = "paused", _("paused")
        MOVED = "moved", _("moved away")
        CLOSED = "closed", _("file closed")

    class Willingness(models.TextChoices):
        AGREED = "agreed", _("agrees to visits")
        PHONE = "phone", _("by telephone only")
        FESTIVAL = "festival", _("at festivals only")
        REFUSED = "refused", _("does not want visits")
        UNKNOWN = "unknown", _("not asked yet")

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="families")
    number = models.CharField(max_length=40)
    label = models.CharField(max_length=60)
    """Name of the head of the household, as lists show it."""
    hukou_address = models.CharField(max_length=200, default="", blank=True)
    live_address = models.CharField(max_length=200, default="", blank=True)
    hukou_kind = models.CharField(max_length=20, default="", blank=True)
    residence = models.CharField(max_length=20, default="", blank=True)
    """home, away, moved_in (居住状况 在家/外出/流动入)."""
    categories = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    declared_categories = ArrayField(models.CharField(max_length=30), default=list, blank=True)
    """What the roster says; `categories` is what decision D02 gave and a supervisor confirmed."""
    risk_tier = models.CharField(max_length=1, default="", blank=True)
    event_at = models.DateTimeField(null=True, blank=True)
    """When something last happened after which somebody comes within 24 hours (D06): a death, a tier that rose to A."""
    willingness = models.CharField(max_length=12, choices=Willingness.choices, default=Willingness.UNKNOWN)
    consented_on = models.DateField(null=True, blank=True)
    refused_on = models.DateField(null=True, blank=True)
    emergency_contact = models.CharField(max_length=60, default="", blank=True)
    emergency_phone = EncryptedText(default="", blank=True)
    child_state = models.CharField(max_length=20, default="", blank=True)
    """away, none_living, disabled, home (子女状况)."""
    needs = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    policies = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    helper_kind = models.CharField(max_length=20, default="", blank=True)
    helper_number = models.CharField(max_length=40, default="", blank=True)
    """The helper whom the roster names: what a survey compares with reality."""
    helper_named_on = models.DateField(null=True, blank=True)
    """When a roster last named the helper, also when it said the same as before."""
    languages = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    wanted_sex = models.CharField(max_length=1, default="", blank=True)
    """1 or 2 (GB/T 2261.1) when the family would rather have a man or a woman as a helper."""
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    notes = models.JSONField(default=dict, blank=True)
    """Unknown columns of a roster, kept as they were."""
    source = models.CharField(max_length=40, default="", blank=True)
    surveyed_on = models.DateField(null=True, blank=True)
    search = models.TextField(default="", blank=True)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="aliases")
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = FamilyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "number"], name="family_number")]
        indexes = [GinIndex(OpClass(F("search"), "gin_trgm_ops"), name="family_search")]

    def __str__(self) -> str:
        return self.label

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path: decides who reads its history."""
        return self.unit.path

    @property
    def known_categories(self) -> frozenset[str]:
        """What it was found to be, and what the roster says it is."""
        return frozenset({*self.categories, *self.declared_categories})

    @property
    def is_special(self) -> bool:
        """Bereaved of the only child, or the only child is disabled: such a family is never visited cold (S34)."""
        return bool(self.known_categories & SPECIAL) or self.child_state in SPECIAL_CHILD_STATES


class PauseQuerySet(models.QuerySet["Pause"]):
    """Pauses by who may see them, and those that last."""

    def visible_to(self, user: Viewer) -> PauseQuerySet:
        """Pauses of families in one's subtree."""
        return self.filter(in_subtree(user, "pause.read", "family__unit__path"))

    def running(self) -> PauseQuerySet:
        """Those that have not ended."""
        return self.filter(ended_on__isnull=True)

    def over(self, day: date) -> PauseQuerySet:
        """Those that were to end by this day, and have not."""
        return self.running().filter(expected_on__lte=day)


class Pause(Record):
    """A family is away, in hospital or struck by a disaster: from a day (included) to a day (excluded) nothing is due.

    Rows change only while they last; who begins one is not who has to end it.
    """

    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="pauses")
    reason = models.CharField(max_length=20)
    """Code list `family_pause_reason`: away, hospital, disaster."""
    from_date = models.DateField()
    expected_on = models.DateField(null=True, blank=True)
    """The first day on which things are to go on, as far as known: the pause ends by itself then."""
    ended_on = models.DateField(null=True, blank=True)
    """The first day on which things went on."""
    recorded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by_label = models.CharField(max_length=120, default="", blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_by_label = models.CharField(max_length=120, default="", blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = PauseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | Q(ended_on__gte=F("from_date")), name="pause_dates"
            ),
            # One at a time, whatever two requests do at the same moment: an open one overlaps all that come later.
            ExclusionConstraint(
                name="pause_no_overlap",
                expressions=[
                    ("family", RangeOperators.EQUAL),
                    (Func(F("from_date"), F("ended_on"), function="daterange"), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [
            models.Index(fields=["family"], condition=Q(ended_on__isnull=True), name="pause_running"),
            models.Index(
                fields=["expected_on"], condition=Q(ended_on__isnull=True, expected_on__isnull=False), name="pause_over"
            ),
        ]

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.family.unit.path


class PersonQuerySet(models.QuerySet["Person"]):
    """Persons by who may see them."""

    def visible_to(self, user: Viewer) -> PersonQuerySet:
        """Members of families that one may see (action `person.read`)."""
        return self.filter(visible_families(user, "family__", "person.read"))


class Person(Record):
    """A member of a family (F02). The id number is encrypted, found by its blind index and shown masked."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="persons")
    relation = models.CharField(max_length=4)
    """To the head: GB/T 4761-2008."""
    is_head = models.BooleanField(default=False)
    name = models.CharField(max_length=60)
    alias = models.CharField(max_length=60, default="", blank=True)
    """The name as written in the roster when it was in traditional characters."""
    initials = models.CharField(max_length=60, default="", blank=True)
    certificate_kind = models.CharField(max_length=12, default="id", blank=True)
    certificate = EncryptedText(default="", blank=True)
    certificate_index = models.BinaryField(max_length=32, null=True, blank=True)
    certificate_tail = models.CharField(max_length=4, default="", blank=True)
    """The last characters, all that a mask may show (domain.md 2g)."""
    sex = models.CharField(max_length=1, default="0")
    """GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 unstated."""
    birth_date = models.DateField(null=True, blank=True)
    birth_is_lunar = models.BooleanField(default=False)
    ethnicity = models.CharField(max_length=2, default="", blank=True)
    marriage = models.CharField(max_length=2, default="", blank=True)
    phone = EncryptedText(default="", blank=True)
    health = EncryptedText(default="", blank=True)
    """GB/T 2261.3 code; health is sensitive (PIPL art. 28)."""
    self_care = models.PositiveSmallIntegerField(null=True, blank=True)
    """1 self, 2 half, 3 needs care."""
    disability_kind = models.CharField(max_length=20, default="", blank=True)
    disability_grade = models.PositiveSmallIntegerField(null=True, blank=True)
    died_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=12, default="present")
    """present, left, dead."""
    notes = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    objects = PersonQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["certificate_index"], name="person_certificate"),
            models.Index(fields=["family", "id"], name="person_family"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def unit_path(self) -> str:
        """Where the family lives, as a path."""
        return self.family.unit.path

    def history_label(self, day: date) -> str:
        """What history calls the person, for good: of a child the surname only (未成年人网络保护条例 36)."""
        return f"{self.name[:1]}*" if self.is_minor_on(day) else self.name

    def is_minor_on(self, day: date) -> bool:
        """Under age, or perhaps: a child, grandchild, sibling or other relative of unknown age is shown as a minor."""
        age = self.age_on(day)
        return self.relation[:1] not in GROWN_RELATIONS if age is None else age < OF_AGE

    def age_on(self, day: date) -> int | None:
        """Full years on that day, or None when the birth date is unknown."""
        if self.birth_date is None:
            return None
        return day.year - self.birth_date.year - ((day.month, day.day) < (self.birth_date.month, self.birth_date.day))


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases by who may see them."""

    def visible_to(self, user: Viewer) -> CaseQuerySet:
        """Cases of one's subtree, or of families of one's own pairings in force today."""
        condition = in_subtree(user, "case.read", "unit_path")
        if granting(user, "own.case.read"):
            condition |= visible_families(user, "family__", "case.read")
        return self.filter(condition)


class Case(Record):
    """One family in one programme; its number is what people quote. Closed takes late documents, archived nothing."""

    class State(models.TextChoices):
        OPEN = "open", _("under way")
        PAUSED = "paused", _("paused")
        CLOSED = "closed", _("case closed")
        ARCHIVED = "archived", _("archived")

    number = models.CharField(max_length=40, unique=True)
    """<township code>-<programme>-<year>-<running number>."""
    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="cases")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="cases")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="cases")
    """The family's village; `unit_path` repeats its path so that lists need no join."""
    unit_path = models.CharField(max_length=200, db_collation="C")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    phase = models.CharField(max_length=20, default="survey")
    """survey, filing, pairing, care, review."""
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(max_length=40, default="", blank=True)
    programmes_wanted = models.JSONField(default=dict, blank=True)
    held_for = models.CharField(max_length=40, default="", blank=True)
    """Number of the objection that has to be answered before anything is decided in the case (E13)."""
    version = models.PositiveIntegerField(default=1)

    objects = CaseQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["family", "programme"],
                condition=~Q(state__in=["closed", "archived"]),
                name="case_open_once",
            )
        ]
        indexes = [models.Index(fields=["unit_path", "id"], name="case_place")]

    def __str__(self) -> str:
        return self.number


class CaseNumber(models.Model):
    """The last running number given per township, programme and year; locked while the next is taken."""

    scope = models.CharField(primary_key=True, max_length=80)
    last = models.PositiveIntegerField()


class Survey(Record):
    """What a survey of a family found (F04), as it was answered."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="surveys")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="surveys")
    method = models.CharField(max_length=20)
    """home, phone, known_contact."""
    result = models.CharField(max_length=20, default="surveyed")
    """surveyed, not_found, moved, refused."""
    surveyed_on = models.DateField()
    enumerator = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    helper_reality = models.CharField(max_length=20, default="", blank=True)
    """helping, interrupted, never, none (在帮/中断/未帮/无)."""
    answers = EncryptedText()
    """The form's answers as JSON: health and hardship are sensitive."""


class Consent(Record):
    """What a person agreed to, for which purpose, in which version of the notice (F03; PIPL art. 17, 30)."""

    family = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=40)
    notice_version = models.CharField(max_length=40)
    items = models.JSONField(default=dict)
    given_by = models.CharField(max_length=20)
    """self, guardian, proxy."""
    given_at = models.DateTimeField()
    witness = models.CharField(max_length=60, default="", blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews by who may see them."""

    def visible_to(self, user: Viewer) -> ReviewQuerySet:
        """Reviews of cases in one's subtree."""
        return self.filter(in_subtree(user, "review.read", "case__unit_path"))


class Review(Record):
    """A named person's decision on something, with reasons."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reviews")
    subject = models.CharField(max_length=40)
    """What is decided: filing, pairing, year …"""
    decision = models.CharField(max_length=40, default="", blank=True)
    """Empty while the review is being prepared."""
    reason_code = models.CharField(max_length=40, default="", blank=True)
    reason = models.CharField(max_length=1000, default="", blank=True)
    reviewer = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="reviews")
    reviewer_label = models.CharField(max_length=120, default="", blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    """What lay before the reviewer: advice of decision tables with table, version and rules; counts of visits."""
    answers = EncryptedText(default="", blank=True)
    """What was said while it was prepared (the family's wish, the proposal), as JSON."""

    objects = ReviewQuerySet.as_manager()


class Merge(Record):
    """Two households found to be one: what moved from which to which, so that it can be undone for a while (E7)."""

    kept = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="merges")
    merged = models.ForeignKey(Family, on_delete=models.PROTECT, related_name="merges_away")
    moved = models.JSONField(default=dict)
    """Model label → ids of the rows that were handed over."""
    merged_status = models.CharField(max_length=12)
    """The status of the household that was given up, for going back."""
    reason = models.CharField(max_length=400)
    merged_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merged"], condition=Q(undone_at__isnull=True), name="merge_once"),
        ]


class RosterQuerySet(models.QuerySet["Roster"]):
    """Rosters by who may see them."""

    def visible_to(self, user: Viewer) -> RosterQuerySet:
        """Rosters uploaded for a unit in one's subtree."""
        return self.filter(in_subtree(user, "roster.read", "unit__path"))


class Roster(Record):
    """An uploaded list of families or helpers: checked first, then applied in the background."""

    class State(models.TextChoices):
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        APPLYING = "applying", _("being applied")
        APPLIED = "applied", _("applied")
        FAILED = "failed", _("failed")

    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=200)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="rosters")
    """The uploader's unit: villages outside its subtree are problems."""
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="rosters")
    """Nobody when it came by the command line."""
    actor = models.JSONField(default=dict)
    """Who uploaded it, in what role and unit: history tells it for every row."""
    size = models.PositiveIntegerField(default=0)
    """Bytes of the file."""
    digest = models.BinaryField(max_length=32)
    """SHA-256 of the file."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.CHECKING)
    counts = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    """The first problems, for showing; the whole list is in the workbook of problems."""
    mended = models.JSONField(default=list)
    """The first mended cells (row, column, how); `counts` tells how many there are of each kind."""
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=60, default="", blank=True)
    start_programme = models.CharField(max_length=40, default="", blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = RosterQuerySet.as_manager()


class RosterPart(models.Model):
    """A piece of an uploaded file, encrypted: it holds id numbers. Removed 30 days after the roster was applied."""

    roster = models.ForeignKey(Roster, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    holds_rows = models.BooleanField(default=False)
    """A piece of the rows of the file's first sheet (packed), no longer of the file."""
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["roster", "number"], name="roster_part_once")]
