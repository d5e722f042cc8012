"""The sign-in page: streamlit-authenticator's form, our check, our session."""

from __future__ import annotations

import secrets
from typing import Any, cast

import streamlit as st
from streamlit_authenticator.controllers.authentication_controller import AuthenticationController
from streamlit_authenticator.controllers.cookie_controller import CookieController
from streamlit_authenticator.views.authentication_view import Authenticate

from salina_monitor import runtime
from salina_monitor.accounts import Attempt
from salina_monitor.accounts.first_owner import SANDBOX_PASSWORD
from salina_monitor.accounts.sign_in import FAILED
from salina_monitor.models import Role
from salina_monitor.policy import RIGHTS
from salina_monitor.ui import session

_FIELDS = {"Form name": "Sign in", "Username": "Name", "Password": "Password", "Login": "Sign in"}
_VENDOR_STATE = ("name", "authentication_status", "username", "email", "roles", "logout")


def render() -> None:
    """Paint the form; on success begin the session and run the script again, at the same address."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.title("Salina Monitor")
        form = _Form()
        attempt = form.ask()
        if attempt and attempt.token:
            session.begin(attempt.token)
            st.rerun()
        if attempt:
            st.error(attempt.message, icon=":material/error:")
        if runtime.settings().sandbox:
            _sandbox_sign_ins()


def _sandbox_sign_ins() -> None:
    with st.container(border=True, key="sandbox_sign_ins"):
        st.text(f"Sandbox sign-ins, each with the password “{SANDBOX_PASSWORD}”:")
        for role in Role:
            sees = "sees everything" if RIGHTS[role] else "is refused"
            st.text(f"{role.value} · {sees}")


class _Form(Authenticate):
    """The vendor's form without the vendor's cookie.

    Its constructor is not called: it would place an iframe whose script reads and writes cookies. The users
    it is given are none at all; whoever our check admits is entered for the rest of this run.
    """

    def __init__(self) -> None:
        self.attrs: dict[str, Any] = {"login_sleep_time": 0.0}
        self.path = None
        self.cookie_controller = cast("CookieController", _NoCookie())
        self.authentication_controller = self._controller = _Controller()

    def ask(self) -> Attempt | None:
        """Paint the form; how the try ended if it was sent in this run, else None."""
        for name in _VENDOR_STATE:  # what the vendor remembers must never outlive our look-up
            st.session_state[name] = None
        self.login(fields=_FIELDS, key="sign_in")
        return self._controller.attempt


class _Controller(AuthenticationController):
    """Stands between the vendor's form and its model, whose check of name and password is ours."""

    def __init__(self) -> None:
        self._admitted: dict[str, Any] = {"usernames": {}}
        super().__init__(self._admitted, None, False, None, None, secrets.token_hex(32))
        self.attempt: Attempt | None = None
        setattr(self.authentication_model, "check_credentials", self._check)  # noqa: B010 - a method, on purpose

    def login(self, *args: Any, **kwargs: Any) -> bool | None:
        self.attempt = Attempt(message=FAILED)  # an empty name never reaches the check
        return super().login(*args, **kwargs)

    def _check(self, name: str, password: str) -> bool:
        self.attempt = runtime.get().accounts.sign_in.attempt(
            name, password, address=session.address(), agent=session.agent()
        )
        if self.attempt.token is None:
            return False
        self._admitted["usernames"][name] = {"name": name}
        return True


class _NoCookie:
    """The vendor's cookie, off: readable by scripts, replayable after sign-out."""

    def get_cookie(self) -> None:
        return None

    def set_cookie(self) -> None:
        return None
