"""What befalls each family: a seeded plan of two hundred stories, each kind at least three times."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from tests.journeys.rosters import Aide, Household
from tests.thoroughness import THOROUGH

Pool = Literal["account", "single", "village", "unit", "unit_account", "uninsured", "unchecked", "untrained"]
Says = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Story:
    """What people will say and do. `says`: step → answers in turn, after the last one the usual answer again;
    `name*2` is said at the second round after the item came, and "nothing" never."""

    kind: str
    says: Says = field(default_factory=dict)
    asks: Sequence[Pool] = ("account",)
    """From whom each helper who is asked is taken; the last one again after that."""
    visits: Sequence[str] = ()
    """What the visits are like, one after another; after the last "good"."""
    happens: tuple[int, str] | None = None
    """In which week, and what comes from outside."""
    tier: str = "C"
    cadence: str = "quarterly"
    week: int = -1
    """In which round the case is opened; -1: any of the first four."""
    minors: bool | None = None
    """True: only a household with children, False: only one without."""
    special: bool | None = False


GROWN_UP: frozenset[Pool] = frozenset({"unit", "unit_account", "untrained"})
"""Soldiers and the league's are not paired with families in which minors live."""

EACH = 3 if THOROUGH else 1
"""How many families have each kind of story."""

KINDS: Sequence[Story] = (
    Story("refused at survey", {"survey": ["refused"]}),
    Story("not found three times", {"survey": ["not_found"] * 3}),
    Story("found at the second attempt", {"survey": ["not_found"]}),
    Story("moved away before the survey", {"survey": ["moved"]}),
    Story("consent refused", {"record_consent": ["refused"]}),
    Story("by telephone only", {"record_consent": ["phone"]}),
    Story("at festivals only", {"record_consent": ["festival"]}),
    Story("returned by the supervisor", {"confirm_file": ["return"]}),
    Story("returned to the village", {"check_file": ["return"]}),
    Story("not for this programme", {"check_file": ["not_target"], "confirm_file": ["not_target"]}),
    Story("not for this programme, says the supervisor", {"confirm_file": ["not_target"]}),
    Story("helper declines, another accepts", {"answer_offer": ["decline"]}, ("account", "account")),
    Story("unit declines, a neighbour accepts", {"answer_for_unit": ["decline"]}, ("unit", "village")),
    Story("unit says nothing for a week", {"answer_for_unit": ["nothing"]}, ("unit", "account")),
    Story("unit asks the helper", {"answer_for_unit": ["ask_helper"]}, ("unit_account",)),
    Story("through the unit", asks=("unit",)),
    Story("asked by the village worker", asks=("village",)),
    Story("family wants another helper", {"ask_family": ["other_helper"]}, ("account", "unit")),
    Story("family takes no part, later it does", {"ask_family": ["refuse"]}),
    Story("family never wants it", {"ask_family": ["refuse"], "ask_again": ["never"]}),
    Story("family does not want it twice", {"ask_family": ["refuse"], "ask_again": ["refused"]}, ("account", "single")),
    Story("nobody fits at first", {"pick_helper": ["none"]}, week=2),
    Story("nobody fits for weeks", {"pick_helper": ["none"], "interim_visit": ["met*3"]}, week=1),
    Story("helper comes free", {"pick_helper": ["none"], "interim_visit": ["nothing"]}, ("single",),
              happens=(4, "helper_available"), week=3),
    Story("helper not insured, then insured", asks=("uninsured",), week=0),
    Story("gate given up", {"fix_gate": ["give_up"]}, ("uninsured", "account"), week=0),
    Story("children, helper not checked", asks=("unchecked",), minors=True, week=0),
    Story("helper still untrained", asks=("untrained",)),
    Story("they do not get on", {"hold_first_meeting": ["family_declines"]}, ("account", "account")),
    Story("helper thinks better of it", {"hold_first_meeting": ["helper_declines"]}, ("village", "account")),
    Story("agreement returned", {"confirm_pairing": ["return"]}),
    Story("a visit missed", visits=("good", "missed")),
    Story("late record", visits=("late",)),
    Story("very late record, allowed", visits=("good", "blocked", "good")),
    Story("very late record, refused", {"allow_late_record": ["refuse"]}, visits=("good", "blocked")),
    Story("needs something", visits=("good", "need")),
    Story("ill", visits=("ill",)),
    Story("emergency", visits=("good", "emergency")),
    Story("emergency at the first visit", visits=("emergency",)),
    Story("nobody at home once", visits=("good", "not_met")),
    Story("nobody answers three times", visits=("not_met", "not_met", "not_met")),
    Story("helper discharged", asks=("unit", "account"), happens=(24, "discharged")),
    Story("helper ill", asks=("single", "account"), happens=(20, "ill")),
    Story("complaint about the helper", asks=("single", "village"), happens=(15, "complaint")),
    Story("another helper wanted in mid-year", asks=("account", "single"), happens=(22, "not_this_helper")),
    Story("helper leaves before the agreement", {"sign_agreement": ["*3"]}, ("single", "account"),
              happens=(5, "discharged"), week=3),
    Story("moved away", happens=(23, "moved")),
    Story("died", happens=(30, "died")),
    Story("refused in mid-year", happens=(18, "refused")),
    Story("by telephone from now on", happens=(18, "phone_only")),
    Story("closed by the office", happens=(21, "closed")),
    Story("closed before the survey", {"survey": ["*9"]}, happens=(2, "closed"), week=1),
    Story("monthly", tier="B", cadence="monthly", special=True),
    Story("review: another helper", {"ask_family_wish": ["other_helper"], "decide_review": ["repair"]},
              ("account", "village"), minors=False),
    Story("review: ended", {"prepare_review": ["end"], "decide_review": ["end"]}),
    Story("review: family stops", {"ask_family_wish": ["stop"]}),
    Story("review: returned", {"decide_review": ["return"]}),
    Story("review: decided late", {"decide_review": ["approve*3"]}),
)  # fmt: skip
PLAIN = Story("plain", special=None)
TWICE = 6
"""Households that two villages entered: the first three are merged, the others kept apart."""
MERGED = Story("a second file, merged", {"resolve_duplicates": ["merge"]}, week=0, special=None)
KEPT = Story("a second file, kept apart", {"resolve_duplicates": ["keep"]}, week=1, special=None)


