"""Rosters of people who do not exist: for the demonstration, for tests and for measurements.

The same arguments give the same roster. Ids use a county code that was never given out (…99) and telephone numbers a
block without subscribers (1540), so that nobody real is hit by chance. On request a roster is as untidy as real ones
(`mess`: all of it can be mended) and wrong in places (`faults`: each one listed in `expected`).
"""

import csv
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import opencc
import xlsxwriter
from stdnum.cn import ric

from backend.cases.rosters.codes import words
from backend.cases.rosters.columns import FAMILIES, HELPERS, Column
from backend.cases.rosters.values import EPOCH, Cell

USUAL_DAY = date(2026, 3, 1)
"""The day of a roster when none is named: the same seed gives the same file on any day."""
FILLED_IN = timedelta(days=9)
CONSENTED = timedelta(days=11)
"""How long before its day a roster was filled in, and its families were asked."""
"""Ages are counted from this day."""

_SURNAMES = words(
    "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 "
    "梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾 彭 吕 "
    "苏 卢 蒋 蔡 贾 丁 魏 薛 叶 阎 余 潘 杜 戴 夏 钟 汪 田 任 姜 "
    "范 方 石 姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 "
    "顾 侯 邵 孟 龙 万 段 钱 汤 尹 黎 易 常 武 乔 贺 赖 龚 文"
)
_MALE = words(
    "建国 志强 德福 永贵 国庆 长林 玉山 明 军 伟 勇 海涛 立新 春生 树林 "
    "文斌 金宝 宝贵 连生 庆华 万里 兴旺 守义 广财 学文"
)
_FEMALE = words(
    "秀英 桂兰 玉珍 淑芬 凤霞 秀兰 丽 敏 静 燕 春梅 红霞 玉兰 桂芝 金凤 "
    "素云 慧敏 小红 晓燕 淑华 爱莲 美兰 翠花 宝珍 庆云"
)
_YOUNG = words("子涵 浩然 雨桐 梓轩 欣怡 宇航 思远 佳怡 博文 可馨 俊杰 诗涵 天佑 若曦 嘉豪 紫萱 晨曦 明轩 雅琪 铭泽")
_VILLAGES = words(
    "杨庄 李家台 大赵 小王庄 三里屯 北排 南淀 东汪 西李 后蒲棒 前蒲棒 马营 柳河 新立 石桥 双树 高台 程家湾 四合 永安"
)
_NEEDS = words("生活照料 精神慰藉 看病与康复 家务 应急帮助 法律援助 文化娱乐")
_POLICIES = words("奖励扶助 特别扶助 低保 高龄津贴 养老保险 医疗救助 残疾补贴 计生保险")
_SKILLS = words("理发 量血压 家电维修 心理疏导 法律咨询 做饭 代购 辅导功课 陪诊 种植技术")
_LANGUAGES = words("普通话 天津话 粤语 东北话 四川话")

_traditional = opencc.OpenCC("s2t").convert


@dataclass(frozen=True)
class Expected:
    """A problem that was put in on purpose: row as the spreadsheet numbers it, column heading, problem code."""

    row: int
    column: str
    code: str


@dataclass
class Sheet:
    """A roster as it stands in a spreadsheet. `expected` and `persons` are complete once `lines` has been read."""

    columns: Sequence[Column]
    lines: Iterator[list[Cell]]
    title_rows: int = 0
    persons: int = 0
    households: int = 0
    expected: list[Expected] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """A township and how many of its villages a roster covers."""

    code: str = "120114122000"
    name: str = "大黄堡镇"
    villages: int = 8

    def village(self, number: int) -> tuple[str, str]:
        """Code and name of a village: its last three digits count from 201 (domain.md 2f)."""
        ring, spot = divmod(number, len(_VILLAGES))
        return f"{self.code[:9]}{201 + number}", f"{_VILLAGES[spot]}{ring + 1 if ring else ''}村"


