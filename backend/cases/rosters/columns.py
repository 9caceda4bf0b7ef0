"""The columns of each kind of roster: their names, and how the values in them are understood."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import opencc

from backend.cases.rosters import codes, values
from backend.cases.rosters.codes import CodeList
from backend.cases.rosters.values import Cell, Plain, Value

Level = Literal["error", "warning"]
"""error: the household waits while the others go in. warning: it goes in, marked."""


SENSITIVE = frozenset(
    {"certificate", "phone", "emergency_phone", "health", "self_care", "disability_kind", "disability_grade"}
)
"""Fields whose values are shown nowhere in full."""
LONG_NUMBER = re.compile(r"(?<![0-9])\d{12,17}(?=[\dXx]{4}(?![\dXx]))")
"""All but the last four characters of what may be an id or account number."""


@dataclass(frozen=True)
class Column:
    """One column of the layout in the contract."""

    heading: str
    field: str
    understand: Callable[[Cell], Value] = values.text
    required: bool = False
    level: Level = "warning"
    """What it is when the value makes no sense."""
    max_length: int = 60
    also: tuple[str, ...] = ()
    """Other names of this column in rosters that villages keep."""
    is_past: bool = False
    """A date that cannot lie in the future."""
    codes: CodeList | None = None
    """The codes that the column takes."""

    def shown(self, value: Plain) -> str:
        """The value in the form that the layout asks for."""
        if isinstance(value, date):
            return value.isoformat()
        said = value or ""
        return self.codes.shown(said) if self.codes else said

    def told(self, cell: Cell) -> str:
        """What stood in a cell, for whoever mends the sheet: sensitive values (PIPL art. 28) only by their end."""
        said = values.written(cell).strip()
        if self.field in SENSITIVE:
            return f"…{said[-4:]}" if len(said) > 7 else "…" if said else ""
        return LONG_NUMBER.sub("…", said)[:60]


def _coded(
    heading: str,
    field: str,
    known: CodeList,
    required: bool = False,
    level: Level = "warning",
    also: tuple[str, ...] = (),
) -> Column:
    return Column(heading, field, values.code(known), required, level, also=also, codes=known)


def _numbered(heading: str, field: str, count: int, **more: object) -> Iterable[Column]:
    for number in range(1, count + 1):
        yield Column(f"{heading}{number}", f"{field}_{number}", **more)  # type: ignore[arg-type]


FAMILIES: tuple[Column, ...] = (
    Column("序号", "serial", values.nothing, also=("编号", "顺序号")),
    Column(
        "村(居)代码",
        "village",
        values.region,
        required=True,
        level="error",
        also=("村代码", "居代码", "村居代码", "社区代码", "村(社区)代码", "行政区划代码"),
    ),
    Column("村(居)名称", "village_name", also=("村名", "村名称", "村居名称", "社区名称", "村(社区)名称", "村(居)")),
    Column("户编号", "household", values.key, True, "error", 40, ("户号", "家庭编号", "户序号")),
    Column(
        "与户主关系码",
        "relation",
        values.relation(codes.RELATION),
        required=True,
        level="error",
        codes=codes.RELATION,
        also=("与户主关系", "户主关系", "与户主关系代码", "关系"),
    ),
    Column("姓名", "name", values.name, True, "error", 60, ("成员姓名", "家庭成员姓名")),
    _coded("证件类型", "certificate_kind", codes.CERTIFICATE, also=("证件种类", "证件名称")),
    Column(
        "证件号码",
        "certificate",
        values.resident_id,
        level="error",
        also=("身份证号", "身份证号码", "身份证", "公民身份号码", "居民身份证号码", "证件号"),
    ),
    _coded("性别码", "sex", codes.SEX, also=("性别",)),
    Column("出生日期", "birth_date", values.day, also=("出生年月", "出生年月日", "生日", "出生时间"), is_past=True),
    _coded("民族码", "ethnicity", codes.ETHNICITY, also=("民族",)),
    _coded("婚姻码", "marriage", codes.MARRIAGE, also=("婚姻状况", "婚姻", "婚姻状况码")),
    _coded("户籍性质", "hukou_kind", codes.HUKOU, also=("户口性质", "户口类型")),
    Column("户籍地址", "hukou_address", max_length=200, also=("户籍地", "户口所在地", "户籍所在地")),
    Column("居住地址", "live_address", max_length=200, also=("现住址", "住址", "家庭住址", "地址", "现居住地")),
    _coded("居住状况", "residence", codes.RESIDENCE, also=("居住情况",)),
    Column(
        "联系电话",
        "phone",
        values.phone,
        max_length=100,
        also=("电话", "联系方式", "手机", "手机号", "电话号码", "手机号码"),
    ),
    _coded("健康码", "health", codes.HEALTH, also=("健康状况", "健康状况码", "身体状况")),
    _coded("自理等级", "self_care", codes.SELF_CARE, also=("自理能力",)),
    _coded("残疾类别", "disability_kind", codes.DISABILITY, also=("残疾类型",)),
    _coded("残疾等级", "disability_grade", codes.DISABILITY_GRADE, also=("残疾级别",)),
    _coded("子女状况", "child_state", codes.CHILD_STATE, also=("子女情况",)),
    Column("紧急联系人", "emergency_contact", values.name, also=("紧急联系人姓名",)),
    Column("紧急联系人电话", "emergency_phone", values.phone, max_length=100, also=("紧急联系电话", "紧急电话")),
    *_numbered("类别", "category", 3, understand=values.code(codes.CATEGORY), level="error", codes=codes.CATEGORY),
    _coded("风险等级", "risk_tier", codes.RISK),
    _coded("帮扶类型", "helper_kind", codes.HELPER_KIND),
    Column("帮扶人编号", "helper_number", values.key, max_length=40),
    # A word that is not understood must never count as agreement.
    _coded("是否同意探访", "willingness", codes.WILLINGNESS, level="error", also=("是否同意",)),
    Column("同意日期", "consented_on", values.day, level="error", is_past=True),
    *_numbered("需求", "need", 3, understand=values.code(codes.NEED), codes=codes.NEED),
    *_numbered("享受政策", "policy", 5),
    Column("更新日期", "roster_date", values.day, also=("填表日期", "填报日期"), is_past=True),
    Column("填表人", "enumerator", values.name, also=("填报人", "制表人")),
    Column("备注", "remark", max_length=400, also=("说明", "注")),
)

HELPERS: tuple[Column, ...] = (
    Column("序号", "serial", values.nothing, also=("顺序号",)),
    Column("帮扶人编号", "number", values.key, True, "error", 40, ("编号", "志愿者编号")),
    _coded("帮扶类型", "kind", codes.HELPER_KIND, True, "error", also=("类型",)),
    Column("姓名", "name", values.name, True, "error", 60, ("帮扶人姓名", "帮扶人")),
    Column(
        "证件号码",
        "certificate",
        values.resident_id,
        level="error",
        also=("身份证号", "身份证号码", "身份证", "公民身份号码", "证件号"),
    ),
    _coded("性别码", "sex", codes.SEX, also=("性别",)),
    Column("出生日期", "birth_date", values.day, also=("出生年月", "出生年月日", "生日"), is_past=True),
    Column("单位代码", "partner_code", values.key, level="error", max_length=40, also=("单位编号",)),
    Column("单位名称", "partner_name", level="error", max_length=120, also=("单位", "所在单位")),
    Column("联络员", "liaison", values.name, also=("单位联络员",)),
    Column(
        "联系电话",
        "phone",
        values.phone,
        max_length=100,
        also=("电话", "联系方式", "手机", "手机号", "电话号码", "手机号码"),
    ),
    Column("技能", "skills", values.listing, max_length=200, also=("特长", "专长")),
    Column("语言", "languages", values.listing, max_length=100, also=("方言",)),
    Column("服务开始", "from_date", values.day, level="error", also=("服务开始日期",)),
    Column("服务结束", "to_date", values.day, level="error", also=("服务结束日期", "退伍日期")),
    Column("最多户数", "max_families", values.count, also=("最多帮扶户数",)),
    Column("培训日期", "trained_on", values.day, is_past=True),
    Column("保险到期", "insured_until", values.day, also=("保险到期日期",)),
    Column("背景核查日期", "checked_on", values.day, is_past=True),
    Column("居住地址", "address", max_length=200, also=("住址", "地址", "现住址")),
    Column("备注", "remark", max_length=400, also=("说明", "注")),
)

_NOISE = re.compile(r"[\s*＊:：_、·]|\(必填\)|\(12位?\)|\(yyyy.*?\)|\(gb/t.*?\)", re.IGNORECASE)
_simplify = opencc.OpenCC("t2s").convert


def plain_heading(cell: Cell) -> str:
    """A heading without stars, spaces and remarks in brackets that do not belong to its name."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", _simplify(values.written(cell)))).casefold()


def headings(columns: Iterable[Column]) -> Mapping[str, int]:
    """Every name a column may have, plain → its place in `columns`; a column's own name goes before any other's."""
    known: dict[str, int] = {}
    listed = list(columns)
    for place, column in enumerate(listed):
        known[plain_heading(column.heading)] = place
    for place, column in enumerate(listed):
        for other in column.also:
            known.setdefault(plain_heading(other), place)
    return known
