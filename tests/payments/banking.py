"""A bank, as tests play it: it answers every line of a batch in a file."""

from __future__ import annotations

from collections.abc import Mapping

from backend.payments.models import Batch, Transfer

HEADER = "序号,账号,户名,金额,结果,原因,日期"


def answer(batch: Batch, *, returned: Mapping[int, str] = {}, only: range | None = None, on: str = "") -> bytes:
    """What the bank says: paid, but for the lines that it returns, with the reason."""
    lines = batch.transfers.exclude(state=Transfer.State.DROPPED).order_by("number")
    told = [HEADER]
    for line in lines:
        if only is None or line.number in only:
            result = "退回" if line.number in returned else "成功"
            reason = returned.get(line.number, "")
            told.append(f"{line.number},{line.account_number},{line.payee_label},{line.amount},{result},{reason},{on}")
    return "\n".join(told).encode("utf-8-sig")
