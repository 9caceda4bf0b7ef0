"""What the codes mean that decision tables give as results and reasons, where no code list of the office says it."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

REASONS: Mapping[str, str] = {
    # condolence at a festival (D21)
    "gone": _("died, moved or closed"), "family_refuses": _("does not want visits"),
    "one_per_festival": _("one gift per festival"), "painful_day": _("a painful day for this family"),
    "hardship": _("hardship"), "elder": _("elders alone or left behind"),
    "mourning": _("in mourning"), "no_group": _("in none of the groups"),
    # who looks into a complaint or request (D31)
    "about_helper": _("about a helper"), "child_concerned": _("a child is concerned"), "danger": _("violence or abuse"),
    "about_officer": _("about somebody who works here"), "about_decision": _("about a decision"),
    "objection": _("an objection"), "data_right": _("a right to the data kept"), "withdrawal": _("a consent withdrawn"),
    # who may look at what (D32)
    "no_case_content": _("administrators never read cases"),
    "not_for_helpers": _("helpers and liaisons never see this"),
    "own_office": _("the own office sees it without a ticket"), "ticket_in_time": _("by a ticket in force"),
    "ticket_not_in_time": _("the ticket is not in force"), "being_decided": _("the ticket is being decided"),
    "no_names_needed": _("statistics need no names"), "not_in_village": _("villages see no bank accounts"),
    "leave_needed": _("somebody responsible has to agree"), "no_right": _("nobody else may see it"),
    # what rules somebody out of an honour (D27)
    "court_record": _("a record by official reply"), "fraud_record": _("was found to have defrauded"),
    "to_be_settled": _("something has to be settled first"), "nothing_against": _("nothing against it"),
    # a small loan (D23)
    "recommend": _("as asked for"), "smaller": _("less than asked for"),
    "train_first": _("training comes first"), "nobody_stands": _("nobody stands for it"),
    "too_much_debt": _("too much debt already"), "some_debt": _("some debt already"),
    "unproven": _("another kind of project"), "low_rating": _("loans of the village came back late"),
    "fits": _("it fits"),
    # who approves an activity (D26)
    "large_budget": _("a large budget"), "large_crowd": _("many people"),
    "children_outdoors": _("with children outdoors"), "children": _("with children"), "outdoors": _("outdoors"),
    "budget": _("the budget"), "crowd": _("the number of people"), "small": _("small and indoors"),
    "nobody_else": _("nobody else in the village could decide"),
    # groups of the year's flags, and of a visit (D07)
    "emergency": _("emergency"), "mental_crisis": _("mental crisis"), "boundary": _("boundary crossed"),
    "safety": _("safety at home"), "welfare_check": _("nobody answers"), "psych": _("low spirits"),
    "health": _("health"), "hazard": _("hazard at home"),
    "need": _("needs something"), "family": _("kin"), "money": _("money or gifts"), "unanswered": _("nobody answers"),
    "none": _("none"), "neglect": _("neglect"), "abuse": _("abuse"), "integrity": _("integrity"), "kin": _("kin"),
    "nothing_found": _("nothing found"), "needs_something": _("needs something"),
    "kin_absent": _("kin do not come"), "weak_or_ill": _("weak or ill"), "low_spirits": _("low spirits"),
    "hazard_seen": _("a hazard was seen"), "money_or_gifts": _("money or gifts changed hands"),
    "nobody_answers": _("nobody answers the door"), "injured_or_unconscious": _("injured or unconscious"),
    "gas_or_fire": _("gas or fire"), "abuse_signs": _("signs of abuse"), "minor_alone": _("a minor alone"),
    "despair_or_self_harm": _("despair or self-harm"),
    # the gate (D05)
    "go": _("may start"), "proceed": _("may start"), "blocked": _("not yet"), "fix": _("something is missing"),
    "refuse": _("not possible"), "no_family_consent": _("the family has not agreed"),
    "no_helper_consent": _("the helper has not agreed"), "no_background_check": _("no valid background check"),
    "minor_not_allowed": _("this kind of helper does not go to minors"),
    "service_ends_soon": _("the helper's service ends soon"), "not_insured": _("not insured"),
    "helper_is_minor": _("the helper is a minor"), "not_trained": _("not trained"),
    "two_persons": _("two persons have to go together"), "all_met": _("all conditions are met"),
    "related": _("related to the family"), "stop": _("not possible"), "accompany": _("in company only"),
    # the period (D06)
    "pairing": _("as the helpers agreed"), "tier": _("by the risk tier"), "festivals_only": _("at festivals only"),
    "no_visits": _("no visits"),
    # the tier (D03)
    "minor_unattended": _("a minor without care"), "recent_event": _("something happened lately"),
    "alone_at_80": _("80 or older and alone"), "needs_care": _("needs full care"),
    "severe_disease": _("severe illness"), "newly_bereaved": _("bereaved lately"),
    "half_needs_care": _("needs some care"), "child_in_difficulty": _("a child in difficulty"),
    "special_family": _("family that lost its only child"), "general": _("general case"),
    "refused": _("does not want visits"),
    # what a plan suggests and where a referral goes (D10, D11)
    "alone_or_left": _("alone or left behind"), "aged_60": _("60 or older"), "aged_65": _("65 or older"),
    "aged_80": _("80 or older"), "high_risk": _("high risk"), "child_left": _("a child left behind"),
    "girl_or_mother": _("a daughter or a mother alone"), "by_duty": _("by the duty table"),
    "women_first": _("the women's federation leads"),
    # categories (D02)
    "elder_without_children_near": _("60 or older, no children near"),
    "children_away_part_of_year": _("60 or older, children away part of the year"),
    "no_living_child": _("no living child"), "child_disabled": _("child disabled"), "low_income": _("low income"),
    "daughters_only": _("one daughter"), "two_daughters": _("two daughters"),
    "both_parents_away": _("both parents away"),
    "one_parent_away_other_unfit": _("one parent away, the other cannot look after the child"),
    "husband_away": _("husband away for long"), "children_left_village": _("the children left the village"),
    "moved_in": _("moved in"), "asked_for_help": _("asked for help"), "single_mother": _("single mother"),
}  # fmt: skip
"""Code → its words, for gettext."""

DELICATE = frozenset({"abuse", "abuse_signs", "minor_alone"})
"""What a visit found that somebody may be the cause of: told by no history of a case, and elsewhere only to who works
with the family (未保法 11, E9)."""
