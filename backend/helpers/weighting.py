"""The weights of the matching: by programme, area and day, read in one place (D04; domain.md section 7 no. 10)."""

from datetime import date

from backend.helpers.scoring import Weights
from backend.org import parameters

KEY = "matching.weights"
"""Parameter with the weights of all programmes; `matching.weights.<programme>` of those that have their own."""


def weights_for(programme: str, *, path: str, day: date) -> Weights:
    """What counts how much for families of this programme, in this area, on this day; scaled to add up to 100."""
    general = parameters.value(KEY, path=path, day=day, default=Weights().as_json())
    values = dict(parameters.value(f"{KEY}.{programme}", path=path, day=day, default=general))
    other_village = bool(values.pop("other_village", False))
    return Weights.scaled(values, other_village=other_village)
