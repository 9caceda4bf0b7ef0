"""Where every page's head leads: menus for those with much to do, one row for those with little."""

import re
from html import unescape

import pytest
from django.utils.html import strip_tags

from tests import factories
from tests.web.visitor import text, visitor

pytestmark = pytest.mark.django_db

MENU = re.compile(r'<li class="nav-item dropdown">(.*?)</ul>', re.DOTALL)
HEAD = re.compile(r'<div class="collapse navbar-collapse".*?</nav>', re.DOTALL)
LABEL = re.compile(r"<(?:a|button) class=\"(?:nav-link|dropdown-item).*?</(?:a|button)>", re.DOTALL)


def labels(part: str) -> list[str]:
    return [unescape(strip_tags(each)).strip() for each in LABEL.findall(part)]


def head_of(role: str) -> str:
    user = factories.user(role, role=role)
    found = HEAD.search(text(visitor(user).get("/password/")))
    assert found
    return found[0]


def test_a_supervisor_finds_everything_behind_few_words() -> None:
    head = head_of("supervisor")
    inside = {labels(menu)[0]: labels(menu)[1:] for menu in MENU.findall(head)}
    assert inside["Oversight"][:3] == ["Overview", "Month", "Workload"]
    assert {"Families", "Cases", "Exports", "Rosters", "Yearly survey"} == set(inside["Families"])
    outside = labels(MENU.sub("", head))
    assert {"Today", "Inbox", "To sign"} <= set(outside)
    assert len(inside) + len(outside) <= 9


def test_whoever_has_few_entries_needs_no_menu() -> None:
    head = head_of("helper")
    assert not MENU.findall(head)
    assert {"Today", "Inbox", "My visits"} <= set(labels(head))


def test_a_menu_of_one_entry_is_that_entry() -> None:
    """A caseworker administers nothing but the office's rules, if that."""
    for menu in MENU.findall(head_of("caseworker")):
        assert len(labels(menu)) > 2


def test_nobody_is_led_where_they_may_not_go() -> None:
    assert "Administration" not in labels(head_of("supervisor"))
    assert "Families" not in labels(head_of("sysadmin"))
