"""What is kept of helpers, of asking them, and of the spells in which they help."""

from backend.helpers.models.absences import Absence, AbsenceQuerySet, StandIn, StandInQuerySet
from backend.helpers.models.helpers import Helper, HelperKind, HelperQuerySet
from backend.helpers.models.offers import Offer, OfferQuerySet
from backend.helpers.models.pairings import Pairing, PairingQuerySet
from backend.helpers.models.proposals import Batch, BatchQuerySet, Proposal, ProposalQuerySet
from backend.helpers.models.rotations import Rotation, RotationQuerySet, RotationRow
from backend.helpers.models.rounds import (
    Difference,
    DifferenceQuerySet,
    ReportLine,
    Round,
    RoundQuerySet,
    VillageReport,
)
from backend.helpers.models.successions import Succession
from backend.helpers.models.suspensions import Suspension, SuspensionQuerySet

__all__ = [
    "Absence",
    "AbsenceQuerySet",
    "Batch",
    "BatchQuerySet",
    "Difference",
    "DifferenceQuerySet",
    "Helper",
    "HelperKind",
    "HelperQuerySet",
    "Offer",
    "OfferQuerySet",
    "Pairing",
    "PairingQuerySet",
    "Proposal",
    "ProposalQuerySet",
    "ReportLine",
    "Rotation",
    "RotationQuerySet",
    "RotationRow",
    "Round",
    "RoundQuerySet",
    "StandIn",
    "StandInQuerySet",
    "Succession",
    "Suspension",
    "SuspensionQuerySet",
    "VillageReport",
]
