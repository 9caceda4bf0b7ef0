"""The second factor on the pages: allauth's views in our dress, our lock-out around them."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.administration import second_factors
from backend.administration.log_in import LogInRefused, authenticate, count_failure, is_locked, let_in
from backend.api.throttling import FailedLogIns
from backend.org.models import User


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by the security administrator, nowhere else; passwords are checked by our own verb."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody makes an account for oneself."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Asked again before a second factor is changed: wrong passwords count here too."""
        username, password = credentials.get("username", ""), credentials.get("password", "")
        return authenticate(username=username, password=password, now=timezone.now(), address=address_of(request))


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    """The code at log-in: wrong ones lock the account like wrong passwords."""

    def clean_code(self) -> str:
        """The code. Raises ValidationError, the same for a wrong code and a locked account."""
        user = User.objects.select_for_update(of=("self",)).get(pk=self.user.pk)
        if is_locked(user, timezone.now()):
            raise ValidationError(str(LogInRefused.message), code=LogInRefused.code)
        try:
            return str(super().clean_code())
        except ValidationError:
            count_failure(user=user, now=timezone.now(), address=address_of(context.request))
            raise

    def save(self) -> None:
        """The last proof: in."""
        super().save()
        let_in(user=self.user, now=timezone.now(), address=address_of(context.request))


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A passkey is added."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("What you call it")


def is_missing(request: HttpRequest) -> bool:
    """Whether the reader has to set up a second factor before anything else, by what holds now: roles are given and
    factors are lost while somebody sits here.

    The roles are known to every page; only whom one of them asks for it (administrators, auditors) costs a statement.
    """
    user = request.user
    assert isinstance(user, User)
    return second_factors.is_asked_of(user) and not second_factors.is_set_up(user)


def address_of(request: HttpRequest) -> str:
    """Whence the request comes, as the throttle sees it."""
    return FailedLogIns().get_ident(request) or ""  # type: ignore[arg-type]
