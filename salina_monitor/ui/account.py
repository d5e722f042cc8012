"""The own account: who one is, another password, sign-out."""

from __future__ import annotations

import streamlit as st

from salina_monitor import runtime
from salina_monitor.accounts import AccountError, Session
from salina_monitor.accounts.passwords import MAX_BYTES, MIN_CHARACTERS
from salina_monitor.actions import Actor, own
from salina_monitor.models import User
from salina_monitor.ui import alert_mail, session, session_list

_SAVED = "_password_saved"


def sign_out_button() -> None:
    """The button that ends the session, everywhere under the key `signout`."""
    st.button("Sign out", key="signout", icon=":material/logout:", on_click=session.end)


def user_menu(user: User) -> None:
    """Name, role and sign-out. Place it in a horizontal container."""
    st.text(f"{user.name} ({user.role.value})", width="content")  # inert: a name could read as a link in Markdown
    sign_out_button()


def render() -> None:
    """The account page of whoever is signed in now, whatever the role: password and sessions."""
    current = session.current_session()
    if current is None:
        st.text(session.ENDED)
        return
    st.title("Account")
    st.text(f"Signed in as {current.user.name} ({current.user.role.value}).")
    if st.session_state.pop(_SAVED, False):
        st.success("The password is changed. Your other sessions have ended.", icon=":material/check_circle:")
    _password_form(current)
    alert_mail.render(current.user)
    session_list.own_sessions()
    sign_out_button()


def render_forced_change() -> None:
    """After a reset: nothing but choosing an own password."""
    current = session.current_session()
    if current is None:
        st.text(session.ENDED)
        return
    st.title("Choose your own password")
    st.text("The present one was set by somebody else. Everything else opens once you have changed it.")
    _password_form(current)
    sign_out_button()


def _password_form(current: Session) -> None:
    with st.form("change_password", width=440):
        present = st.text_input("Present password", type="password", key="present", autocomplete="current-password")
        new = st.text_input("New password", type="password", key="new", autocomplete="new-password")
        again = st.text_input("New password again", type="password", key="again", autocomplete="new-password")
        st.caption(f"At least {MIN_CHARACTERS} characters and at most {MAX_BYTES} bytes.")
        sent = st.form_submit_button("Change password", type="primary")
    if not sent:
        return
    problem = "The two new passwords differ." if new != again else _change(current, present, new)
    if problem:
        st.error(problem, icon=":material/error:")
        return
    st.session_state[_SAVED] = True
    st.rerun()


def _change(current: Session, present: str, new: str) -> str:
    """Change it; "" or the sentence that says why not."""
    actor = Actor(current.user, current.id, session.address())
    try:
        own.change_password(actor, runtime.get().accounts, present, new, keep_session=current.hash)
    except AccountError as error:
        return str(error)
    return ""
