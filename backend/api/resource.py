"""What every resource of the API shares: rows only through `visible_to`, pages by key, versions, one verb per call."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.generics import get_object_or_404
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from backend.api.idempotency import Idempotent
from backend.api.permissions import Needed, RequiredActions, needed
from backend.api.versions import expected_version, tag
from backend.core.errors import NotAllowed
from backend.org.access import Actor, actor_of, may

if TYPE_CHECKING:
    from django.http import HttpResponseBase
    from rest_framework.request import Request

    from backend.org.models import User


_presenters = threading.local()


class Resource(Idempotent, GenericViewSet[Any]):
    """The base of every viewset: says who may call, which rows concern the caller, and how a row is shown."""

    model: ClassVar[type[models.Model]]
    permission_classes = (RequiredActions,)
    required_actions: ClassVar[Mapping[str, Needed]]
    narrow_serializer_class: ClassVar[type[BaseSerializer[Any]] | None] = None
    """How a row looks to whom it concerns but who may not see it in full."""
    lookup_value_converter = "uuid"
    orderings: ClassVar[Mapping[str, str]] = {}
    """Names that `?ordering=` takes → columns of the own table; none that the narrowest answer hides."""
    ordering: ClassVar[str] = "id"
    related: ClassVar[tuple[str, ...]] = ()
    """What a row's answer reads from other tables: fetched in the same statement."""

    # --- rows

    def get_queryset(self) -> QuerySet[Any]:
        """The rows that concern the caller; there is no other way to a row."""
        if getattr(self, "swagger_fake_view", False):  # the schema is made without anybody asking
            return self.model._default_manager.none()
        rows: QuerySet[Any] = self.model._default_manager.visible_to(self.user)  # type: ignore[attr-defined]
        return rows.select_related(*self.related) if self.related else rows

    def get_object(self) -> Any:
        """The row of the address. Raises Http404 for none and for a stranger's, NotAllowed when it may only be seen.

        A list's filters have no say here.
        """
        row = self.find()
        if self.request.method not in {"GET", "HEAD"} and not self.may_here(row):
            raise NotAllowed
        return row

    def find(self) -> Any:
        """The row of the address among those that concern the caller. Raises Http404."""
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def may_here(self, row: Any) -> bool:
        """Whether one of the required actions is held where the row is (an `own.…` action: whether the row is own)."""
        actions = needed(self, self.action)
        path = self.place_of(row)
        return not actions or any(
            self.is_own(row) if action.startswith("own.") else may(self.user, action, path=path) for action in actions
        )

    def place_of(self, row: Any) -> str | None:
        """The path of the unit where the row is; None: the action suffices, wherever it is held."""
        return getattr(row, "unit_path", None)

    def is_own(self, row: Any) -> bool:
        """Whether an `own.…` action of the caller reaches the row."""
        return False

    # --- what is shown of them

    def seen_in_full(self) -> Q | None:
        """The condition under which the caller sees a row in full; None: whoever sees it sees all of it."""
        return None

    def is_seen_in_full(self, row: Any) -> bool:
        """The same for one row in memory."""
        return True

    def represent(self, row: Any) -> dict[str, Any]:
        """The row as the caller may see it."""
        narrow = self.narrow_serializer_class
        chosen = narrow if narrow is not None and not self.is_seen_in_full(row) else self.get_serializer_class()
        shown: dict[str, Any] = self._presenter(chosen).to_representation(row)
        return shown

    def _presenter(self, serializer: type[BaseSerializer[Any]]) -> BaseSerializer[Any]:
        """One serializer per thread, told anew who asks: making one builds and copies all its fields."""
        kept: dict[Any, BaseSerializer[Any]] = _presenters.__dict__
        if serializer not in kept:
            kept[serializer] = serializer()
        presenter = kept[serializer]
        presenter._context = self.get_serializer_context()
        return presenter

    # --- the request

    @property
    def user(self) -> User:
        """Who asks."""
        return cast("User", self.request.user)

    @cached_property
    def now(self) -> datetime:
        """The time of this request: read once, passed to every verb."""
        return timezone.now()

    def actor(self, action: str = "", path: str | None = None) -> Actor:
        """Who asks, as history tells it: in the role that allows the action at that place."""
        return actor_of(self.user, action=action, path=path)

    def given(self, serializer: type[BaseSerializer[Any]], *, partial: bool = False) -> dict[str, Any]:
        """The request's body, checked for shape. Raises ValidationError."""
        body = serializer(data=self.request.data, context=self.get_serializer_context(), partial=partial)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def version(self) -> int | None:
        """The version that the caller believes to change (If-Match or the body)."""
        return expected_version(self.request)

    # --- the usual

    def list(self, request: Request, **kwargs: Any) -> Response:
        """One page of what concerns the caller."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([self.represent(row) for row in page or ()])

    def retrieve(self, request: Request, **kwargs: Any) -> Response:
        """One row."""
        return Response(self.represent(self.get_object()))

    def finalize_response(self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any) -> Any:
        """Every answer about a single object carries its version as ETag; none is kept by caches."""
        done = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(done, Response):
            tag(done)
        done.headers.setdefault("Cache-Control", "no-store")
        return done
