"""What is stored of aid funds (P10): one file for each noun."""

from backend.funds.models.donations import Allocation, Donation, Donor, PurposeChange, UseReport
from backend.funds.models.loans import Instalment, Loan, LoanCheck, LoanQuerySet, Repayment
from backend.funds.models.shop import PointGrant, Redemption
from backend.funds.models.stock import Article, CountLine, StockCount, StockLot, StockMove, Store
from backend.funds.models.study_aid import (
    StudyAidApplication,
    StudyAidApplicationQuerySet,
    StudyAidCall,
    StudyAidCallQuerySet,
)

__all__ = [
    "Allocation",
    "Article",
    "CountLine",
    "Donation",
    "Donor",
    "Instalment",
    "Loan",
    "LoanCheck",
    "LoanQuerySet",
    "PointGrant",
    "PurposeChange",
    "Redemption",
    "Repayment",
    "StockCount",
    "StockLot",
    "StockMove",
    "Store",
    "StudyAidApplication",
    "StudyAidApplicationQuerySet",
    "StudyAidCall",
    "StudyAidCallQuerySet",
    "UseReport",
]
