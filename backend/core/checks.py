"""What must be right before the system may serve real families: Django system checks, run at every start."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from backend.core import keys

TAG = "jieqin"
SHORTEST_SECRET = 32


@register(TAG)
def check_secrets(app_configs: Sequence[Any] | None = None, **_: Any) -> list[CheckMessage]:
    """Outside demo mode no secret of the source code may be in use; field keys must be keys everywhere."""
    problems: list[CheckMessage] = []
    if not _are_keys(settings.FIELD_KEYS):
        hint = "JIEQIN_FIELD_KEYS: name:key[,name:key…], newest first, each key 32 bytes in base64."
        problems.append(Error("The keys of encrypted fields cannot be read.", hint=hint, id="jieqin.E001"))
    if settings.DEMO:
        return problems
    if settings.SECRET_KEY == keys.INSECURE_SECRET or len(settings.SECRET_KEY) < SHORTEST_SECRET:
        hint = f"Set JIEQIN_SECRET_KEY to at least {SHORTEST_SECRET} random characters."
        problems.append(Error("Outside demo mode the default secret is refused.", hint=hint, id="jieqin.E002"))
    if keys.INSECURE_FIELD_KEYS in settings.FIELD_KEYS:
        hint = "Set JIEQIN_FIELD_KEYS, and keep it as safe as the database: without it names and numbers are lost."
        problems.append(Error("Outside demo mode the default field key is refused.", hint=hint, id="jieqin.E003"))
    if settings.DEBUG:
        problems.append(
            Error("Outside demo mode JIEQIN_DEBUG=1 is refused: it shows data to anybody.", id="jieqin.E004")
        )
    return problems


def _are_keys(text: str) -> bool:
    try:
        pairs = [entry.split(":", 1) for entry in text.split(",")]
        return all(name and len(base64.b64decode(key, validate=True)) == 32 for name, key in pairs)
    except (ValueError, binascii.Error):
        return False
