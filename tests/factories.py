"""What tests stand on: units, people who work there, families, helpers, cases. Plain functions with sane defaults.

Rows are made directly, without history or process: a test that is about a verb calls the verb itself.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from backend.cases.models import Case, Family, Person, Programme
from backend.core.crypto import blind_index
from backend.helpers.models import Helper, HelperKind, Pairing
from backend.org.access import Actor
from backend.org.models import Deputy, Membership, Unit, User
from backend.visits.models import Visit

TOWN = "120114122000"
"""大黄堡镇, where most tests play."""
VILLAGE = "120114122201"
OTHER_TOWN = "210403007000"
"""万新街道 of another province: whoever works here sees nothing of TOWN."""
LONG_AGO = date(2024, 1, 1)
TODAY = date(2026, 3, 2)
"""The local day of the fixture `now`."""

_NAMES = {
    "120000000000": "天津市",
    "120100000000": "市辖区",
    "120114000000": "武清区",
    TOWN: "大黄堡镇",
    "120114122201": "赵庄村",
    "120114122202": "后蒲棒村",
    "210000000000": "辽宁省",
    "210400000000": "抚顺市",
    "210403000000": "东洲区",
    OTHER_TOWN: "万新街道",
}
_running = count(1)


def region(code: str = TOWN, name: str = "") -> Unit:
    """The unit with this 12-digit code, made with everything above it when missing; its zeros tell the level."""
    known = Unit.objects.filter(code=code).first()
    if known is not None:
        return known
    parts = [code[0:2], code[2:4], code[4:6], code[6:9], code[9:12]]
    depth = max(place + 1 for place, part in enumerate(parts) if part.strip("0"))
    parent = region("".join(parts[: depth - 1]).ljust(12, "0")) if depth > 1 else None
    return Unit.objects.create(
        code=code,
        name=name or _NAMES.get(code, f"单位{code}"),
        kind=("province", "city", "county", "town", "village")[depth - 1],
        parent=parent,
        path="".join(f"{part}." for part in parts[:depth]),
    )


def town(code: str = TOWN, name: str = "") -> Unit:
    """A township."""
    return region(code, name)


def village(code: str = VILLAGE, name: str = "") -> Unit:
    """A village."""
    return region(code, name)


def partner(
    code: str = "GJ-01", name: str = "共建单位甲", *, parent: Unit | None = None, sort: str = "soldiers"
) -> Unit:
    """A partner unit with an opaque code, under a township."""
    above = parent or town()
    made, _ = Unit.objects.get_or_create(
        code=code,
        defaults={
            "name": name,
            "kind": Unit.Kind.PARTNER,
            "parent": above,
            "path": f"{above.path}{code.lower()}.",
            "sort": sort,
        },
    )
    return made


def user(
    username: str = "",
    *,
    role: str = "",
    unit: Unit | None = None,
    name: str = "",
    from_date: date = LONG_AGO,
    to_date: date | None = None,
    password: str | None = None,
    **fields: Any,
) -> User:
    """A user; with a role also the membership, at the unit (default: the township, for `village` the village)."""
    username = username or f"{role or 'user'}{next(_running)}"
    made = User.objects.create_user(username, name=name or username, password=password, **fields)
    if role:
        member(made, role, unit, from_date=from_date, to_date=to_date)
    return made


def member(
    user: User, role: str, unit: Unit | None = None, *, from_date: date = LONG_AGO, to_date: date | None = None
) -> Membership:
    """The user works in this role at this unit."""
    place = unit or (village() if role == "village" else town())
    return Membership.objects.create(user=user, role=role, unit=place, from_date=from_date, to_date=to_date)


def deputy(absent: User, *, role: str = "", unit: Unit | None = None, name: str = "代班") -> User:
    """Somebody who stands in for an absent colleague, by that person's grants and by none of their own."""
    made = user(role=role, unit=unit, name=name)
    Deputy.objects.create(absent=absent, deputy=made, from_date=LONG_AGO, reason="病假")
    return made


def actor(user: User | None = None, *, role: str = "caseworker", unit: Unit | None = None) -> Actor:
    """Somebody who acts, as verbs want to be told; without a user a name without an account."""
    place = unit or town()
    return Actor(
        user_id=user.pk if user else None,
        label=user.name if user else "测试员",
        role=role,
        unit_id=place.pk,
        unit_name=place.name,
    )


