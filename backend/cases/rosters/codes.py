"""Code lists of rosters: the code kept on file for each code or word that people write.

Sources: GB/T 2261.1 (sex), GB/T 2261.2 (marriage), GB/T 2261.3 (health), GB/T 3304 (ethnic groups), GB/T 4761-2008
(relation to the head), GB/T 26341-2010 (disability); the other lists are those of the roster's own column layout.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CodeList:
    """The forms in which people write the codes of one list."""

    known: Mapping[str, str]
    """Written form, small letters → code on file."""
    proper: Mapping[str, str]
    """Code on file → the form that the layout asks for; any other form is mended."""
    other: str = ""
    """The code for words that the list does not have; without one such a word is a problem."""

    def shown(self, code: str) -> str:
        """The code in the form that the layout asks for."""
        return self.proper.get(code, code)

    def choices(self) -> list[str]:
        """The forms that the layout asks for; where these are codes, with their words."""
        words_for: dict[str, str] = {}
        for form, code in self.known.items():
            if form != code.casefold():
                words_for.setdefault(code, form)
        return [
            form if form != code else f"{code} {words_for.get(code, '')}".strip() for code, form in self.proper.items()
        ]


def words(text: str) -> list[str]:
    """The words of a text parted by spaces."""
    return text.split()


def _codes(entries: Mapping[str, str | Iterable[str]], *, by_word: bool = False, other: str = "") -> CodeList:
    """From `code: forms` (one text parted by spaces). `by_word`: the layout asks for the first word, not the code."""
    known: dict[str, str] = {}
    proper: dict[str, str] = {}
    for code, forms in entries.items():
        written = [code, *(words(forms) if isinstance(forms, str) else forms)]
        proper[code] = written[1] if by_word else code
        known |= {form.casefold(): code for form in written}
    return CodeList(known, proper, other)


SEX = _codes(
    {"1": "男 男性 m male 1.男", "2": "女 女性 f female 2.女", "0": "未知 未知的性别", "9": "未说明 未说明的性别"}
)

MARRIAGE = _codes(
    {
        "10": "未婚 1",
        "20": "已婚 有配偶 2",
        "21": "初婚",
        "22": "再婚",
        "23": "复婚",
        "30": "丧偶 3",
        "40": "离婚 离异 4",
        "90": "未说明 未说明的婚姻状况 其他 9",
    }
)

HEALTH = _codes(
    {
        "10": "健康 良好 健康或良好 好 1",
        "20": "一般 较弱 一般或较弱 2",
        "30": "慢性病 有慢性病 患病 3 40",
        "31": "心血管病 心脏病",
        "32": "脑血管病",
        "33": "慢性呼吸系统病",
        "34": "慢性消化系统病",
        "35": "慢性肾炎",
        "36": "结核病",
        "37": "糖尿病",
        "38": "神经或精神疾病 精神病",
        "41": "癌症 恶性肿瘤",
        "49": "其他慢性病",
        "60": "残疾 6",
        "61": "视力残疾",
        "62": "听力残疾",
        "63": "言语残疾",
        "64": "肢体残疾",
        "65": "智力残疾",
        "66": "精神残疾",
        "67": "多重残疾",
        "69": "其他残疾",
    }
)

ETHNIC_GROUPS = words(
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 景颇 "
    "柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 保安 裕固 京 "
    "塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺"
)

ETHNICITY = _codes(
    {
        f"{number:02d}": (name, f"{name}族", *([str(number)] if number < 10 else []))
        for number, name in enumerate(ETHNIC_GROUPS, start=1)
    }
    | {"97": "其他 其他民族", "98": "外国血统 外国血统中国籍人士"}
)

RELATION = _codes(
    {
        "01": "本人 自己",
        "02": "0 户主",
        "10": "1 配偶 夫妻 爱人",
        "11": "夫 丈夫",
        "12": "妻 妻子",
        "20": "2 子 儿子",
        "21": "独生子",
        "22": "长子",
        "23": "次子 二子",
        "24": "三子",
        "25": "四子",
        "26": "五子",
        "27": "养子或继子 养子 继子",
        "28": "女婿",
        "29": "其他儿子",
        "30": "3 女 女儿",
        "31": "独生女",
        "32": "长女",
        "33": "次女 二女",
        "34": "三女",
        "35": "四女",
        "36": "五女",
        "37": "养女或继女 养女 继女",
        "38": "儿媳 媳妇 儿媳妇",
        "39": "其他女儿",
        "40": "4 孙子女 孙子、孙女或外孙子、外孙女",
        "41": "孙子 孙",
        "42": "孙女",
        "43": "外孙子 外孙",
        "44": "外孙女",
        "45": "孙媳妇 孙媳妇或外孙媳妇",
        "46": "孙女婿 孙女婿或外孙女婿",
        "47": "曾孙子 曾孙子或外曾孙子",
        "48": "曾孙女 曾孙女或外曾孙女",
        "49": "其他孙子女 其他孙子、孙女或外孙子、外孙女",
        "50": "5 父母",
        "51": "父亲 父",
        "52": "母亲 母",
        "53": "公公",
        "54": "婆婆",
        "55": "岳父",
        "56": "岳母",
        "57": "继父或养父 继父 养父",
        "58": "继母或养母 继母 养母",
        "59": "其他父母关系",
        "60": "6 祖父母 祖父母或外祖父母",
        "61": "祖父 爷爷",
        "62": "祖母 奶奶",
        "63": "外祖父 外公",
        "64": "外祖母 外婆",
        "65": "配偶的祖父母或外祖父母",
        "66": "曾祖父",
        "67": "曾祖母",
        "68": "配偶的曾祖父母或外曾祖父母",
        "69": "其他祖父母关系 其他祖父母或外祖父母关系",
        "70": "7 兄弟姐妹",
        "71": "兄 哥哥",
        "72": "嫂 嫂子",
        "73": "弟 弟弟",
        "74": "弟媳 弟妹",
        "75": "姐 姐姐",
        "76": "姐夫",
        "77": "妹 妹妹",
        "78": "妹夫",
        "79": "其他兄弟姐妹",
        "80": "8 其他",
        "81": "伯父",
        "82": "伯母",
        "83": "叔父 叔叔",
        "84": "婶母 婶婶",
        "85": "舅父 舅舅",
        "86": "舅母 舅妈",
        "87": "姨父",
        "88": "姨母",
        "89": "姑父",
        "90": "姑母",
        "91": "堂兄弟、堂姐妹 堂兄弟 堂姐妹",
        "92": "表兄弟、表姐妹 表兄弟 表姐妹",
        "93": "侄子",
        "94": "侄女",
        "95": "外甥",
        "96": "外甥女",
        "97": "其他亲属",
        "98": "保姆 雇工",
        "99": "非亲属",
    }
)

HEADS = frozenset({"01", "02"})
"""Relations that name the head of the household."""

COARSE_RELATIONS = frozenset("012345678")
"""One-digit codes. A spreadsheet also turns 01 and 02 into 1 and 2: see checking.settle_relations."""

CERTIFICATE = _codes(
    {
        "id": "居民身份证 身份证 二代身份证 临时身份证 111 112 01 1",
        "book": "户口簿 户口本 113 02",
        "military": "军官证 士兵证 军官证、士兵证 警官证 文职干部证 军人证 114 03",
        "passport": "护照 普通护照 外国护照 414",
        "permit": "港澳台居民居住证 港澳台居民证件 港澳居民来往内地通行证 台湾居民来往大陆通行证 港澳台通行证 "
        "港澳台 回乡证 台胞证 511 513 516",
        "birth": "出生医学证明 出生证明 出生证",
        "other": "其他 其他证件 999",
        "none": "无 无证件 没有 无证",
    },
    by_word=True,
)

HUKOU = _codes(
    {"farm": "农 农业 农业户口 农村", "town": "非 非农 非农业 非农业户口 城镇", "resident": "居民 居民户口"},
    by_word=True,
)

RESIDENCE = _codes(
    {"home": "在家 常住", "away": "外出 流出", "moved_in": "流动入 流入 流动 暂住"},
    by_word=True,
)

SELF_CARE = _codes({"1": "自理 能自理 1自理 完全自理", "2": "半自理 2半自理 部分自理", "3": "不能自理 3不能自理 失能"})

DISABILITY = _codes(
    {
        "1": "视力 视力残疾",
        "2": "听力 听力残疾",
        "3": "言语 言语残疾",
        "4": "肢体 肢体残疾",
        "5": "智力 智力残疾",
        "6": "精神 精神残疾",
        "7": "多重 多重残疾",
        "0": "无 无残疾 没有",
    },
    by_word=True,
)

DISABILITY_GRADE = _codes({"1": "一级 1级 一", "2": "二级 2级 二", "3": "三级 3级 三", "4": "四级 4级 四", "0": "无"})

CHILD_STATE = _codes(
    {
        "home": "在家",
        "away": "在外",
        "away_part": "部分时间在外",
        "none_living": "无存活 无存活子女",
        "disabled": "伤残 子女伤残",
        "never": "无子女 未生育",
    },
    by_word=True,
)

CATEGORY = _codes(
    {
        "empty_nest": "空巢 空巢家庭 空巢老人",
        "bereaved": "失独 失独家庭",
        "disabled_child": "伤残 伤残家庭 独生子女伤残",
        "hardship": "困难 困难家庭 计生困难家庭",
        "girl": "女孩 女孩家庭",
        "left_behind_child": "留守儿童",
        "left_behind_woman": "留守妇女",
        "left_behind_elder": "留守老人",
        "migrant": "流动 流动人口 流动人口家庭",
        "infertility": "不孕 不孕不育 不孕不育家庭",
        "seasonal_empty_nest": "阶段性空巢",
        "two_girls": "双女 双女家庭 双女户",
        "single_mother": "单亲母亲",
        "ordinary": "普通 普通家庭",
    },
    by_word=True,
)

RISK = _codes(
    {"A": "甲 高 高风险 A高风险 a类", "B": "乙 重点 B重点 b类", "C": "丙 一般 C一般 c类", "D": "丁 不探访 D不探访 d类"}
)

WILLINGNESS = _codes(
    {
        "agreed": "同意 是 愿意",
        "phone": "仅电话 只接受电话 电话",
        "festival": "仅节日 只在节日 节日",
        "refused": "拒绝 不同意 否 不愿意",
        "unknown": "未询问 未问",
    },
    by_word=True,
)

STRICTEST_WILLINGNESS = ("refused", "festival", "phone", "agreed", "unknown")
"""Whoever of a household wants the least decides for the household (domain.md E5)."""

HELPER_KIND = _codes(
    {
        "soldier_son": "兵儿子",
        "league_child": "团儿女",
        "volunteer": "志愿者",
        "neighbour": "结邻里亲",
        "mother": "妈妈",
        "dream_girl": "圆梦女孩",
        "cadre": "干部",
        "area_duty": "包保",
        "linked": "挂钩",
        "dual_contact": "双岗联系人 双岗",
        "one_to_one": "一对一",
        "group_service": "团体服务",
    },
    by_word=True,
)

NEED = _codes(
    {
        "daily_care": "生活照料 日常照料 照料 代购",
        "housework": "家务 做家务 打扫卫生",
        "comfort": "精神慰藉 陪伴 聊天 心理疏导",
        "health": "看病与康复 看病 康复 陪同就医 健康指导 健康 医疗",
        "emergency": "应急帮助 应急 应急呼叫 紧急救助",
        "legal": "法律援助 法律",
        "culture": "文化娱乐 文化 文化活动",
        "home_repair": "住房改造 修房 住房",
        "income": "生产增收 增收 就业",
        "study": "助学 教育",
        "other": "其他",
    },
    by_word=True,
    other="other",
)
