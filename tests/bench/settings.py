"""The settings of production, with one address more: the floor that completions are compared with."""

from backend.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