def programme(code: str = "jmgj", **fields: Any) -> Programme:
    """A programme; the default is 军民共建."""
    made, _ = Programme.objects.get_or_create(
        code=code,
        defaults={
            "name": "军民共建",
            "name_en": "Army and people together",
            "process": "family_case",
            "helper_kinds": ["soldier_son", "league_child", "volunteer"],
            **fields,
        },
    )
    return made


def kind(code: str = "volunteer", **fields: Any) -> HelperKind:
    """A kind of helper, of whom a family may have three."""
    fields.setdefault("per_family", 3)
    labels = {"soldier_son": "兵儿子", "league_child": "团儿女", "volunteer": "志愿者"}
    made, _ = HelperKind.objects.get_or_create(
        code=code, defaults={"label": labels.get(code, code), "label_en": code.replace("_", " "), **fields}
    )
    return made


def family(
    *,
    unit: Unit | None = None,
    label: str = "孙桂兰",
    number: str = "",
    members: Iterable[dict[str, Any]] = (),
    **fields: Any,
) -> Family:
    """A family on file; without `members` one woman of 76 who lives alone."""
    fields.setdefault("status", Family.Status.REGISTERED)
    fields.setdefault("willingness", Family.Willingness.AGREED)
    fields.setdefault("languages", ["mandarin"])
    number = number or f"H{next(_running):04d}"
    made = Family.objects.create(unit=unit or village(), number=number, label=label, search=label, **fields)
    alone = {
        "relation": "0",
        "is_head": True,
        "name": label,
        "sex": "2",
        "birth_date": date(1950, 1, 15),
        "self_care": 1,
    }
    for one in members or [alone]:
        person(made, **one)
    return made


def person(family: Family, *, name: str = "孙桂兰", certificate: str = "", **fields: Any) -> Person:
    """A member of the family; with a certificate also its index and tail."""
    fields.setdefault("relation", "0")
    return Person.objects.create(
        family=family,
        name=name,
        certificate=certificate,
        certificate_index=blind_index(certificate) if certificate else None,
        certificate_tail=certificate[-4:],
        **fields,
    )


def case(family_: Family | None = None, *, number: str = "", opened_at: datetime | None = None, **fields: Any) -> Case:
    """An open case of the family in the default programme, without any process."""
    of = family_ or family()
    fields.setdefault("programme", fields.get("programme") or programme())
    if opened_at:
        fields["opened_at"] = opened_at
    number = number or f"{TOWN}-JMGJ-2026-{next(_running):04d}"
    return Case.objects.create(number=number, family=of, unit=of.unit, unit_path=of.unit.path, **fields)


def helper(
    *,
    kind_: str | HelperKind = "volunteer",
    unit: Unit | None = None,
    number: str = "",
    name: str = "李向阳",
    **fields: Any,
) -> Helper:
    """A helper in service, trained, insured, without an end."""
    fields.setdefault("from_date", LONG_AGO)
    fields.setdefault("trained_on", LONG_AGO)
    fields.setdefault("insured_until", date(2030, 1, 1))
    fields.setdefault("languages", ["mandarin"])
    if fields.get("checked_on"):
        fields.setdefault("check_until", fields["checked_on"] + timedelta(days=365))
    return Helper.objects.create(
        number=number or f"B{next(_running):04d}",
        kind=kind(kind_) if isinstance(kind_, str) else kind_,
        unit=unit or town(),
        name=name,
        search=name,
        **fields,
    )


def pairing(
    case_: Case | None = None, helper_: Helper | None = None, *, from_date: date = LONG_AGO, **fields: Any
) -> Pairing:
    """A spell of this helper with the case's family, in force since long ago, in a seat of its own."""
    of, by = case_ or case(), helper_ or helper()
    if "seat" not in fields:
        fields["seat"] = 1 + Pairing.objects.filter(family=of.family, kind=by.kind).seated(from_date).count()
    return Pairing.objects.create(
        number=f"JD-{next(_running):05d}",
        case=of,
        family=of.family,
        helper=by,
        kind=by.kind,
        programme=of.programme,
        from_date=from_date,
        **fields,
    )


def visit(pairing_: Pairing | None = None, **fields: Any) -> Visit:
    """A planned visit of the pairing's helper."""
    of = pairing_ or pairing()
    fields.setdefault("planned_for", TODAY)
    return Visit.objects.create(family=of.family, case=of.case, pairing=of, helper=of.helper, **fields)
