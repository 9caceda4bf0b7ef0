"""The description of the interface, for programs and for people. It is open to anybody and names nobody."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerView
from rest_framework.permissions import AllowAny
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.views import APIView


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document, in English; made once per process, for it takes a second and never changes."""
    with translation.override("en"):
        generator = SchemaGenerator()  # type: ignore[no-untyped-call]
        made: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return made


@lru_cache
def written(media_type: str) -> bytes:
    """The document in one of its formats: some megabytes, so made once per process, too."""
    renderer = next(each for each in Schema.renderer_classes if each.media_type == media_type)
    return bytes(renderer().render(document()))


@extend_schema(exclude=True)
class Schema(APIView):
    """The document as JSON or YAML (`?format=`)."""

    renderer_classes = (OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2)
    permission_classes = (AllowAny,)
    authentication_classes = ()

    def get(self, request: Request) -> HttpResponse:
        """The same for everybody."""
        chosen = request.accepted_renderer
        return HttpResponse(written(chosen.media_type), content_type=chosen.media_type)


@extend_schema(exclude=True)
class Docs(SpectacularSwaggerView):
    """The same to look at and to try; scripts and styles come from this host."""

    renderer_classes = [TemplateHTMLRenderer]
    permission_classes = (AllowAny,)
    authentication_classes = ()
