"""Certificate numbers typed in by hand: written as rosters bring them, and on file once."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext_lazy as _

from backend.cases.models import Person
from backend.cases.rosters.problems import message
from backend.cases.rosters.values import birth_of, other_certificate, resident_id, sex_of
from backend.core.crypto import blind_index
from backend.core.errors import Conflict, FieldProblem, Invalid
from backend.org.access import Actor
from backend.org.models import Unit


class BadNumber(Invalid):
    """This is no number of such a certificate; `problems` tells why."""

    code = "id_checksum"
    message = _("This id number is wrong.")


class DuplicatePerson(Conflict):
    """Somebody with this certificate is on file: looked for first, then entered, so that nobody is there twice (E7)."""

    code = "duplicate_person"
    message = _("Somebody with this certificate number is on file already.")


def settle_certificate(person: Person) -> None:
    """Write the number in its one form and set what follows from it; birth and sex where nothing is said yet.

    Raises BadNumber.
    """
    is_resident = person.certificate_kind == "id"
    read = resident_id(person.certificate) if is_resident else other_certificate(person.certificate)
    if read.problem:
        told = message({"code": read.problem, "detail": read.detail})
        raise BadNumber([FieldProblem("/certificate", BadNumber.code, told)])
    person.certificate = str(read.value or "")
    person.certificate_index = blind_index(person.certificate) if person.certificate else None
    person.certificate_tail = person.certificate[-4:]
    if is_resident and person.certificate:
        born = birth_of(person.certificate)
        # A lunar date is a day to celebrate; what counts is the day that the id tells (E17).
        person.birth_date = born if person.birth_is_lunar else person.birth_date or born
        person.sex = sex_of(person.certificate) if person.sex == "0" else person.sex


def refuse_twin(person: Person, actor: Actor) -> None:
    """Whoever left a household may turn up in another; everybody else is on file once. Raises DuplicatePerson.

    Two who enter the same person at the same moment wait for each other. Where the other one lives is told only to who
    works there.
    """
    if person.certificate_index is None:
        return
    index = bytes(person.certificate_index)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"certificate:{index.hex()}"])
    known = Person.objects.filter(certificate_index=index, family__merged_into=None).exclude(status="left")
    twin = known.exclude(pk=person.pk).select_related("family__unit").first()
    if twin is None:
        return
    place = Unit.objects.filter(pk=actor.unit_id).first() if actor.unit_id else None
    is_near = place is not None and twin.unit_path.startswith(place.path)
    where = {"household": twin.family.number, "village": twin.family.unit.name} if is_near else {}
    told = message({"code": "duplicate_person", "detail": "on_file" if is_near else "elsewhere", "params": where})
    raise DuplicatePerson([FieldProblem("/certificate", DuplicatePerson.code, told)])
