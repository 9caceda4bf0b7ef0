"""The README keeps up with the program."""

import re
import tomllib

from django.conf import settings

README = (settings.ROOT / "README.md").read_text("utf-8")


def test_every_setting_is_explained() -> None:
    read = re.compile(r'\b(?:text|flag|number)\("([A-Z_]+)"')
    programs = (settings.ROOT / "backend").rglob("*.py")
    names = {name for program in programs for name in read.findall(program.read_text("utf-8"))}
    assert {"PORT", "DATABASE_URL", "JIEQIN_DEMO"} <= names
    assert {name for name in names if f"`{name}`" not in README} == set()


def test_every_dependency_has_its_reason() -> None:
    listed = (settings.ROOT / "backend" / "requirements" / "base.in").read_text("utf-8").splitlines()
    names = {re.split(r"[\[<>=]", line)[0] for line in listed if line and not line.startswith("#")}
    table = README.partition("## What it stands on")[2].partition("\n## ")[0]
    assert {name for name in names if name not in table} == set()


def test_every_link_and_picture_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert len(links) > 3
    assert [link for link in links if not (settings.ROOT / link).exists()] == []


def test_the_changelog_tells_the_version_of_the_project() -> None:
    version = tomllib.loads((settings.ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert f"## {version} " in (settings.ROOT / "CHANGELOG.md").read_text("utf-8")
