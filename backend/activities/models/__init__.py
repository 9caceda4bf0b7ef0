"""What is kept of volunteers, their hours and what they are given for them; of activities and sites."""

from backend.activities.models.campaigns import Activity, ActivityQuerySet, SignUp, SignUpQuerySet
from backend.activities.models.certificates import Certificate, CertificateQuerySet
from backend.activities.models.honours import Call, CallQuerySet, Honour, HonourQuerySet
from backend.activities.models.hours import HourClaim, HourClaimQuerySet
from backend.activities.models.sites import (
    Booking,
    BookingQuerySet,
    DayCount,
    Enrolment,
    EnrolmentQuerySet,
    Site,
    SiteQuerySet,
)
from backend.activities.models.stars import StarAward, StarAwardQuerySet
from backend.activities.models.volunteers import Ban, BanQuerySet, Training, Volunteer, VolunteerQuerySet

__all__ = [
    "Activity",
    "ActivityQuerySet",
    "Ban",
    "BanQuerySet",
    "Booking",
    "BookingQuerySet",
    "Call",
    "CallQuerySet",
    "Certificate",
    "CertificateQuerySet",
    "DayCount",
    "Enrolment",
    "EnrolmentQuerySet",
    "Honour",
    "HonourQuerySet",
    "HourClaim",
    "HourClaimQuerySet",
    "SignUp",
    "SignUpQuerySet",
    "Site",
    "SiteQuerySet",
    "StarAward",
    "StarAwardQuerySet",
    "Training",
    "Volunteer",
    "VolunteerQuerySet",
]
