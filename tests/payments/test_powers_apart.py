"""Which powers over money are kept apart (domain.md 3.0), by which mechanism, and which test shows the refusal.

Three mechanisms stand one behind the other: the engine (`not_same_as` of a step, told by its diagram), the verbs of the
domain (an error's code; deputies count as those they stand in for), and the database (a constraint or trigger).
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.db import connection

from workflows import deployment

ROOT = Path(settings.BPMN_FOLDER).parent


class Pair(NamedTuple):
    """Two powers of the same thing: whoever did `first` never does `then`."""

    process: str
    first: str
    then: str
    domain: str
    """Code of the error, or empty where the database and the engine are enough."""
    database: str
    """Name of the constraint, or of the trigger's function; empty where the two are told by no rows."""
    test: str


APPLIED, EXITED, DESK = "tests/subsidies/test_applications", "tests/subsidies/test_exits", "tests/payments/test_desk"
LENT, GIVEN, STUDY = "tests/api/test_loans", "tests/api/test_donations", "tests/api/test_study_aid"
ENGINE = "tests/api/test_work_items::test_four_eyes"
"""Where nothing but the engine keeps them apart: the same check for every process."""

PAIRS = (
    # create / approve; review at two levels
    Pair("subsidy_application", "record", "village_review", "one_power", "hand_one_power",
         f"{APPLIED}::test_who_recorded_it_reviews_it_at_no_level"),
    Pair("subsidy_application", "village_review", "township_review", "one_power", "stage_two_people",
         f"{APPLIED}::test_the_villages_reviewer_is_not_the_townships"),
    Pair("subsidy_application", "village_review", "county_review", "one_power", "stage_two_people",
         f"{APPLIED}::test_deputies_count_as_those_they_stand_in_for"),
    Pair("subsidy_application", "township_review", "county_review", "one_power", "stage_two_people",
         f"{APPLIED}::test_the_villages_reviewer_is_not_the_townships"),
    Pair("subsidy_application", "village_review", "decide", "one_power", "hand_one_power",
         f"{APPLIED}::test_deputies_count_as_those_they_stand_in_for"),
    Pair("subsidy_application", "township_review", "decide", "one_power", "hand_one_power",
         f"{APPLIED}::test_deputies_count_as_those_they_stand_in_for"),
    # confirm / pay
    Pair("payment_batch", "confirm", "draw_up", "nothing_to_pay", "payments_guard_transfer",
         "tests/payments/test_batches::test_who_confirmed_does_not_draw_up"),
    Pair("payment_batch", "confirm", "release_batch", "own_confirmation", "payments_guard_batch",
         f"{DESK}::test_who_confirmed_the_right_does_not_release"),
    Pair("payment_batch", "review", "release_batch", "one_power", "hand_one_power",
         f"{DESK}::test_who_had_any_power_over_an_application_does_not_pay_it"),
    Pair("payment_batch", "draw_up", "release_batch", "own_batch", "batch_by_two",
         f"{DESK}::test_who_drew_up_is_not_offered_the_release"),
    Pair("returned_payment", "ask_payee", "check_account", "own_account_proposal", "payable_account_by_two",
         f"{DESK}::test_who_entered_the_account_does_not_agree"),
    Pair("returned_payment", "find_account", "check_account", "own_account_proposal", "payable_account_by_two",
         f"{DESK}::test_who_entered_the_account_does_not_agree"),
    Pair("returned_payment", "ask_payee", "confirm_cancelling", "", "", ENGINE),
    Pair("returned_payment", "find_account", "confirm_cancelling", "", "", ENGINE),
    # the end of a right, and what comes back
    Pair("subsidy_exit", "check_report", "confirm_exit", "", "exit_two_people",
         f"{EXITED}::test_who_checked_neither_confirms_nor_hears_the_appeal"),
    Pair("subsidy_exit", "check_report", "decide_appeal", "", "exit_appeal_by_another",
         f"{EXITED}::test_who_checked_neither_confirms_nor_hears_the_appeal"),
    Pair("subsidy_exit", "confirm_exit", "decide_appeal", "", "exit_appeal_by_another",
         f"{EXITED}::test_who_checked_neither_confirms_nor_hears_the_appeal"),
    Pair("recovery", "classify_cause", "decide_recovery", "", "recovery_two_people",
         f"{EXITED}::test_the_database_keeps_the_hands_on_a_recovery_apart"),
    Pair("recovery", "hear_person", "decide_recovery", "", "", ENGINE),
    Pair("recovery", "decide_recovery", "receive_instalment", "", "", ENGINE),
    Pair("recovery", "classify_cause", "decide_appeal", "", "recovery_appeal_by_another",
         f"{EXITED}::test_the_database_keeps_the_hands_on_a_recovery_apart"),
    Pair("recovery", "hear_person", "decide_appeal", "", "", ENGINE),
    Pair("recovery", "decide_recovery", "decide_appeal", "", "recovery_appeal_by_another",
         f"{EXITED}::test_the_database_keeps_the_hands_on_a_recovery_apart"),
    Pair("subsidy_annual_review", "check_alive", "decide_unchecked", "", "", ENGINE),
    Pair("subsidy_annual_review", "check_alive", "look_through", "", "", ENGINE),
    Pair("subsidy_annual_review", "check_alive", "confirm_review", "", "", ENGINE),
    Pair("subsidy_annual_review", "look_through", "confirm_review", "", "", ENGINE),
    # gifts, loans, study aid, condolences
    Pair("donation", "propose_families", "confirm_allocation", "", "donation_four_eyes",
         f"{GIVEN}::test_the_database_keeps_powers_apart"),
    Pair("micro_loan", "recommend_loan", "guarantee_loan", "", "loan_stood_for_by_another",
         f"{LENT}::test_powers_apart"),
    Pair("micro_loan", "recommend_loan", "decide_loan", "", "loan_decided_by_another", f"{LENT}::test_powers_apart"),
    Pair("micro_loan", "guarantee_loan", "decide_loan", "", "loan_decided_by_another", f"{LENT}::test_powers_apart"),
    Pair("micro_loan", "decide_loan", "sign_contract", "", "loan_signed_by_another", f"{LENT}::test_powers_apart"),
    Pair("micro_loan", "recommend_loan", "check_use", "", "", ENGINE),
    Pair("micro_loan", "propose_restructuring", "decide_restructuring", "", "loan_restructured_by_another",
         f"{LENT}::test_overdue_is_a_quiet_word_and_then_another_plan"),
    Pair("study_aid", "plan_call", "approve_call", "", "study_aid_plan_by_two",
         f"{STUDY}::test_four_eyes_over_the_list"),
    Pair("study_aid", "finish_checks", "confirm_shortlist", "", "study_aid_granted_by_another",
         f"{STUDY}::test_four_eyes_over_the_list"),
    Pair("study_aid", "finish_checks", "settle_objection", "", "", ENGINE),
    Pair("study_aid", "confirm_shortlist", "settle_objection", "", "", ENGINE),
    Pair("study_aid", "plan_call", "approve_grants", "", "", ENGINE),
    Pair("study_aid", "finish_checks", "approve_grants", "", "", ENGINE),
    Pair("study_aid", "confirm_shortlist", "approve_grants", "", "study_aid_granted_by_another",
         f"{STUDY}::test_four_eyes_over_the_list"),
    Pair("study_aid", "report_use", "confirm_report", "", "", ENGINE),
    Pair("festival_condolence", "plan_condolence", "approve_plan", "", "", ENGINE),
    Pair("festival_condolence", "check_list", "lock_list", "", "", ENGINE),
    Pair("festival_condolence", "close_accounts", "confirm_accounts", "", "", ENGINE),
    # claim / verify
    Pair("hours_claim", "claim", "verify_hours", "own_hours", "hours_four_eyes",
         "tests/api/test_hours::test_by_hand_the_village_confirms_and_neither_volunteer_nor_claimant_can"),
    Pair("hours_certificate", "check_hours", "settle_objection", "", "", ENGINE),
    Pair("hours_certificate", "check_hours", "sign_certificate", "", "certificate_four_eyes",
         "tests/api/test_certificates::test_who_checked_does_not_sign_and_nobody_serves_oneself"),
)  # fmt: skip
OUTSIDE = {"record", "confirm", "review", "claim"}
"""What happened before the process began: no step of its diagram."""
PROCESSES = sorted({pair.process for pair in PAIRS})


