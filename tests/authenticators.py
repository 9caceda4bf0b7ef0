"""An authenticator app, as a telephone has one."""

import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from backend.org.models import User


class App:
    """Knows an account's secret and shows the code of the moment."""

    def __init__(self, user: User) -> None:
        self.secret: str = generate_totp_secret()
        TOTP.activate(user, self.secret)

    def code(self, *, later: int = 0) -> str:
        """The six digits of this half minute, or of one so many half minutes later."""
        return str(format_hotp_value(hotp_value(self.secret, int(time.time()) // 30 + later)))

    def wrong(self) -> str:
        """Six digits that are right at no near moment."""
        near = {self.code(later=step) for step in range(-3, 4)}
        return next(code for code in (f"{number:06}" for number in range(20)) if code not in near)


def recovery_code(user: User) -> str:
    """One of the codes on paper; it works once."""
    return str(RecoveryCodes.activate(user).get_unused_codes()[0])
