"""Photographs of visits: taken with the family's consent; history tells who looked at another one's photograph."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import get_object_or_404
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from backend.api.fields import Moment, RowSerializer
from backend.api.resource import Resource
from backend.api.uploads import FormParser
from backend.cases.surveys import families_with_photo_consent
from backend.core.errors import NotAllowed
from backend.org.access import granting, may
from backend.visits import photos
from backend.visits.models import Photo, Visit
from backend.visits.pictures import CONTENT_TYPE, MOST_BYTES, PhotoTooLarge

if TYPE_CHECKING:
    from django.http import HttpResponseBase


class PhotoForm(FormParser):
    """A form with a photograph."""

    most_bytes = MOST_BYTES
    too_large = PhotoTooLarge


class PictureRenderer(BaseRenderer):
    """Lets a client ask for a picture; the bytes are made elsewhere."""

    media_type = CONTENT_TYPE
    format = "jpg"
    charset = None

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Problem documents only."""
        return JSONRenderer().render(data)


class PhotoSerializer(RowSerializer[Photo]):
    """A photograph without its picture. `shown`: whether the picture can be seen; not after consent was withdrawn."""

    visit = serializers.UUIDField(source="visit_id")
    shown = serializers.SerializerMethodField()

    class Meta:
        model = Photo
        fields = (
            "id", "visit", "shown", "width", "height", "size", "digest", "sent_by_label", "device_at", "created_at",
            "removed_at",
        )  # fmt: skip

    def get_shown(self, photo: Photo) -> bool:
        """The picture is there, and the family agrees."""
        return photo.removed_at is None and self.context["view"].is_allowed(photo.visit.family_id)


class AddPhotoSerializer(serializers.Serializer[Any]):
    """A photograph (JPEG, PNG or WebP) with the id that the telephone gave it."""

    id = serializers.UUIDField()
    file = serializers.FileField(allow_empty_file=True)
    device_at = Moment(required=False, help_text="When it was taken, by the telephone's clock.")


@extend_schema_view(
    list=extend_schema(summary="Photographs of a visit", responses=PhotoSerializer(many=True), filters=False)
)
class Photos(Resource):
    """Photographs of visits."""

    model = Photo
    serializer_class = PhotoSerializer
    related = ("visit__case", "visit__family")
    required_actions = {
        "list": ("visit.read", "own.visit.read"),
        "image": ("visit.read", "own.visit.read"),
        "create": ("visit.write", "own.visit.write"),
    }

    def get_queryset(self) -> Any:
        """Visible photographs without their pictures."""
        return super().get_queryset().defer("content", "visit__answers", "visit__family__search")

    def get_parsers(self) -> list[Any]:
        """A photograph comes as a form."""
        uploads = getattr(self, "action_map", {}).get("post") == "create"
        return [PhotoForm()] if uploads else super().get_parsers()

    def list(self, request: Request, **kwargs: Any) -> Response:
        """Those that the caller may see: all of a family in the own subtree, or the own ones."""
        visit = self._visit(kwargs["pk"])
        page = self.paginate_queryset(self.get_queryset().filter(visit=visit))
        return self.get_paginated_response([self.represent(row) for row in page or ()])

    @extend_schema(
        summary="Add a photograph to a visit",
        request={"multipart/form-data": AddPhotoSerializer},
        responses={200: PhotoSerializer, 201: PhotoSerializer},
    )
    def create(self, request: Request, pk: UUID) -> Response:
        """201; or 200 when it came in before. Only its pixels are kept, and only with the family's consent."""
        visit = self._visit(pk)
        own = visit.helper is not None and visit.helper.user_id == self.user.pk
        own = own and bool(granting(self.user, "own.visit.write"))
        if not own and not may(self.user, "visit.write", path=visit.unit_path):
            raise NotAllowed
        given = self.given(AddPhotoSerializer)
        photo = photos.add_photo(
            id=given["id"],
            visit=visit,
            data=given["file"].read(),
            device_at=given.get("device_at"),
            actor=self.actor("own.visit.write" if own else "visit.write", None if own else visit.unit_path),
            now=self.now,
        )
        return Response(self.represent(photo), status=201 if photo.created_at == self.now else 200)

    @extend_schema(summary="The picture itself", responses={(200, CONTENT_TYPE): OpenApiTypes.BINARY}, filters=False)
    def image(self, request: Request, pk: UUID) -> HttpResponseBase:
        """A JPEG. Looking at somebody else's photograph is itself an event."""
        photo = self.get_object()
        response = HttpResponse(photos.look(photo=photo, actor=self.actor(), now=self.now), content_type=CONTENT_TYPE)
        response["Content-Disposition"] = f'inline; filename="photo-{photo.pk}.jpg"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    def is_allowed(self, family: UUID) -> bool:
        """Whether a family agrees to photographs: asked once per request."""
        if family not in self._allowed:
            self._allowed[family] = bool(families_with_photo_consent([family]))
        return self._allowed[family]

    @cached_property
    def _allowed(self) -> dict[UUID, bool]:
        return {}

    def _visit(self, pk: UUID) -> Visit:
        """The visit of the address. Raises Http404 for none and for a stranger's."""
        rows = Visit.objects.visible_to(self.user).select_related("case", "family", "helper")
        visit: Visit = get_object_or_404(rows, pk=pk)
        return visit