ONESELF = {
    "backend/administration/deputies.py": "an administrator's duty is personal: no deputy has it",
    "backend/administration/memberships.py": "an administrator's duty is personal: no deputy has it",
    "backend/helpers/rotations.py": "notes whose hand it was, beside those noted before",
    "backend/org/powers.py": "knows whom somebody stands in for",
    "backend/visits/photos.py": "takes back what one sent oneself",
    "backend/visits/submissions.py": "the same record, sent again by the same person",
    "backend/visits/visits.py": "one's own visit, by one's own pairing",
}
"""Where who acts is compared with somebody, and whom they stand in for is nothing to it."""


@pytest.fixture(scope="module")
def apart() -> set[tuple[str, str, str]]:
    """Process, earlier and later step, as the diagrams have it."""
    found = set()
    for process in PROCESSES:
        definition = deployment.checked(process, deployment.bundle(settings.BPMN_FOLDER, process))
        for node in definition.nodes.values():
            found |= {(process, other, node.id) for other in node.not_same_as}
    return found


@pytest.fixture
def guards(db: None) -> set[str]:
    """Every constraint, and every function of a trigger, of the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint UNION SELECT indexrelid::regclass::text FROM pg_index "
            "UNION SELECT proname FROM pg_proc JOIN pg_trigger ON tgfoid = pg_proc.oid"
        )
        return {name for (name,) in cursor.fetchall()}


def test_the_diagrams_keep_apart_exactly_what_the_table_names(apart: set[tuple[str, str, str]]) -> None:
    assert apart == {(pair.process, pair.first, pair.then) for pair in PAIRS if pair.first not in OUTSIDE}


def test_the_database_has_every_guard(guards: set[str]) -> None:
    assert {pair.database for pair in PAIRS if pair.database} <= guards


def test_every_code_is_raised_somewhere() -> None:
    folders = ("subsidies", "payments", "activities")
    code = "".join(path.read_text() for name in folders for path in (ROOT / "backend" / name).glob("*.py"))
    for pair in PAIRS:
        assert not pair.domain or f'code = "{pair.domain}"' in code, pair


def test_whoever_stands_in_is_asked_for_whom() -> None:
    """Powers are those of all of them: `org.powers` knows whom somebody stands in for, `actor.user_id` does not."""
    places = [path for folder in ("backend", "workflows") for path in (ROOT / folder).rglob("*.py")]
    found = {str(path.relative_to(ROOT)) for path in places if _compares_alone(path)}
    assert found == set(ONESELF)


def _compares_alone(path: Path) -> bool:
    return any(
        isinstance(part, ast.Attribute) and ast.unparse(part).endswith("actor.user_id")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Compare) and not any(isinstance(side, ast.Constant) for side in node.comparators)
        for part in ast.walk(node)
    )


@pytest.mark.parametrize("named", sorted({pair.test for pair in PAIRS}))
def test_each_refusal_is_shown(named: str) -> None:
    path, name = named.split("::")
    tree = ast.parse((ROOT / f"{path}.py").read_text())
    (found,) = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    said = ast.unparse(found)
    assert re.search(r"four_eyes|one_power|IntegrityError|own_|OwnConfirmation|NothingToPay|403", said), named
