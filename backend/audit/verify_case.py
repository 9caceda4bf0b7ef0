"""Is an exported case as it was written? `python verify_case.py export.zip` prints OK, or names what was altered.

Needs nothing but Python 3.9 and this file, and no network. Every event carries SHA-256(previous || number as 8 bytes ||
body), `previous` being the digest of the event before it. There are two chains, the case's and its family's; the
manifest tells of each how many events there are and the digest of the last, and the SHA-256 of every other file.
Whoever rewrites all of it, manifest included, gets another manifest digest: compare the printed one with the entry
"case.exported" in the system's own history.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

MANIFEST = "manifest.json"


def faults(archive: zipfile.ZipFile) -> Iterator[str]:
    """What is not as it was written, one sentence each."""
    manifest = json.loads(archive.read(MANIFEST))
    present = [info.filename for info in archive.infolist() if info.filename != MANIFEST]
    for name in sorted(set(present) - set(manifest["files"])):
        yield f"{name}: not in the manifest"
    if len(present) != len(set(present)):
        yield "a file name stands in the archive twice"
    for name, expected in sorted(manifest["files"].items()):
        if name not in present:
            yield f"{name}: missing"
        elif hashlib.sha256(archive.read(name)).hexdigest() != expected:
            yield f"{name}: altered"
    for name, chain in sorted(manifest["chains"].items()):
        if name in present:
            lines = archive.read(name).decode("utf-8", "replace").splitlines()
            yield from (f"{name}: {each}" for each in broken_links(lines, chain))


def broken_links(lines: list[str], chain: dict[str, Any]) -> Iterator[str]:
    """Events that were altered, removed, added or moved: each by its place in the chain, and what it tells."""
    previous, expected = b"", 1
    for line in lines:
        try:
            event = json.loads(line)
            seq, body = int(event["seq"]), str(event["body"])
            claimed, digest = bytes.fromhex(event["previous"]), bytes.fromhex(event["digest"])
            name = f"event {seq} ({called(body)})"
        except (ValueError, KeyError, TypeError):
            yield f"event {expected}: cannot be read"
            expected += 1
            continue
        if seq != expected:
            yield f"{name}: in the place of event {expected}: removed, added or moved"
        elif claimed != previous:
            yield f"{name}: does not follow from the event before it"
        if hashlib.sha256(claimed + seq.to_bytes(8, "big", signed=True) + body.encode()).digest() != digest:
            yield f"{name}: altered"
        previous, expected = digest, seq + 1
    if expected - 1 != chain["length"] or previous.hex() != chain["head"]:
        yield f"the last event should be number {chain['length']} with the digest {chain['head']}"


def called(body: str) -> str:
    """What an event tells of itself: time, action, id."""
    try:
        told = json.loads(body)
        return f"{told['at']} {told['action']} {told['id']}"
    except (ValueError, KeyError, TypeError):
        return "its content cannot be read"


def main(arguments: list[str]) -> int:
    """0 when all is as it was written, 1 when not, 2 when there is nothing to check."""
    if len(arguments) != 1:
        print(__doc__)  # noqa: T201
        return 2
    try:
        with zipfile.ZipFile(arguments[0]) as archive:
            found = list(faults(archive))
            digest = hashlib.sha256(archive.read(MANIFEST)).hexdigest()
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        print(f"cannot be checked: {error}")  # noqa: T201
        return 1
    for each in found:
        print(each)  # noqa: T201
    print("NOT as it was written" if found else "OK", f"(manifest {digest})")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
