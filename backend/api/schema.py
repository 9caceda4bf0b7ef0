"""The OpenAPI document: what drf-spectacular reads from the views, completed by what every operation shares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

UNSAFE = frozenset({"post", "put", "patch", "delete"})

PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri", "example": "urn:jieqin:problem:invalid"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable, for programs.", "example": "invalid"},
        "where": {"type": "string", "description": "Process and node, when a rule refused inside a process."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "JSON pointer into the body, or ?name for a parameter.",
                        "example": "/answers/phone",
                    },
                    "code": {"type": "string", "example": "required"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}

RESPONSES: Mapping[str, tuple[str, str]] = {
    "400": ("BadRequest", "The request is malformed, or a field or parameter is not right."),
    "401": ("Unauthorized", "Log in first."),
    "403": ("Forbidden", "What the caller may see but not do."),
    "404": ("NotFound", "It does not exist, or does not concern the caller."),
    "409": ("Conflict", "Stale version, done already, or busy at this moment (Retry-After)."),
    "413": ("TooLarge", "The body is too large."),
    "415": ("UnsupportedMediaType", "The body is of an unknown kind."),
    "422": ("Unprocessable", "A rule refuses it, or the Idempotency-Key was used for another request."),
    "429": ("TooManyRequests", "Too many attempts (Retry-After)."),
    "default": ("Problem", "Anything else that fails."),
}

PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "required": False,
        "description": "Language of texts for people: Chinese by default, or English.",
        "schema": {"type": "string", "enum": ["zh-Hans", "en"], "default": "zh-Hans"},
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "Made by the client, new for each command: the same request with the same key does its work "
        "once and is answered the same again; another request with that key is refused.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,200}$", "minLength": 1, "maxLength": 200},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": "The version that was read, as ETag told it: a stale one is answered 409.",
        "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$', "example": '"3"'},
    },
}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How BearerAuthentication is told in the document."""

    target_class = "backend.api.authentication.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """HTTP bearer."""
        return {"type": "http", "scheme": "bearer"}


def complete(result: dict[str, Any], **_context: Any) -> dict[str, Any]:
    """Postprocessing hook: every operation's possible problems and shared headers."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = dict(PROBLEM)
    components["responses"] = {name: _problem(text) for name, text in RESPONSES.values()}
    components["parameters"] = {name: dict(parameter) for name, parameter in PARAMETERS.items()}
    for schema in components["schemas"].values():
        # A narrow answer is a part of the full one: what is seen in full fits both.
        if "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")
    for path, method, operation in _operations(result):
        _add_parameters(path, method, operation)
        _add_problems(path, method, operation)
    return result


def _operations(result: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


def _add_parameters(path: str, method: str, operation: dict[str, Any]) -> None:
    names = ["AcceptLanguage"]
    if method in UNSAFE and "security" in operation and operation["security"] != [{}]:
        names.append("IdempotencyKey")
        if "{id}" in path:
            names.append("IfMatch")
    parameters = operation.setdefault("parameters", [])
    parameters += [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _add_problems(path: str, method: str, operation: dict[str, Any]) -> None:
    codes = {"400", "default"}
    if operation.get("security") not in (None, [{}]):
        codes |= {"401", "403"}
    if "{" in path:
        codes.add("404")
    if method in UNSAFE:
        codes |= {"409", "413", "415", "422"}
    if path.startswith("/api/auth/"):
        codes.add("429")
    responses = operation.setdefault("responses", {})
    for code in sorted(codes):
        name, _text = RESPONSES[code]
        responses.setdefault(code, {"$ref": f"#/components/responses/{name}"})
