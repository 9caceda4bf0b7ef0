"""A passkey, kept by an authenticator that the browser itself plays: set up, and asked for at the next log-in."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD
from tests.browser.reader import Reader

PASSKEYS = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def test_a_passkey_is_set_up_and_asked_for(reader: Callable[..., Reader]) -> None:
    """On an account of its own, so that other stories log in as ever."""
    here = reader(width=390)
    page = here.page
    devtools = here.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": PASSKEYS})

    here.log_in("stranger", PASSWORD)
    here.open("/second-factor/")
    assert (here.barriers(), here.overflow()) == ([], 0)
    here.open("/second-factor/webauthn/add/")
    page.fill("#id_password", PASSWORD)  # who changes a second factor proves once more who he is
    page.click("main button[type=submit]")
    page.fill("#id_name", "我的手机")
    assert (here.barriers(), here.overflow()) == ([], 0)
    page.wait_for_load_state()  # the button is the script's
    page.click("#mfa_webauthn_add")
    page.wait_for_url("**/recovery-codes/")

    here.context.clear_cookies()
    page.goto("/log-in/")
    page.fill("#username", "stranger")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/authenticate/**")
    assert (here.barriers(), here.overflow()) == ([], 0)
    here.open("/inbox/")
    assert "/log-in/" in page.url, "the password alone opens nothing"
    page.goto("/log-in/")
    page.fill("#username", "stranger")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.locator("#mfa_webauthn_authenticate").wait_for()
    page.wait_for_load_state()
    page.click("#mfa_webauthn_authenticate")
    page.wait_for_url(lambda url: "authenticate" not in url)
    here.open("/")
    expect(page.locator(".number").first).to_be_visible()
