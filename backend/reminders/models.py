"""What is to be told (the outbox), what was handed to which channel, each try, and who wants which channel."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.crypto import EncryptedText
from backend.core.models import Record
from backend.org.access import may
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from backend.org.access import Viewer


class Channel(models.TextChoices):
    """How something reaches a person."""

    IN_APP = "in_app", _("here, after logging in")
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")
    WECHAT = "wechat", _("WeChat")


class ReminderQuerySet(models.QuerySet["Reminder"]):
    """Reminders by who may see that they exist."""

    def visible_to(self, user: Viewer) -> ReminderQuerySet:
        """All, for whoever watches over the outbox; nobody is told by this what they are about."""
        return self if may(user, "outbox.read") else self.none()

    def about_family(self, family_id: UUID, *, reader: Viewer) -> ReminderQuerySet:
        """Those about a family that the reader may see, newest first; none that is closed to the reader."""
        found = self.filter(family_id=family_id).exclude(closed_to=reader.pk)
        return found.exclude(state=Reminder.State.DROPPED).order_by("-id")


class Reminder(Record):
    """Something that somebody shall hear, once. Who that is, is found out when it is sent.

    `role` at `unit`, or `user`, or the helper with `helper_id`: exactly one of them. Family, case and what it is about
    are addresses, as in history: this layer knows no families.
    """

    class State(models.TextChoices):
        INTENDED = "intended", _("to be sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("arrived")
        FAILED = "failed", _("did not arrive")
        DROPPED = "dropped", _("no longer needed")

    class Why(models.TextChoices):
        NOBODY = "nobody", _("nobody is there to receive it")
        DONE = "done", _("it was done in the meantime")
        GONE = "gone", _("whom it was about is no longer there")

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=160, unique=True)
    """The same key is the same reminder: asked for twice, it is sent once."""
    about_kind = models.CharField(max_length=40, default="", blank=True)
    about_id = models.UUIDField(null=True, blank=True)
    family_id = models.UUIDField(null=True, blank=True)
    case_id = models.UUIDField(null=True, blank=True)
    unit_path = models.CharField(max_length=200, default="", blank=True, db_collation="C")
    """Where it is about: whose rules on quiet hours hold, and who may see that it was sent."""
    label = models.CharField(max_length=200, default="", blank=True)
    """What it is about, shown after logging in only: a title and a number, never a name."""
    label_en = models.CharField(max_length=200, default="", blank=True)
    page = models.CharField(max_length=200, default="", blank=True)
    role = models.CharField(max_length=20, default="", blank=True)
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    helper_id = models.UUIDField(null=True, blank=True)
    closed_to = models.UUIDField(null=True, blank=True)
    """Whom it is about: never told, whatever the role."""
    urgent = models.BooleanField(default=False)
    """Sent at once, also at night."""
    shown_only = models.BooleanField(default=False)
    """Told here and by no other channel."""
    decided_by = models.CharField(max_length=80, default="", blank=True)
    """Rule and version of the decision table that said so (D20): `ladder/rule@version`; empty without one."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.INTENDED)
    why = models.CharField(max_length=10, choices=Why.choices, default="", blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    """When it was put before people here."""
    send_at = models.DateTimeField(null=True, blank=True)
    """When it goes out by other channels; empty before it was told here, and after it went out."""

    objects = ReminderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="reminder_one_recipient",
                condition=Q(unit__isnull=False, user__isnull=True, helper_id__isnull=True)
                | Q(unit__isnull=True, user__isnull=False, helper_id__isnull=True)
                | Q(unit__isnull=True, user__isnull=True, helper_id__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["created_at"], condition=Q(told_at__isnull=True, state="intended"), name="reminder_new"
            ),
            models.Index(fields=["send_at"], condition=Q(send_at__isnull=False), name="reminder_to_send"),
            models.Index(fields=["family_id", "id"], name="reminder_family"),
            models.Index(fields=["about_id"], name="reminder_about"),
        ]

    def __str__(self) -> str:
        return self.kind


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries by whose they are."""

    def visible_to(self, user: Viewer) -> DeliveryQuerySet:
        """What was put before oneself, here."""
        return self.filter(user=user.pk, channel=Channel.IN_APP)

    def unread(self) -> DeliveryQuerySet:
        """Those not looked at yet."""
        return self.filter(read_at__isnull=True)


class Delivery(Record):
    """A reminder to one person by one channel. Several with one `message` went out as one message."""

    class State(models.TextChoices):
        MARKED = "marked", _("handed over, outcome unknown")
        AGAIN = "again", _("tried again soon")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("arrived")
        FAILED = "failed", _("did not arrive")

    reminder = models.ForeignKey(Reminder, on_delete=models.PROTECT, related_name="deliveries")
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    helper_id = models.UUIDField(null=True, blank=True)
    """A helper without an account."""
    channel = models.CharField(max_length=10, choices=Channel.choices)
    message = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.MARKED)
    at = models.DateTimeField(default=timezone.now)
    """Since when it is in this state; of `again`: when it is tried again."""
    read_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = [
            # Whatever is started again or runs twice: nobody is told the same thing twice.
            models.UniqueConstraint(fields=["reminder", "channel", "user"], name="delivery_once"),
            models.UniqueConstraint(fields=["reminder", "channel", "helper_id"], name="delivery_once_helper"),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(helper_id__isnull=False), name="delivery_person"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-id"], condition=Q(channel="in_app"), name="delivery_mine"),
            models.Index(fields=["user"], condition=Q(channel="in_app", read_at__isnull=True), name="delivery_unread"),
            models.Index(fields=["message"], condition=Q(message__isnull=False), name="delivery_message"),
            models.Index(fields=["at"], condition=Q(state__in=["again", "marked"]), name="delivery_unsettled"),
        ]


class Try(models.Model):
    """A message was handed to a channel, or what came of it. Rows are only added."""

    class Outcome(models.TextChoices):
        MARKED = "marked", _("about to be handed over")
        SENT = "sent", _("taken by the channel")
        REFUSED = "refused", _("not taken by the channel")
        UNKNOWN = "unknown", _("it is not known whether the channel took it")
        ARRIVED = "arrived", _("the network says that it arrived")
        LOST = "lost", _("the network says that it did not arrive")

    message = models.UUIDField(db_index=True)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    detail = models.CharField(max_length=120, default="", blank=True)
    """The kind of error; never an address."""


class ChoiceQuerySet(models.QuerySet["Choice"]):
    """Choices by whose they are."""

    def visible_to(self, user: Viewer) -> ChoiceQuerySet:
        """One's own."""
        return self.filter(user=user.pk)


class Choice(models.Model):
    """Somebody wants reminders by this channel, too. For a helper without an account the office keeps it."""

    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False)
    helper_id = models.UUIDField(null=True, blank=True)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    address = EncryptedText(default="", blank=True)
    """Number or account; empty: the e-mail address of the user, the telephone number of the helper."""

    objects = ChoiceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "channel"], name="choice_once"),
            models.UniqueConstraint(fields=["helper_id", "channel"], name="choice_once_helper"),
            models.CheckConstraint(
                condition=Q(user__isnull=False, helper_id__isnull=True) | Q(user__isnull=True, helper_id__isnull=False),
                name="choice_one_person",
            ),
        ]
