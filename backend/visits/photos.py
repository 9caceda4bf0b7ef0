"""Photographs of visits. They rest on the family's consent alone (PIPL art. 13, 15, 47): without it none is taken in;
once it is withdrawn none is shown, and the next night their pictures are deleted. What stays is that there was one: who
took it, when, and the digest of what was deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.audit.history import record
from backend.cases.surveys import answers_of, families_with_photo_consent
from backend.core import prepared
from backend.core.crypto import decrypt_bytes, encrypt_bytes
from backend.core.errors import Conflict, DomainError
from backend.org import parameters
from backend.org.access import SYSTEM, Actor
from backend.visits import pictures
from backend.visits.models import Photo, Visit
from backend.visits.visits import NotRecorded

MOST = 6
"""Photographs that one visit may have, unless parameter `visit.photos_most` says otherwise."""
PORTION = 200
"""Photos whose pictures are deleted in one go."""


class NoPhotoConsent(Conflict):
    """The family has not agreed to photographs, not any more, or not at this visit."""

    code = "no_photo_consent"
    message = _("The family has not agreed to photographs.")


class PhotoWithdrawn(DomainError):
    """The family does not agree any more: the picture is not shown, or deleted already."""

    code = "photo_withdrawn"
    status = 410
    message = _("The family has withdrawn its consent to photographs: this one is not shown any more.")


class TooManyPhotos(Conflict):
    """A visit has as many photographs as the rules allow (parameter `visit.photos_most`)."""

    code = "too_many_photos"
    message = _("This visit has as many photographs as are allowed.")


class PhotoTaken(Conflict):
    """The id of this photograph was used for another one, or by somebody else."""

    code = "photo_taken"
    message = _("This photograph's id belongs to another photograph.")


def add_photo(
    *, id: UUID, visit: Visit, data: bytes, actor: Actor, now: datetime, device_at: datetime | None = None
) -> Photo:
    """Take in a photograph of a recorded visit. `id` is made by the telephone: sent again, it is the same photograph.

    Raises PhotoTaken, NotRecorded, NoPhotoConsent, NotAPhoto, PhotoTooLarge, TooManyPhotos.
    """
    known = _known(id)
    if known is not None:
        return _same(known, visit, actor)
    _check_allowed(visit)
    picture = pictures.cleaned(data)
    held = prepared.found(Visit, visit.pk, follow=("case", "family"), lock=True)
    most = parameters.value("visit.photos_most", path=held.unit_path, day=timezone.localdate(now), default=MOST)
    if Photo.objects.filter(visit=held, removed_at__isnull=True).count() >= most:
        raise TooManyPhotos
    photo = Photo(
        id=id,
        visit=held,
        content=encrypt_bytes(picture.content),
        digest=hashlib.sha256(picture.content).hexdigest(),
        size=len(picture.content),
        width=picture.width,
        height=picture.height,
        sent_by_id=cast(UUID, actor.user_id),  # photographs are people's: the system takes none
        sent_by_label=actor.label,
        device_at=device_at,
        created_at=now,
    )
    try:
        with transaction.atomic():
            photo.save(force_insert=True)
    except IntegrityError:
        # The same photograph came in twice at the same moment: the first one counts.
        known = _known(id)
        if known is None:
            raise
        return _same(known, visit, actor)
    _tell("visit.photo_added", photo, actor, now)
    return photo


def look(*, photo: Photo, actor: Actor, now: datetime) -> bytes:
    """The picture (JPEG). That somebody looked at another one's photograph is an event. Raises PhotoWithdrawn."""
    if not is_shown(photo):
        raise PhotoWithdrawn
    content = Photo.objects.values_list("content", flat=True).get(pk=photo.pk)
    if actor.user_id != photo.sent_by_id:
        _tell("visit.photo_seen", photo, actor, now)
    return decrypt_bytes(bytes(content))


def is_shown(photo: Photo) -> bool:
    """Whether the picture is there and the family still agrees."""
    return photo.removed_at is None and bool(families_with_photo_consent([photo.visit.family_id]))


def remove_withdrawn(now: datetime) -> int:
    """Delete the pictures of families that do not agree (any more); returns how many. To be called until it is none."""
    kept = Photo.objects.filter(removed_at__isnull=True)
    families = set(kept.values_list("visit__family_id", flat=True).distinct())
    gone = families - families_with_photo_consent(families)
    rows = kept.filter(visit__family__in=gone).select_related("visit__case", "visit__family").defer("content")
    photos = list(rows.select_for_update(of=("self",), skip_locked=True).order_by("id")[:PORTION])
    for photo in photos:
        photo.content, photo.removed_at = b"", now
        photo.save(update_fields=["content", "removed_at"])
        _tell("visit.photo_removed", photo, SYSTEM, now)
    return len(photos)


def _check_allowed(visit: Visit) -> None:
    """Raises NotRecorded, NoPhotoConsent: also when somebody said no at this very visit."""
    if not visit.is_recorded:
        raise NotRecorded
    if answers_of(visit.answers).get("photo_consent") is False or not families_with_photo_consent([visit.family_id]):
        raise NoPhotoConsent


def _known(id: UUID) -> Photo | None:
    return Photo.objects.select_related("visit__case", "visit__family").defer("content").filter(pk=id).first()


def _same(known: Photo, visit: Visit, actor: Actor) -> Photo:
    if (known.visit_id, known.sent_by_id) != (visit.pk, actor.user_id):
        raise PhotoTaken
    return known


def _tell(action: str, photo: Photo, actor: Actor, now: datetime) -> None:
    """Into the visit's history: which photograph, never what it shows."""
    data: Mapping[str, Any] = {"photo": str(photo.pk), "digest": photo.digest, "size": photo.size}
    record(action=action, object=photo.visit, label=photo.visit.family.label, actor=actor, now=now, data=data)