class _People:
    """Makes persons of the age they have today; every id once."""

    def __init__(self, seed: int, place: Place, today: date | None) -> None:
        self.random = random.Random(seed)
        self.today = today or USUAL_DAY
        self.area = f"{place.code[:4]}99"
        self._given: dict[tuple[date, str], int] = {}
        self._phones = 0

    def person(self, sex: str, age: tuple[int, int], surname: str = "") -> dict[str, Cell]:
        """Name, sex, birth date, id and telephone of somebody whose age lies between the two."""
        chance = self.random
        years = chance.randint(*age)
        born = self.today - timedelta(days=years * 365 + years // 4 + chance.randrange(365))
        given = _YOUNG if years < 25 else _MALE if sex == "1" else _FEMALE
        return {
            "name": (surname or chance.choice(_SURNAMES)) + chance.choice(given),
            "sex": sex,
            "birth_date": born.isoformat(),
            "certificate": self.certificate(born, sex),
            "phone": self.phone() if years > 14 and chance.random() < 0.7 else None,
            "ethnicity": "01" if chance.random() < 0.96 else chance.choice(["03", "11", "02"]),
            "certificate_kind": "居民身份证",
        }

    def certificate(self, born: date, sex: str) -> str:
        """An id nobody has."""
        turn = self._given.get((born, sex), 0)
        self._given[born, sex] = turn + 1
        sequence = turn * 2 + (1 if sex == "1" else 2)
        body = f"{self.area}{born:%Y%m%d}{sequence % 1000:03d}"
        return body + str(ric.calc_check_digit(body + "0"))

    def phone(self) -> str:
        """A telephone number nobody has."""
        self._phones += 1
        return f"1540{self._phones % 10_000_000:07d}"


Member = dict[str, Cell]


def _household(people: _People) -> list[Member]:
    """One of the households that rosters of a township are full of."""
    shape = people.random.choices(
        (_empty_nest, _alone, _left_behind, _three_generations, _bereaved, _ordinary), (34, 18, 12, 14, 4, 18)
    )[0]
    return shape(people)


def _couple(people: _People, age: tuple[int, int]) -> list[Member]:
    head = people.person("1", age) | {"relation": "02", "marriage": "21"}
    wife = people.person("2", (max(age[0] - 3, 20), age[1])) | {"relation": "12", "marriage": "21"}
    return [head, wife]


def _ailing(people: _People, member: Member) -> Member:
    health: str = people.random.choices(["10", "20", "31", "37", "64"], [50, 25, 10, 10, 5])[0]
    care = people.random.choices(["1", "2", "3"], [80, 14, 6])[0]
    extra: Member = {"health": health, "self_care": care}
    if health == "64":
        extra |= {"disability_kind": "肢体", "disability_grade": people.random.choice(["1", "2", "3", "4"])}
    return member | extra


def _empty_nest(people: _People) -> list[Member]:
    family = [_ailing(people, member) for member in _couple(people, (60, 84))]
    family[0] |= {"category_1": "空巢", "child_state": "在外", "risk_tier": people.random.choice(["A", "B", "B", "C"])}
    return family


def _alone(people: _People) -> list[Member]:
    sex = people.random.choice("12")
    elder = _ailing(people, people.person(sex, (62, 92)))
    return [
        elder
        | {"relation": "02", "marriage": "30", "category_1": "空巢", "category_2": "留守老人", "child_state": "在外"}
    ]


def _left_behind(people: _People) -> list[Member]:
    family = _couple(people, (52, 72))
    family.append(people.person(people.random.choice("12"), (3, 15), str(family[0]["name"])[0]) | {"relation": "40"})
    family[0] |= {"category_1": "留守儿童", "category_2": "女孩" if family[2]["sex"] == "2" else None}
    return family


def _three_generations(people: _People) -> list[Member]:
    elders, parents = _couple(people, (58, 75)), _couple(people, (30, 45))
    surname = str(elders[0]["name"])[0]
    parents[0] |= {"relation": "22", "name": surname + str(parents[0]["name"])[1:], "residence": "外出"}
    parents[1] |= {"relation": "38"}
    child = people.person(people.random.choice("12"), (1, 17), surname) | {"relation": "40"}
    elders[0] |= {"category_1": "普通"}
    return [*elders, *parents, child]


def _bereaved(people: _People) -> list[Member]:
    family = [_ailing(people, member) for member in _couple(people, (50, 70))]
    family[0] |= {"category_1": "失独", "child_state": "无存活", "risk_tier": "B", "willingness": "仅电话"}
    return family


def _ordinary(people: _People) -> list[Member]:
    family = _couple(people, (27, 50))
    family.append(people.person("2", (1, 17), str(family[0]["name"])[0]) | {"relation": "31"})
    family[0] |= {"category_1": "女孩"}
    return family


def _at_home(people: _People, place: Place, number: int) -> tuple[dict[str, Cell], list[Member]]:
    """What all members of a household share, and the members."""
    chance = people.random
    village, village_name = place.village(chance.randrange(place.villages))
    members = _household(people)
    address = f"{place.name}{village_name}{chance.randint(1, 30)}排{chance.randint(1, 20)}号"
    shared: dict[str, Cell] = {
        "village": village,
        "village_name": village_name,
        "household": f"{village[9:]}-{number:05d}",
        "hukou_kind": chance.choice(["农", "农", "非", "居民"]),
        "hukou_address": address,
        "live_address": address,
        "roster_date": (people.today - FILLED_IN).isoformat(),
        "enumerator": "网格员",
    }
    for member in members:
        member.setdefault("residence", "在家")
    head = members[0]
    agreed = chance.choices(["同意", "仅电话", "仅节日", "拒绝"], [85, 6, 5, 4])[0]
    head.setdefault("willingness", agreed)
    head |= {
        "consented_on": (people.today - CONSENTED).isoformat(),
        "need_1": chance.choice(_NEEDS),
        "policy_1": chance.choice(_POLICIES),
    }
    if chance.random() < 0.5:
        head |= {
            "emergency_contact": chance.choice(_SURNAMES) + chance.choice(_MALE),
            "emergency_phone": people.phone(),
        }
    if chance.random() < 0.25:
        head |= {"need_2": chance.choice(_NEEDS), "policy_2": chance.choice(_POLICIES)}
    return shared, members


# --- the sheet ------------------------------------------------------------------------------------------------------


def families(
    *,
    rows: int,
    place: Place | None = None,
    today: date | None = None,
    seed: int = 1,
    mess: float = 0.0,
    faults: float = 0.0,
    titles: bool = True,
) -> Sheet:
    """A families roster of at least `rows` persons, as an office hands it in `today` (ages, dates of consent).

    `mess`: share of rows written untidily (all mendable). `faults`: share of households with one real error. `titles`:
    with title rows above and remarks below the table.
    """
    sheet = Sheet(FAMILIES, iter(()), title_rows=2 if titles else 0)
    where = place or Place()
    sheet.lines = _family_lines(sheet, _People(seed, where, today), where, rows, mess, faults)
    return sheet


def _family_lines(
    sheet: Sheet, people: _People, place: Place, rows: int, mess: float, faults: float
) -> Iterator[list[Cell]]:
    chance = people.random
    line = sheet.title_rows + 1
    yield from _titles(sheet, people.today, f"{place.name}家庭花名册")
    while sheet.persons < rows:
        sheet.households += 1
        shared, members = _at_home(people, place, sheet.households)
        persons = [shared | member for member in members]
        spoilt = chance.random() < faults
        if spoilt:
            persons = _spoil(sheet, people, persons, line + 1)
        for person in persons:
            line += 1
            sheet.persons += 1
            person["serial"] = sheet.persons
            if not spoilt and chance.random() < mess:
                _make_untidy(chance, person)
            yield [person.get(column.field) for column in sheet.columns]
    yield from _remarks(sheet)


def _titles(sheet: Sheet, today: date, title: str) -> Iterator[list[Cell]]:
    if sheet.title_rows:
        day = today - FILLED_IN
        yield [title]
        yield ["填报单位（盖章）：", None, None, f"填报日期：{day.year}年{day.month}月{day.day}日"]
    yield [f"{column.heading}*" if column.required else column.heading for column in sheet.columns]


def _remarks(sheet: Sheet) -> Iterator[list[Cell]]:
    if sheet.title_rows:
        yield []
        yield ["合计", None, None, None, None, f"{sheet.persons}人"]
        yield ["填表说明：本表一式两份，村（居）与镇计生协会各存一份。"]


# --- mess: everything here can be mended ----------------------------------------------------------------------------


def _make_untidy(chance: random.Random, person: Member) -> None:
    chance.choice((_untidy_id, _untidy_date, _untidy_name, _untidy_numbers, _untidy_codes))(chance, person)


def _wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def _untidy_id(chance: random.Random, person: Member) -> None:
    number = str(person["certificate"] or "")
    if len(number) != 18:
        return
    old = number[:6] + number[8:17]
    forms: list[Cell] = [number.lower(), _wide(number), f" {number[:6]} {number[6:14]} {number[14:]}", f"'{number}"]
    if number[6:8] == "19" and not old.endswith(("996", "997", "998", "999")):
        forms += [old, int(old)]
    person["certificate"] = chance.choice(forms)


def _untidy_date(chance: random.Random, person: Member) -> None:
    if not isinstance(person["birth_date"], str):
        return
    born = date.fromisoformat(person["birth_date"])
    forms: list[Cell] = [
        f"{born:%Y.%m.%d}",
        f"{born.year}年{born.month}月{born.day}日",
        f"{born:%Y/%m/%d}",
        int(f"{born:%Y%m%d}"),
        (born - EPOCH).days,
        _wide(born.isoformat()),
        f"{born.year}年{born.month}月",
    ]
    if born.month not in {1, 10}:
        forms.append(float(f"{born.year}.{born.month}") if born.month < 10 else f"{born.year}.{born.month}")
    person["birth_date"] = chance.choice(forms)


def _untidy_name(chance: random.Random, person: Member) -> None:
    name = str(person["name"] or "")
    person["name"] = chance.choice([_traditional(name), f" {name} ", " ".join(name), f"{name}\u3000"])


def _untidy_numbers(chance: random.Random, person: Member) -> None:
    if person["phone"]:
        number = str(person["phone"])
        forms: list[Cell] = [int(number), f"{number[:3]}-{number[3:7]}-{number[7:]}", _wide(number), f"+86 {number}"]
        person["phone"] = chance.choice(forms)
    places: list[Cell] = [int(str(person["village"])), _wide(str(person["village"]))]
    person["village"] = chance.choice(places)


def _untidy_codes(chance: random.Random, person: Member) -> None:
    person["sex"] = {"1": "男", "2": "女"}.get(str(person["sex"]), person["sex"])
    if person["ethnicity"] == "01":
        words_for_han: list[Cell] = ["汉", "汉族", 1]
        person["ethnicity"] = chance.choice(words_for_han)
    person["relation"] = {"02": "户主", "12": "妻", "40": "孙子女"}.get(str(person["relation"]), person["relation"])


# --- faults: each is expected to be found -----------------------------------------------------------------------------


def _spoil(sheet: Sheet, people: _People, persons: list[Member], line: int) -> list[Member]:
    """Put one error into the household that starts at this row, and note it."""
    chance = people.random
    number = chance.randrange(len(persons))
    fault = chance.choice(list(_FAULTS))
    column, code = _FAULTS[fault]
    victim = persons[number]
    if fault == "two_villages":
        return _entered_twice(sheet, people, persons, line)
    if fault == "two_heads":
        stranger = people.person("1", (40, 60)) | {"relation": "02"}
        shared = {
            key: persons[0][key] for key in ("village", "village_name", "household", "live_address", "hukou_address")
        }
        persons.append(shared | stranger)
        number = len(persons) - 1
    elif fault in {"village", "outside"}:
        for person in persons:
            person["village"] = f"120114999{201}" if fault == "village" else f"120114101{201}"
    else:
        victim |= _wrong(people, victim, fault)
    sheet.expected.append(Expected(line + number, column, code))
    return persons


_FAULTS: Mapping[str, tuple[str, str]] = {
    "typing": ("证件号码", "id_checksum"),
    "rounded": ("证件号码", "id_checksum"),
    "other_sex": ("性别码", "id_disagrees"),
    "other_birth": ("出生日期", "id_disagrees"),
    "nameless": ("姓名", "missing"),
    "village": ("村(居)代码", "unknown_village"),
    "outside": ("村(居)代码", "outside_unit"),
    "relation": ("与户主关系码", "bad_code"),
    "date": ("出生日期", "bad_date"),
    "phone": ("联系电话", "bad_phone"),
    "two_villages": ("证件号码", "duplicate_person"),
    "two_heads": ("与户主关系码", "household_conflict"),
}


def _wrong(people: _People, person: Member, fault: str) -> Member:
    number = str(person["certificate"])
    born = date.fromisoformat(str(person["birth_date"]))
    wrongs: dict[str, Member] = {
        "typing": {"certificate": number[:16] + str((int(number[16]) + 1) % 10) + number[17]},
        "rounded": {"certificate": float(f"{number[:15]}000")},
        "other_sex": {"sex": "2" if person["sex"] == "1" else "1"},
        "other_birth": {"birth_date": (born - timedelta(days=400)).isoformat()},
        "nameless": {"name": None},
        "relation": {"relation": "甲"},
        "date": {"birth_date": "不详年月"},
        "phone": {"phone": "12345"},
    }
    return wrongs[fault]


def _entered_twice(sheet: Sheet, people: _People, persons: list[Member], line: int) -> list[Member]:
    """Two villages entered the same people: both households come one after the other."""
    code = str(persons[0]["village"])
    other = f"{code[:9]}{int(code[9:]) + 100}"
    copies = [person | {"village": other, "household": f"{other[9:]}-{sheet.households:05d}"} for person in persons]
    for offset in range(len(persons) * 2):
        sheet.expected.append(Expected(line + offset, "证件号码", "duplicate_person"))
    sheet.households += 1
    return persons + copies


# --- helpers ----------------------------------------------------------------------------------------------------------

_HELPERS: Mapping[str, tuple[str, tuple[int, int], int]] = {
    "兵儿子": ("JD", (18, 24), 1),
    "团儿女": ("TW", (18, 30), 2),
    "志愿者": ("ZY", (22, 65), 3),
    "结邻里亲": ("CJ", (30, 65), 2),
    "妈妈": ("FL", (28, 55), 2),
    "干部": ("ZF", (28, 58), 4),
}
"""Kind → what partner units of it are called, ages, families each."""


def helpers(
    *,
    rows: int,
    place: Place | None = None,
    today: date | None = None,
    seed: int = 1,
    mess: float = 0.0,
    faults: float = 0.0,
    titles: bool = True,
) -> Sheet:
    """A helpers roster of `rows` persons; the arguments mean what they mean for families."""
    sheet = Sheet(HELPERS, iter(()), title_rows=2 if titles else 0)
    sheet.lines = _helper_lines(
        sheet, _People(seed + 7919, place or Place(), today), place or Place(), rows, mess, faults
    )
    return sheet


def _helper_lines(
    sheet: Sheet, people: _People, place: Place, rows: int, mess: float, faults: float
) -> Iterator[list[Cell]]:
    chance = people.random
    yield from _titles(sheet, people.today, f"{place.name}帮扶人花名册")
    for number in range(1, rows + 1):
        person = _helper(people, place, number)
        sheet.persons = number
        if chance.random() < faults:
            fault = chance.choice(["typing", "other_sex", "phone", "nameless"])
            person |= _wrong(people, person, fault)
            sheet.expected.append(Expected(sheet.title_rows + 1 + number, *_FAULTS[fault]))
        elif chance.random() < mess:
            chance.choice((_untidy_id, _untidy_date, _untidy_name))(chance, person)
        yield [person.get(column.field) for column in sheet.columns]
    yield from _remarks(sheet)


def _helper(people: _People, place: Place, number: int) -> Member:
    chance = people.random
    kind = chance.choices(list(_HELPERS), (40, 20, 20, 10, 5, 5))[0]
    prefix, ages, most = _HELPERS[kind]
    unit = chance.randint(1, 3)
    person = people.person("1" if kind == "兵儿子" else "2" if kind == "妈妈" else chance.choice("12"), ages)
    start = people.today - timedelta(days=chance.randint(60, 500))
    return person | {
        "serial": number,
        "number": f"{prefix}{number:05d}",
        "kind": kind,
        "partner_code": f"{prefix}-{place.code[6:9]}-{unit}",
        "partner_name": f"共建单位{prefix}{unit}",
        "liaison": chance.choice(_SURNAMES) + "联络员",
        "phone": people.phone(),
        "skills": "、".join(chance.sample(_SKILLS, 2)),
        "languages": "普通话" if chance.random() < 0.6 else f"普通话、{chance.choice(_LANGUAGES[1:])}",
        "from_date": start.isoformat(),
        "to_date": (start + timedelta(days=730)).isoformat() if kind == "兵儿子" else None,
        "max_families": most,
        "trained_on": (start + timedelta(days=10)).isoformat(),
        "insured_until": (people.today + timedelta(days=chance.randint(100, 400))).isoformat(),
        "checked_on": (start + timedelta(days=5)).isoformat(),
        "address": f"{place.name}{place.village(chance.randrange(place.villages))[1]}",
    }


# --- files ------------------------------------------------------------------------------------------------------------


def write(sheet: Sheet, path: Path) -> None:
    """Write the roster as .xlsx or, by the name's ending, .csv (UTF-8 with mark)."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows(sheet.lines)
        return
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet("花名册")
        for number, cells in enumerate(sheet.lines):
            if number == 0 and sheet.title_rows:
                page.merge_range(0, 0, 0, len(sheet.columns) - 1, cells[0])
                continue
            for place, cell in enumerate(cells):
                if cell is not None:
                    page.write(number, place, cell)
