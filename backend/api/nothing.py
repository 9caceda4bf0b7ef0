"""Addresses under /api/ that lead nowhere: a problem document, not a page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


@extend_schema(exclude=True)
class Nothing(APIView):
    """Answers every method with 404, to anybody: which addresses exist is no secret."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Raises NotFound, whatever is asked."""
        if not request.path.endswith("/"):
            raise NotFound(_("There is nothing here. Addresses of this interface end with a slash."))
        raise NotFound(_("There is nothing here."))

    def get(self, request: Request) -> Response:
        """Never reached; it makes the view a view."""
        raise NotFound
