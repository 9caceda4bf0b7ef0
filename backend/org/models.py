"""Units, users, memberships, deputies, tokens, and the data that rules read: parameters and code lists."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import Exists, F, Func, OuterRef, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from backend.core.models import Record, new_id
from backend.org.access import upwards, visible_memberships, visible_parameters, visible_units, visible_users
from backend.org.roles import ADMINISTRATORS, ROLE_NAMES

if TYPE_CHECKING:
    from backend.org.access import Viewer


class UnitQuerySet(models.QuerySet["Unit"]):
    """Units by place."""

    def visible_to(self, user: Viewer) -> UnitQuerySet:
        """Units at, above and below where the user works; administrators see all; a liaison the own partner unit."""
        return visible_units(self, user)

    def below(self, path: str) -> UnitQuerySet:
        """The unit with this path and all under it."""
        return self.filter(path__startswith=path)


class Unit(Record):
    """A node of the organisation tree: province … village, department, partner unit.

    `code`: the 12-digit statistical code of a region, or an opaque code. A partner unit's code is never a military
    designation (番号): finding 6 of the domain research, S62.
    """

    class Kind(models.TextChoices):
        PROVINCE = "province", _("province")
        CITY = "city", _("city")
        COUNTY = "county", _("county")
        TOWN = "town", _("township")
        VILLAGE = "village", _("village")
        DEPARTMENT = "department", _("department")
        PARTNER = "partner", _("partner unit")

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = models.CharField(max_length=200, unique=True, db_collation="C")
    """Codes from the root down, each ended by a dot (`12.01.14.122.201.`): a subtree is a prefix."""
    sort = models.CharField(max_length=20, default="", blank=True)
    """What a partner unit is: soldiers, league, hospital, school … (code list `partner_kind`)."""
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    successor = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """Into which unit it went (E16); that one has none."""
    former_paths = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    """Paths under which it, or what went into it, once lay: what was written then still stands under them."""
    version = models.PositiveIntegerField(default=1)

    objects = UnitQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["kind", "path"], name="unit_kind_path")]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    """Makes users; the password may be missing (log-in then needs a one-time password)."""

    def create_user(self, username: str, *, name: str, password: str | None = None, **fields: Any) -> User:
        """A new user with a hashed password."""
        user = self.model(username=username, name=name, **fields)
        user.set_password(password)
        user.save()
        return user


class UserQuerySet(models.QuerySet["User"]):
    """Users by who may see them."""

    def visible_to(self, user: Viewer) -> UserQuerySet:
        """Oneself, and those who work (or worked) in one's subtree when the role may read users."""
        return visible_users(self, user)

    def holding(self, role: str, path: str, day: date) -> UserQuerySet:
        """Active users who hold the role that day at the unit of this path or at one above it."""
        held = Membership.objects.on(day).filter(role=role, unit__path__in=upwards(path))
        return self.filter(pk__in=held.values("user"), is_active=True)


class User(AbstractBaseUser):
    """Somebody who logs in. What the user may do follows from memberships, never from flags here."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    username = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=60)
    email = models.EmailField(blank=True, default="")
    language = models.CharField(max_length=10, default="zh-hans")
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    """Made by the demo data; outside demo mode the system refuses to start while one is active."""
    must_change_password = models.BooleanField(default=False)
    sessions_ended = models.PositiveIntegerField(default=0)
    """How often all sessions were ended at once; part of what every session carries."""
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager.from_queryset(UserQuerySet)()

    def __str__(self) -> str:
        return self.name

    def get_session_auth_hash(self) -> str:
        """What a session must carry to be of this user: it ends with the password, and when sessions are ended."""
        return salted_hmac("jieqin.session", f"{self.password}\0{self.sessions_ended}", algorithm="sha256").hexdigest()

    def memberships_held(self, day: date) -> models.QuerySet[Membership]:
        """Own memberships in force that day, and those of colleagues for whom the user stands in that day."""
        absent = Deputy.objects.on(day).filter(deputy=self).values("absent_id")
        held = Membership.objects.on(day).filter(Q(user=self) | Q(user__in=absent))
        return held.select_related("unit", "user").order_by("from_date", "id")


class DatedQuerySet(models.QuerySet[Any]):
    """Rows that are in force from a day (included) to a day (excluded)."""

    def on(self, day: date) -> DatedQuerySet:
        """Those in force on that day."""
        return self.filter(Q(from_date__lte=day) & (Q(to_date__isnull=True) | Q(to_date__gt=day)))


class MembershipQuerySet(DatedQuerySet):
    """Memberships by who may see them."""

    def visible_to(self, user: Viewer) -> MembershipQuerySet:
        """Own ones, those of colleagues one stands in for, and those in the subtree where one reads users."""
        absent = Deputy.objects.on(timezone.localdate()).filter(deputy=user.pk).values("absent")
        return self.filter(visible_memberships(user) | Q(user__in=absent))


_IN_FORCE = Func("from_date", "to_date", function="daterange", output_field=DateRangeField())


class Membership(Record):
    """A user works in a role at a unit, from a day (included) to a day (excluded)."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=list(ROLE_NAMES.items()))
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="memberships")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="membership_dates"
            ),
            ExclusionConstraint(
                name="membership_once",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    ("unit", RangeOperators.EQUAL),
                    (_IN_FORCE, RangeOperators.OVERLAPS),
                ],
            ),
            # Nobody is system, security and audit administrator at the same time, whoever writes the rows.
            ExclusionConstraint(
                name="membership_administrators_apart",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("role", RangeOperators.NOT_EQUAL),
                    (_IN_FORCE, RangeOperators.OVERLAPS),
                ],
                condition=Q(role__in=sorted(ADMINISTRATORS)),
            ),
        ]
        indexes = [models.Index(fields=["unit", "role"], name="membership_unit_role")]