def plan(households: Sequence[Household], *, day: date, seed: int = 5) -> dict[tuple[str, str], Story]:
    """A story for every household, by what the household is like. The last TWICE are second files of the first."""
    chance = random.Random(seed)
    told: dict[tuple[str, str], Story] = {}
    once, again = list(households[:-TWICE]), list(households[-TWICE:])
    for number, household in enumerate(again):
        told[household.key] = MERGED if number < TWICE // 2 else KEPT
        first = replace(PLAIN, kind="has a second file", week=1 if number < TWICE // 2 else 0)
        told[once[number].key] = first if number < TWICE // 2 else replace(KEPT, week=0)
    free = once[TWICE:]
    chance.shuffle(free)
    for story in sorted(KINDS, key=_choosy, reverse=True):
        for _ in range(EACH):
            household = next(each for each in free if _fits(story, each, day))
            free.remove(household)
            told[household.key] = story
    for household in free:
        told[household.key] = PLAIN
    return {key: _dated(story, chance) for key, story in told.items()}


def _choosy(story: Story) -> int:
    """The more a story asks of its household, the earlier it chooses."""
    return 2 * bool(story.special) + (story.minors is not None or bool(GROWN_UP & set(story.asks)))


def _dated(story: Story, chance: random.Random) -> Story:
    return replace(story, week=chance.randrange(4)) if story.week < 0 else story


def _fits(story: Story, household: Household, day: date) -> bool:
    if story.special is not None and household.is_special != story.special:
        return False
    minors = household.has_minor(day)
    if GROWN_UP & set(story.asks) and minors:
        return False
    return story.minors is None or story.minors == minors


MANY_PLACES = 20


def helpers_for(stories: Sequence[Story]) -> dict[Pool, list[Aide]]:
    """A roster of helpers that has enough of every sort; who is asked once and alone comes from a pool of his own."""
    wanted = Counter[Pool](pool for story in stories for pool in story.asks)
    wanted["account"] += 2 * MANY_PLACES  # some families are asked again after half a year
    many: dict[Pool, Aide] = {
        "account": Aide("ZA", "志愿者", True, "", places=MANY_PLACES),
        "village": Aide("ZV", "志愿者", False, "", places=10),
        "single": Aide("ZS", "志愿者", True, ""),
        "unit": Aide("BU", "兵儿子", False, "GJ-1"),
        "unit_account": Aide("BA", "兵儿子", True, "GJ-2"),
        "uninsured": Aide("ZI", "志愿者", True, "", insured_until=date(2026, 2, 1)),
        "unchecked": Aide("ZC", "志愿者", True, "", checked_on=None),
        "untrained": Aide("TL", "团儿女", True, "", trained=False),
    }
    return {
        pool: [replace(aide, number=f"{aide.number}{number:03d}") for number in range(1, _size(aide, wanted[pool]) + 1)]
        for pool, aide in many.items()
    }


def _size(aide: Aide, wanted: int) -> int:
    return -(-wanted // aide.places) + 3
