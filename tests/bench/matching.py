"""The matching of a whole area: from the database to stored, explained proposals, in a process whose memory is read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from backend.helpers.models import Batch, HelperKind
from backend.org.models import Unit
from tests import factories
from tests.bench import crowd
from tests.bench.server import ROOT

TOWNS, VILLAGES = 20, 10
"""Of a county."""
PER_COUNTY = 10_000
KINDS = ("soldier_son", "league_child", "volunteer", "neighbour")
TONGUES, NEEDS = "{普通话,天津话,粤语,东北话}", "{comfort,health,housework,legal,daily_care,culture}"
SKILLS = "{聊天,量血压,做饭,法律咨询,照料,书法}"


@dataclass(frozen=True)
class Matched:
    """How long it took, how much memory at most (resident), and for how many families somebody was proposed."""

    seconds: float
    peak_mb: float
    served: int


def matched(folder: Path, many: int, *, province: str) -> Matched:
    """Match so many families with as many helpers of one place each. Raises RuntimeError when the process fails.

    `province`: two digits of a province of its own for them.
    """
    top = _area(province, max(many // PER_COUNTY, 1))
    _people(top, many)
    crowd.settle()
    batch = Batch.objects.create(scope="area", unit=top, day=timezone.localdate(), seed=7, families=many)
    begun = time.perf_counter()
    log = folder / "matching.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.match", str(batch.pk)], cwd=ROOT, stdout=output, stderr=output
        )
        _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(log.read_text(errors="replace")[-2000:])
    kilobyte = 1 if sys.platform == "darwin" else 1024
    batch.refresh_from_db()
    return Matched(seconds, usage.ru_maxrss * kilobyte / 1_000_000, batch.served)


def _area(province: str, counties: int) -> Unit:
    """A province with so many counties of twenty townships of ten villages."""
    top = factories.region(f"{province}0000000000")
    villages = []
    for county in range(1, counties + 1):
        for town in range(TOWNS):
            above = factories.region(f"{province}01{county:02d}{100 + town}000")
            for village in range(VILLAGES):
                code = f"{above.code[:9]}{200 + village}"
                path = f"{above.path}{200 + village}."
                villages.append(Unit(code=code, name=code, kind="village", parent=above, path=path))
    Unit.objects.bulk_create(villages)
    return top


def _people(top: Unit, many: int) -> None:
    """Families on the waiting list and helpers with one place each, spread evenly over the villages."""
    for kind in KINDS:
        HelperKind.objects.get_or_create(code=kind, defaults={"label": kind, "label_en": kind})
    programme = factories.programme(f"match{many}", helper_kinds=list(KINDS[:3]))
    here = Unit.objects.filter(path__startswith=top.path, kind="village").order_by("path")[0]
    seed = f"match{many}"
    family_of_all = factories.family(unit=here, number=f"{seed}-0")
    case = factories.case(family_of_all, programme=programme, phase="waiting", number=f"{seed}-0")
    helper = factories.helper(unit=here, max_families=1, number=f"{seed}-0")
    unit = f"""JOIN (SELECT id AS village, path, row_number() OVER (ORDER BY path) - 1 AS place,
        count(*) OVER () AS all_ FROM org_unit WHERE kind = 'village' AND path LIKE '{top.path}%') v
        ON v.place = g % v.all_"""
    family = {
        "id": crowd.row_id(f"{seed} family"),
        "unit_id": "village",
        "number": f"'{seed}-' || g",
        "risk_tier": "(ARRAY['A','B','C','C'])[1 + g % 4]",
        "languages": f"ARRAY[{_one(TONGUES, 2)}]",
        "needs": f"ARRAY[{_one(NEEDS, 3)}]",
    }
    waits = {
        "id": crowd.row_id(f"{seed} case"),
        "family_id": crowd.row_id(f"{seed} family"),
        "number": f"'{seed}-' || g",
        "unit_id": "village",
        "unit_path": "path",
        "opened_at": f"now() - {crowd.fraction('g', 5)} * interval '900 days'",
    }
    helps = {
        "id": crowd.row_id(f"{seed} helper"),
        "number": f"'{seed}-' || g",
        "unit_id": "village",
        "kind_id": f"(ARRAY['{KINDS[0]}','{KINDS[1]}','{KINDS[2]}','{KINDS[2]}'])[1 + (g / 7) % 4]",
        "sex": "(1 + g % 2)::text",
        "languages": f"ARRAY[{_one(TONGUES, 7)}]",
        "skills": f"ARRAY[{_one(SKILLS, 11)}]",
    }
    crowd.copies(case.family, 1, many - 1, family, joined=unit)
    crowd.copies(case, 1, many - 1, waits, joined=unit)
    crowd.copies(helper, 1, many - 1, helps, joined=unit)


def _one(words: str, root: int) -> str:
    """SQL for one of these words by the row's number."""
    count = words.count(",") + 1
    return f"('{words}'::text[])[1 + floor({crowd.fraction('g', root)} * {count})::int]"
