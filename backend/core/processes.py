"""Operating-system processes that live no longer than the one that started them."""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def end_with_parent(last: signal.Signals) -> None:
    """Ask the kernel to send `last` to this process when its parent dies, even by kill -9. Linux only; else nothing."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, int(last))


def tied(last: signal.Signals) -> Callable[[], None]:
    """What subprocess.Popen runs in the child (preexec_fn) so that it gets `last` when its parent dies.

    Popen must be called in the main thread: the kernel takes the thread that forked for the parent.
    """
    parent = os.getpid()

    def tie() -> None:
        end_with_parent(last)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return tie


@contextlib.contextmanager
def appended(log: Path) -> Iterator[int]:
    """A file descriptor that adds to this log file, which only its owner may read, for a child's output."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def tail(log: Path, *, lines: int = 5) -> str:
    """The end of a log file, for a message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return str(log)
