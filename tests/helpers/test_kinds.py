"""The shipped kinds of helper and programmes fit each other and the rosters' code lists."""

import pytest

from backend.cases.models import Programme
from backend.cases.programmes import load_programmes
from backend.cases.rosters import codes
from backend.helpers.kinds import load_kinds
from backend.helpers.models import HelperKind

pytestmark = pytest.mark.django_db


def test_twelve_kinds_that_rosters_know() -> None:
    assert load_kinds() == 12
    written = {codes.HELPER_KIND.known[kind.label]: kind.code for kind in HelperKind.objects.all()}
    assert len(written) == 12
    assert all(known == code for known, code in written.items())


def test_loading_again_leaves_what_an_office_changed() -> None:
    load_kinds()
    HelperKind.objects.filter(code="volunteer").update(max_families=9)
    assert load_kinds() == 0
    assert HelperKind.objects.get(code="volunteer").max_families == 9


def test_programmes_name_kinds_that_exist() -> None:
    load_kinds()
    assert load_programmes() == 7
    assert load_programmes() == 0
    known = set(HelperKind.objects.filter(statutory=False).values_list("code", flat=True))
    assert known == {kind for programme in Programme.objects.all() for kind in programme.helper_kinds}
    for programme in Programme.objects.all():
        assert programme.helper_kinds
        assert set(programme.helper_kinds) <= known
        assert programme.code.isalpha()
