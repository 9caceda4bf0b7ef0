"""What history keeps of a decision table's answer: what it gave plainly, why it gave it only sealed.

Reasons and the ids of rules say in words what the inputs are sealed for: an illness, a lost child, violence (PIPL 28).
A rule's place in its table would say as much, for the table goes along with every exported case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from backend.core.crypto import decrypt, encrypt
from backend.org.reasons import DELICATE

SEALED = "sealed_outputs"
IMPERSONAL = frozenset({"access", "activity_level", "escalation", "report_check", "veto"})
"""Tables that are asked about nobody in a family: why they gave what they gave stands in the open."""
WHY = ("_reason", "_reasons")
"""How the outputs end that say why."""
FLAGS = "flags"
"""What D07 gives says why as well: abuse, mental_crisis."""


def told(*, table: str, rules: Sequence[str], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """A table's answer for the history."""
    if table in IMPERSONAL:
        return {"rules": list(rules), "outputs": dict(outputs)}
    why = {name: value for name, value in outputs.items() if name == FLAGS or name.endswith(WHY)}
    plain = {name: value for name, value in outputs.items() if name not in why}
    text = json.dumps({"rules": list(rules), "outputs": why}, ensure_ascii=False, default=str)
    return {"outputs": plain, SEALED: encrypt(text).hex()}


def opened(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same with what was sealed, for who works with the family; without what no case may tell."""
    if SEALED not in data:
        return data
    why = json.loads(decrypt(bytes.fromhex(data[SEALED])))["outputs"]
    kept = {name: _without_delicate(value) for name, value in why.items()}
    return {**data, "outputs": data["outputs"] | {name: value for name, value in kept.items() if value}}


def _without_delicate(value: Any) -> Any:
    if isinstance(value, list):
        return [each for each in value if each not in DELICATE]
    return None if value in DELICATE else value
