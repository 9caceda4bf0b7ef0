"""Running numbers that people quote: no gaps, no doubles, however many ask at the same moment."""

from django.db import connection

from backend.cases.models import CaseNumber
from backend.org.models import Unit

DIGITS = 4
REGION_CODE = 12


def next_number(scope: str) -> int:
    """The next number of a scope. Its row stays locked until the transaction ends, so that a rollback leaves no gap."""
    table = connection.ops.quote_name(CaseNumber._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (scope, last) VALUES (%s, 1) "  # noqa: S608
            f"ON CONFLICT (scope) DO UPDATE SET last = {table}.last + 1 RETURNING last",
            [scope],
        )
        return int(cursor.fetchone()[0])


def case_number(*, unit: Unit, programme: str, year: int) -> str:
    """A new case's number: <township code>-<programme>-<year>-<running number>."""
    scope = f"{township_code(unit)}-{programme.upper()}-{year}"
    return f"{scope}-{next_number(scope):0{DIGITS}d}"


def township_code(unit: Unit) -> str:
    """The 12-digit code of the township in which a village lies; other units stand for themselves."""
    if len(unit.code) == REGION_CODE and unit.code.isdecimal():
        return unit.code[:9].ljust(REGION_CODE, "0")
    return unit.code