class DeputyQuerySet(DatedQuerySet):
    """Deputies by who may see them."""

    def visible_to(self, user: Viewer) -> DeputyQuerySet:
        """Where one is the absent or the deputy, and those of colleagues in the subtree where one reads users."""
        colleagues = Membership.objects.filter(visible_memberships(user)).values("user")
        return self.filter(Q(absent=user.pk) | Q(deputy=user.pk) | Q(absent__in=colleagues))


class Deputy(Record):
    """Somebody stands in for somebody else's memberships, from a day (included) to a day (excluded)."""

    absent = models.ForeignKey(User, on_delete=models.PROTECT, related_name="deputies")
    deputy = models.ForeignKey(User, on_delete=models.PROTECT, related_name="stands_in_for")
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=200)

    objects = DeputyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(absent=F("deputy")), name="deputy_is_another"),
            models.CheckConstraint(
                condition=Q(to_date__isnull=True) | Q(to_date__gte=F("from_date")), name="deputy_dates"
            ),
        ]


class Token(Record):
    """A bearer token: only its SHA-256 is stored; it expires and can be revoked."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    digest = models.BinaryField(max_length=32, unique=True)
    label = models.CharField(max_length=60, default="", blank=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)


class ParameterQuerySet(DatedQuerySet):
    """Parameters by area and day."""

    def visible_to(self, user: Viewer) -> ParameterQuerySet:
        """What holds at, above and below where the user works; administrators see all."""
        return self.filter(visible_parameters(user))

    def with_force(self, day: date) -> ParameterQuerySet:
        """Each row with `is_in_force`: whether it is what its own area goes by on that day (a newer row covers it)."""
        held = Parameter.objects.on(day).filter(key=OuterRef("key"), path=OuterRef("path"))
        newer = held.filter(from_date__gt=OuterRef("from_date"))
        found: ParameterQuerySet = self.annotate(is_in_force=Exists(held.filter(pk=OuterRef("pk"))) & ~Exists(newer))
        return found


class Parameter(Record):
    """A number or text that a rule reads, for an area, in force between two days (domain.md section 7).

    The row with the longest `path` that is a prefix of the asking unit's path wins; an empty path is everywhere.
    """

    key = models.CharField(max_length=80)
    path = models.CharField(max_length=200, default="", blank=True, db_collation="C")
    value = models.JSONField()
    from_date = models.DateField()
    to_date = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, default="", blank=True)

    objects = ParameterQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "path", "from_date"], name="parameter_once")]


class CodeEntry(models.Model):
    """One entry of a code list (sex, marriage, programme, category …) with its standard and both languages."""

    list = models.CharField(max_length=40)
    code = models.CharField(max_length=40)
    label = models.CharField(max_length=120)
    label_en = models.CharField(max_length=120)
    standard = models.CharField(max_length=60, default="", blank=True)
    order = models.PositiveIntegerField(default=0)
    data = models.JSONField(default=dict, blank=True)
    from_date = models.DateField(null=True, blank=True)
    to_date = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "code"], name="code_once")]
        ordering: ClassVar[list[str]] = ["list", "order", "code"]
