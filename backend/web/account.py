"""Logging in and out, one's own password, language and text size."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from backend.administration.log_in import LogInRefused, authenticate
from backend.api.me import Me
from backend.api.throttling import FailedLogIns
from backend.web.door import Refused, command
from backend.web.pages import TEXT_SIZE_COOKIE, TEXT_SIZES, Page
from backend.web.second_factor import address_of

YEAR = 365 * 24 * 3600


def wanted(request: HttpRequest, otherwise: str = settings.LOGIN_REDIRECT_URL) -> str:
    """Where the reader was going: `next`, when it lies on this site."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        return target
    return resolve_url(otherwise)


@method_decorator([transaction.non_atomic_requests, sensitive_post_parameters("password")], name="dispatch")
class LogIn(View):
    """Name and password. No transaction of its own: a failure is counted and then told, so it must stay."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form; whoever is logged in already goes on."""
        return redirect(wanted(request)) if request.user.is_authenticated else self._form(request)

    def post(self, request: HttpRequest) -> HttpResponse:
        """In, or the form again with the name that was typed."""
        throttle, username = FailedLogIns(), request.POST.get("username", "").strip()
        if not throttle.allow_request(request, self):  # type: ignore[arg-type]
            return self._form(request, gettext("Too many attempts from here. Wait a moment."), status=429)
        with transaction.atomic():
            user = authenticate(
                username=username[:60],
                password=request.POST.get("password", "")[:200],
                now=timezone.now(),
                address=address_of(request),
            )
        if user is None:
            throttle.note_failure()
            return self._form(request, str(LogInRefused.message), status=401)
        # Asks for the second factor first, when the account has one.
        response: HttpResponse = perform_login(request, user, email_verification="none", redirect_url=wanted(request))
        if user.language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            remember_language(response, user.language)
        return response

    def _form(self, request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
        told = {"error": error, "username": request.POST.get("username", ""), "next": wanted(request)}
        return render(request, "web/log_in.html", told, status=status)


class LoggedIn(Page):
    """Where a log-in in a second window ends: the first one goes on."""

    template = "web/logged_in.html"
    title = _("You are logged in again")

    def get(self, request: HttpRequest) -> HttpResponse:
        """This window can be closed."""
        return self.show()


class RequestToken(Page):
    """The token that forms send against forgery: a page that outlived its session asks for the new one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """It is the reader's own; other sites cannot read the answer."""
        return JsonResponse({"token": get_token(request)})


class LogOut(View):
    """The session ends."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """To the log-in form."""
        auth.logout(request)
        return redirect("web:log_in")


class Password(Page):
    """One's own password."""

    template = "web/password.html"
    title = _("Change the password")
    open_before_password_change = True

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self.show({"forced": self.user.must_change_password})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Changed; everything else logged in with the old one is logged out."""
        try:
            given = {"old": request.POST.get("old", ""), "new": request.POST.get("new", "")}
            command(request, Me, "password", body=given)
        except Refused as refused:
            return self.show({"refused": refused, "forced": self.user.must_change_password}, status=refused.status)
        self.user.refresh_from_db()
        auth.update_session_auth_hash(request, self.user)
        return redirect(wanted(request))


class Preferences(View):
    """Language and text size: kept in cookies for whoever sits here."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Back to where one was."""
        response = redirect(wanted(request, "web:today"))
        language, size = request.POST.get("language", ""), request.POST.get("text_size", "")
        if check_for_language(language) and language in dict(settings.LANGUAGES):
            remember_language(response, language)
        if size in TEXT_SIZES:
            response.set_cookie(TEXT_SIZE_COOKIE, size, max_age=YEAR, **_cookie())
        return response


def remember_language(response: HttpResponse, language: str) -> None:
    """The pages speak this language from now on."""
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=YEAR, **_cookie())


def _cookie() -> dict[str, Any]:
    return {"samesite": "Lax", "secure": settings.SESSION_COOKIE_SECURE, "httponly": True}
