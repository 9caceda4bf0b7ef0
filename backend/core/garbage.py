"""Python's collector of garbage, as a process that lives long and has loaded a large program wants it."""

import gc

THRESHOLDS = (20_000, 10, 10)
"""As often as Python comes by itself (each 700 new objects), a twentieth of a process's time goes into looking."""


def settle() -> None:
    """What is loaded by now stays: it is not looked through again, and after a fork its memory stays shared."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
