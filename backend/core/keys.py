"""Secrets that an installation makes for itself on its first run and keeps in its data folder."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

FILE = "keys.json"

INSECURE_SECRET = "only-for-tests-never-for-real-families-00000000000"
INSECURE_FIELD_KEYS = "tests:" + base64.b64encode(b"key-only-for-tests-not-for-real!").decode()


def kept(data: Path) -> Mapping[str, str]:
    """What `make` wrote: secret_key, field_keys, demo_password; nothing before that.

    Raises ImproperlyConfigured when another account of this machine made it.
    """
    try:
        found: dict[str, str] = json.loads((data / FILE).read_text())
    except FileNotFoundError:
        return {}
    except PermissionError as error:
        raise ImproperlyConfigured(f"{data} was made by another account: start as that, or set JIEQIN_DATA") from error
    return found


def make(data: Path) -> None:
    """Write new random secrets, readable by the owner only; what was there stays. Losing this file loses the data."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = {
        "secret_key": secrets.token_urlsafe(48),
        "field_keys": f"{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "demo_password": "-".join(secrets.token_hex(2) for _ in range(3)),
    }
    draft = data / f"{FILE}.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(fresh, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, data / FILE)  # fails, unlike a renaming, when another run was faster
    except FileExistsError:
        return
    finally:
        draft.unlink()
