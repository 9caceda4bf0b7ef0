"""What the tests of a module begin with: made once, in a transaction around them all, and given to each as it was new.

To make a township at work takes longer than most of the tests that play in it. Its rows are written before the
transaction of the first test that asks for it, and taken back before a test that begins with anything else: what a
test finds never depends on those before it.
"""

import contextlib
import copy
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import translation
from pytest_django import DjangoDbBlocker

T = TypeVar("T")

_makers: dict[int, Callable[[], Any]] = {}
"""The fixture's id (it stays as long as its module) → the function that makes what it gives."""


def kept(make: Callable[[], T]) -> Any:
    """A fixture that gives what the function makes; a test may change it, for the next one it is as it was made.

    A test with real transactions has everything made for itself.
    """

    def given(db: None) -> T:
        return copy.deepcopy(_ground.made[make]) if make in _ground.made else make()

    given.__doc__ = make.__doc__
    fixture = pytest.fixture(name=make.__name__)(given)
    _makers[id(fixture)] = make
    return fixture


class Ground:
    """The rows that tests stand on now, and the transaction that takes them back."""

    def __init__(self) -> None:
        self.made: dict[Callable[[], Any], Any] = {}
        self.around: contextlib.ExitStack
        self.blocker: DjangoDbBlocker

    def prepare(self, makers: list[Callable[[], Any]], blocker: DjangoDbBlocker) -> None:
        """Stand on what these make."""
        if not makers or list(self.made) == makers:
            return
        forget()
        with blocker.unblock(), contextlib.ExitStack() as around:
            around.enter_context(transaction.atomic())
            around.callback(transaction.set_rollback, True)
            self.made = {make: make() for make in makers}
            self.around, self.blocker = around.pop_all(), blocker

    def clear(self) -> None:
        """Take everything back."""
        self.made = {}
        with self.blocker.unblock():
            self.around.close()


def forget() -> None:
    """Codes and parameters that another test's database held are forgotten, and the language it spoke."""
    cache.clear()
    translation.activate(settings.LANGUAGE_CODE)


def wanted(test: pytest.Item) -> list[Callable[[], Any]]:
    """What the test begins with that may be kept; nothing when its transactions are real."""
    names = getattr(test, "fixturenames", [])
    marker = test.get_closest_marker("django_db")
    real = marker is not None and (marker.args or marker.kwargs)
    if real or {"transactional_db", "live_server"} & set(names):
        return []
    fixtures = [id(getattr(getattr(test, "module", None), name, None)) for name in sorted(names)]
    return [_makers[fixture] for fixture in fixtures if fixture in _makers]


_ground = Ground()


def leave(test: pytest.Item | None = None) -> None:
    """Before a test, or after the last: take back what it does not begin with."""
    if _ground.made and (test is None or list(_ground.made) != wanted(test)):
        _ground.clear()


def prepare(test: pytest.Item, blocker: DjangoDbBlocker) -> None:
    """Before a test's own transaction begins: stand on what it asks for."""
    _ground.prepare(wanted(test), blocker)
