"""What is known of an activity and of a site that is inspected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.activities import campaigns, sign_ups
from backend.activities.models import Activity, Site
from backend.core import prepared
from workflows.steps.context import Context
from workflows.steps.form_values.known import FormValues, Known, text


def activity(context: Context, data: Mapping[str, Any]) -> Known:
    """The plan as it stands, with what could go wrong; nobody's name but the proposer's."""
    row = _activity(data)
    left = campaigns.budget_left(row)
    facts = {
        "activity": row.title,
        "activity_number": row.number,
        "organiser": row.unit.name,
        "activity_kind": row.kind,
        "activity_theme": row.theme,
        "activity_groups": row.groups,
        "starts_at": text(row.starts_at),
        "ends_at": text(row.ends_at),
        "where": row.site.name if row.site else row.place,
        "expected": row.expected,
        "budget": str(row.budget),
        "budget_left": None if left is None else str(left),
        "minors": row.minors,
        "outdoors": row.outdoors,
        "risk": row.risk,
        "late_reason": row.late_reason,
        "level_reason": row.level_reason,
        "proposed_by": row.proposed_label,
        "returned_because": row.returned,
    }
    return {"facts": facts}


def activity_plan(context: Context, data: Mapping[str, Any]) -> Known:
    """What can be changed, as it was proposed."""
    row, facts = _activity(data), activity(context, data)["facts"]
    values = {name: getattr(row, name) for name in ("expected", "minors", "outdoors", "risk")}
    return {"values": {**values, "budget": float(row.budget)}, "facts": facts}


def activity_outcome(context: Context, data: Mapping[str, Any]) -> Known:
    """Numbers from the list of who was there, to be completed."""
    row, facts = _activity(data), activity(context, data)["facts"]
    counted = sign_ups.counts(row)
    values: dict[str, Any] = {"attended_minors": counted["attended_minors"]}
    if counted["attended"]:
        values |= {"attended": counted["attended"], "headcount_source": "sign_in"}
    return {"values": values, "facts": {**facts, "signed_up": counted["placed"], "volunteers": counted["volunteers"]}}


def activity_record(context: Context, data: Mapping[str, Any]) -> Known:
    """What was spent against what was approved, and what happened."""
    row, facts = _activity(data), activity(context, data)["facts"]
    found = {
        "spent": str(row.spent),
        "attended": row.attended,
        "headcount_source": row.headcount_source,
        "incidents": row.incidents,
        "recorded_by": row.recorded_label,
    }
    return {"facts": {**facts, **found}}


def site(context: Context, data: Mapping[str, Any]) -> Known:
    """The site, and what it lacked."""
    row = prepared.found(Site, data["site"], follow=("unit",))
    facts = {
        "site": row.name,
        "site_kind": row.kind,
        "village": row.unit.name,
        "address": row.address,
        "inspected_on": text(row.inspected_on),
        "wanting": row.wanting,
    }
    return {"facts": facts}


def inspection(context: Context, data: Mapping[str, Any]) -> Known:
    """The site with the standards that it met last time."""
    standards = Site.objects.values_list("standards", flat=True).get(pk=data["site"])
    values = {"inspected_on": context.today.isoformat(), "standards": standards}
    return {"values": values, "facts": site(context, data)["facts"]}


def equipment(context: Context, data: Mapping[str, Any]) -> Known:
    """The site, looked at today."""
    return {"values": {"checked_on": context.today.isoformat()}, "facts": site(context, data)["facts"]}


def _activity(data: Mapping[str, Any]) -> Activity:
    return prepared.found(Activity, data["activity"], follow=("unit", "site"))


FORM_VALUES: FormValues = {
    ("activity_site", "approve_at_township"): activity,
    ("activity_site", "approve_in_village"): activity,
    ("activity_site", "record_group_decision"): activity,
    ("activity_site", "revise_at_township"): activity_plan,
    ("activity_site", "revise_in_village"): activity_plan,
    ("activity_site", "record_at_township"): activity_outcome,
    ("activity_site", "record_in_village"): activity_outcome,
    ("activity_site", "check_record"): activity_record,
    ("site_inspection", "inspect_site"): inspection,
    ("site_inspection", "check_equipment"): equipment,
    ("site_inspection", "repair_site"): site,
    ("site_inspection", "confirm_closing"): site,
}
