"""What is read out before somebody is asked for consent: in plain words, one notice for each service (F03, PIPL 17)."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from backend.health.models import HealthService

VERSION = "2026-11"
"""Goes up with every change of a text below; each consent keeps the one it was given after."""

Kind = HealthService.Kind
HOSPITAL = _("The result is for you alone: it stays in the hospital, and nobody here can read it.")
ALWAYS = _("You may say no, now or later, without a reason. Nothing else that you receive changes.")

NOTICES: Mapping[str, tuple[str, ...]] = {
    Kind.PRE_CONCEPTION: (
        _("A free check for both of you before a pregnancy. We send a voucher's number to the hospital."),
        HOSPITAL,
        ALWAYS,
    ),
    Kind.FOLIC_ACID: (
        _("Free folic acid, brought once a month. We note how many bottles you received, nothing about your health."),
        ALWAYS,
    ),
    Kind.INFERTILITY: (
        _("Help on the way to a wished-for child: a quicker way at the hospital, a free examination, a discount."),
        _("We ask after six months whether it goes on. We never ask how it turned out."),
        HOSPITAL,
        ALWAYS,
    ),
    Kind.WOMENS_CHECK: (
        _("A free check for women whose village has its turn this year. Nobody keeps a list of who came."),
        HOSPITAL,
        ALWAYS,
    ),
    Kind.HOSPITAL_VISIT: (
        _("Your card opens the priority window. If you like, somebody keeps you company; you choose who."),
        HOSPITAL,
        ALWAYS,
    ),
    Kind.CHILD_FILE: (
        _("The child's file is kept by the health centre. We note its number, nothing that stands in it."),
        _("For a child under fourteen a guardian decides."),
        ALWAYS,
    ),
    Kind.DOCTOR_CONTRACT: (
        _("We note with which team you have a contract, and from when until when, so that it can be renewed."),
        ALWAYS,
    ),
}
