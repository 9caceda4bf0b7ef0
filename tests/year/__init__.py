"""A year of a county in the real engine: see `python -m tests.year --help` (`make year`)."""
