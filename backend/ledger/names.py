"""What the ledger's codes are called: accounts bear the codes of whoever keeps them, in lists of their own."""

from __future__ import annotations

from backend.org import codes

LISTS = ("ledger_account", "subsidy_kind", "payment_programme", "donation_purpose", "donor_kind")
"""Code lists in which the code of an account may stand; of two the first."""


def account_name(code: str) -> str:
    """What an account is for, in the active language; the code itself when no list knows it."""
    return next((codes.name(kind, code) for kind in LISTS if code in codes.entries(kind)), code)
