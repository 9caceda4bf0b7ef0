"""What is kept of subsidies: standards by layer, applications with their reviews, what each person is entitled
to, the yearly review of it, exits and recoveries."""

from backend.subsidies.models.applications import Application, ApplicationQuerySet, Hand, Stage, StageQuerySet
from backend.subsidies.models.entitlements import Entitlement, EntitlementQuerySet, Rate
from backend.subsidies.models.exits import Exit, ExitQuerySet
from backend.subsidies.models.recoveries import Instalment, Receipt, Recovery, RecoveryQuerySet
from backend.subsidies.models.reviews import AnnualReview, AnnualReviewQuerySet, ReviewCheck, ReviewCheckQuerySet
from backend.subsidies.models.standards import Standard, StandardQuerySet

__all__ = [
    "AnnualReview",
    "AnnualReviewQuerySet",
    "Application",
    "ApplicationQuerySet",
    "Entitlement",
    "EntitlementQuerySet",
    "Exit",
    "ExitQuerySet",
    "Hand",
    "Instalment",
    "Rate",
    "Receipt",
    "Recovery",
    "RecoveryQuerySet",
    "ReviewCheck",
    "ReviewCheckQuerySet",
    "Stage",
    "StageQuerySet",
    "Standard",
    "StandardQuerySet",
]
