"""The periodic jobs seal the history and forget what nobody asks for."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from backend.administration.log_in import create_token
from backend.audit.history import record
from backend.audit.models import Chain, Seal
from backend.core.idempotency import begin
from backend.core.models import Answer
from backend.jobs.history import seal_heads
from backend.jobs.housekeeping import purge
from backend.org.access import SYSTEM
from backend.org.models import Token
from tests import factories

pytestmark = pytest.mark.django_db


def test_everything_told_is_sealed() -> None:
    for _ in range(3):
        record(action="case.changed", actor=SYSTEM, now=timezone.now(), case_id=uuid4())
    seal_heads(timestamp=0)
    assert Seal.objects.count() == 1
    assert not Chain.objects.filter(sealed=False).exists()
    seal_heads(timestamp=0)
    assert Seal.objects.count() == 1


def test_old_answers_and_tokens_are_forgotten() -> None:
    now = timezone.now()
    for days in (1, 400):
        begin(user_id=uuid4(), key="k", fingerprint=b"f" * 32, now=now - timedelta(days=days))
        past = now - timedelta(days=days)
        create_token(user=factories.user(), label="", expires_at=past, actor=SYSTEM, now=past)
    purge(timestamp=0)
    assert (Answer.objects.count(), Token.objects.count()) == (1, 1)
