"""Narrowing lists: django-filter, made strict.

An unknown parameter or value is an error, never silently the whole list. A filter over a field that the caller may
not see would tell it all the same, so such a filter only ever looks among the rows that the caller sees in full.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend, FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ErrorDetail

from backend.administration.mergers import areas
from backend.api.errors import InvalidParameters, parameter_error
from backend.api.pagination import PARAMETERS
from backend.org.models import Unit, User

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

TRUE_FALSE: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}


class Filters(FilterSet):  # type: ignore[misc]  # django-filter ships no types
    """The base of every FilterSet here. `open_to_all`: filters over what even the narrowest answer shows."""

    open_to_all: frozenset[str] = frozenset()


class StrictFilterBackend(DjangoFilterBackend):  # type: ignore[misc]
    """Applies a viewset's FilterSet to lists, and to what the viewset itself asks it for."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: APIView) -> QuerySet[Any]:
        """The narrowed queryset. Raises InvalidParameters."""
        filterset = self.get_filterset(request, queryset, view)
        known = set(filterset.filters) if filterset is not None else set()
        for name in request.query_params:
            if name not in known | PARAMETERS:
                raise parameter_error(name[:40], "unknown_parameter", _("There is no such parameter."))
        if filterset is None:
            return queryset
        return narrowed(filterset, view)


def narrowed(filterset: Filters, view: Any) -> QuerySet[Any]:
    """What the filters leave; only rows seen in full when a filter is over something not everybody sees.

    Raises InvalidParameters.
    """
    if not filterset.is_valid():
        raise InvalidParameters(
            {
                name: [
                    ErrorDetail(str(error.message % (error.params or {})), code=error.code) for error in each.as_data()
                ]
                for name, each in filterset.errors.items()
            }
        )
    used = {name for name in filterset.filters if filterset.data.get(name)}
    found: QuerySet[Any] = filterset.qs
    if used - filterset.open_to_all and (wide := _wide(view)) is not None:
        found = found.filter(wide)
    return found


def _wide(view: Any) -> Q | None:
    condition: Q | None = view.seen_in_full() if hasattr(view, "seen_in_full") else None
    return condition


class YesNoField(forms.Field):
    """true or false, 1 or 0; anything else is an error (django-filter's own field takes it for "not given")."""

    def to_python(self, value: Any) -> bool | None:
        """Raises ValidationError."""
        if value in self.empty_values:
            return None
        try:
            return TRUE_FALSE[str(value).lower()]
        except KeyError:
            raise ValidationError(_("true or false."), code="invalid") from None


class YesNo(django_filters.Filter):  # type: ignore[misc]
    """A filter by yes or no."""

    field_class = YesNoField


class UnitField(forms.CharField):
    """A unit that the caller may see, by its id or its code; its value is the unit's path."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)


@extend_schema_field(OpenApiTypes.STR)
class Subtree(django_filters.Filter):  # type: ignore[misc]
    """Everything at a unit and below it: `field_name` is a column with the unit's path."""

    field_class = UnitField

    def filter(self, qs: QuerySet[Any], value: str) -> Any:
        """Rows below the unit; of one that was merged, where it lay and where that lies now (E16).

        Raises InvalidParameters when the caller sees no such unit.
        """
        if not value:
            return qs
        unit = seen_unit(self.parent.request.user, value)
        if unit.successor_id is None:
            return self.within(qs, unit.path)
        return reduce(or_, (self.within(qs, path) for path in (unit.path, *(area.path for area in areas(unit)))))

    def within(self, qs: Any, path: str) -> Any:
        """The rows at this path and below it."""
        return qs.filter(**{f"{self.field_name}__startswith": path})


def seen_path(user: User, named: str) -> str:
    """The path of a unit that the caller may see, named by id or code. Raises InvalidParameters."""
    return seen_unit(user, named).path


def seen_unit(user: User, named: str) -> Unit:
    """The same unit itself: its path, and into which one it went. Raises InvalidParameters."""
    seen = Unit.objects.visible_to(user)
    unit = seen.filter(**{"pk" if _is_id(named) else "code": named}).only("path", "successor_id").first()
    if unit is None:
        raise parameter_error("unit", "does_not_exist", _("There is no such unit."))
    return unit


def asked_day(request: Request, now: datetime) -> date:
    """The day that `?day=` names, today without one. Raises InvalidParameters."""
    asked = request.query_params.get("day", "")
    try:
        return date.fromisoformat(asked) if asked else timezone.localdate(now)
    except ValueError:
        raise parameter_error("day", "invalid", "YYYY-MM-DD.") from None


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


@extend_schema_field(OpenApiTypes.INT)
class WholeNumber(django_filters.Filter):  # type: ignore[misc]
    """A filter by a whole number."""

    field_class = forms.IntegerField
