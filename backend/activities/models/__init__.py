"""What is kept of volunteers, of the hours they give, and of what they are given for it."""

from backend.activities.models.certificates import Certificate, CertificateQuerySet
from backend.activities.models.hours import HourClaim, HourClaimQuerySet
from backend.activities.models.stars import StarAward, StarAwardQuerySet
from backend.activities.models.volunteers import Ban, BanQuerySet, Training, Volunteer, VolunteerQuerySet

__all__ = [
    "Ban",
    "BanQuerySet",
    "Certificate",
    "CertificateQuerySet",
    "HourClaim",
    "HourClaimQuerySet",
    "StarAward",
    "StarAwardQuerySet",
    "Training",
    "Volunteer",
    "VolunteerQuerySet",
]
