"""Who is looking, asked anew at every run, fragment and callback: roles change and sessions end in between.

The token of a sign-in made in this tab lies in the session state (server memory); after a reload or a deep
link the cookie of the connection takes its place. Both are looked up in the registry, neither proves anything.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec

import streamlit as st

from salina_monitor import runtime, sockets
from salina_monitor.accounts import AccountError, Session
from salina_monitor.actions import Actor
from salina_monitor.models import User
from salina_monitor.policy import Right, allows
from salina_monitor.store import StoreError
from salina_monitor.ui.once import once

log = logging.getLogger(__name__)
P = ParamSpec("P")

TOKEN = "_session_token"  # noqa: S105 - the name of a place
TICKET = "_session_ticket"  # noqa: S105 - likewise
BY_ITSELF = "_by_itself"
"""Set while the page runs without anybody having clicked."""
REFUSAL = "System monitoring is for owners and admins"
NOT_ALLOWED = "Your role does not allow this page; ask an owner."
ENDED = "You are signed out. Reload the page to sign in."
NO_STORE = "The monitor cannot reach its database; ask its administrator."


def current_session() -> Session | None:
    """The valid session of this connection: now, or as it was when this run of the page began to paint.

    Raises StoreError, AccountError.
    """
    found = secret()
    touch = not st.session_state.get(BY_ITSELF)
    if not found:
        return None
    return once(("session", found, touch), lambda: runtime.get().accounts.sessions.find(found, touch=touch))


def current_user() -> User | None:
    """Who is signed in at this moment, with today's role. Raises StoreError, AccountError."""
    session = current_session()
    return session.user if session else None


def current_actor() -> Actor | None:
    """Who acts at this moment, for the actions; None when nobody is signed in. Raises StoreError, AccountError."""
    session = current_session()
    return Actor(session.user, session.id, address()) if session else None


def viewer_or_none(right: Right = Right.VIEW_SYSTEM) -> User | None:
    """The user if they have the right now, else None after saying why. For fragments: `return` then.

    Never raises and never stops the script: `st.stop()` in a parallel fragment would cancel the others.
    """
    try:
        user = current_user()
    except (StoreError, AccountError) as error:
        log.warning("a session could not be looked up: %s", error)
        st.text(NO_STORE)
        return None
    if user is None:
        st.text(ENDED)
        return None
    if not allows(user, right):
        st.text(REFUSAL if not allows(user, Right.VIEW_SYSTEM) else NOT_ALLOWED)
        return None
    return user


def require_viewer(right: Right = Right.VIEW_SYSTEM) -> User:
    """The user, or a plain refusal and the end of this script run. For page scripts."""
    user = viewer_or_none(right)
    if user is None:
        st.stop()
    return user


def guarded(callback: Callable[P, None]) -> Callable[P, None]:
    """A widget callback that runs only for somebody who may see the monitor at the moment of the click.

    Callbacks run before the script's own gate. A refused one does nothing; the run that follows says why.
    """

    @functools.wraps(callback)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            user = current_user()
        except (StoreError, AccountError) as error:
            log.warning("a click was refused, its session could not be looked up: %s", error)
            return
        if allows(user, Right.VIEW_SYSTEM):
            callback(*args, **kwargs)

    return wrapper


def begin(token: str) -> None:
    """Make this tab the one that has just signed in, and leave a ticket for the browser's cookie."""
    st.session_state.clear()  # what somebody else looked at in this tab, whose session ended elsewhere
    st.session_state[TOKEN] = token
    st.session_state[TICKET] = runtime.get().accounts.sessions.ticket(token)


def end() -> None:
    """Sign out: the session is deleted, copies of its cookie included, and the tab forgets its state."""
    try:
        found = secret()
        if found:
            runtime.get().accounts.sessions.end(found, address=address())
    except (StoreError, AccountError) as error:
        log.warning("a sign-out could not be stored: %s", error)
        return  # still signed in; the run that follows says that the database is away
    st.session_state.clear()  # filters and drafts of this person are not the next one's


def cookie_pixel(session: Session) -> None:
    """Let the browser of a fresh sign-in fetch its cookie. Paints nothing and takes no room."""
    # Its place is kept when it is gone: else everything below moves up by one, and is on the screen twice for a blink.
    place = st.container(key="session_cookie")
    ticket = st.session_state.get(TICKET)
    if not ticket:
        return
    if session.has_cookie:
        del st.session_state[TICKET]
        return
    with place:
        st.html(f'<img src="/admin/session/{ticket}" alt="" width="1" height="1">')


def note_socket(session: Session | None) -> None:
    """Tell the server whose this connection is now: strangers' are few and do not last."""
    sockets.of_process().belongs_to(_text(st.context.headers.get(sockets.HEADER)), session.id if session else None)


def address() -> str:
    """Where the connection comes from; loopback has no address in Streamlit."""
    return _text(st.context.ip_address) or "local"


def agent() -> str:
    """What the browser calls itself."""
    return _text(st.context.headers.get("User-Agent")) or ""


def secret() -> str | None:
    """The token of this connection, from the tab's sign-in or its cookie. Raises StoreError, AccountError."""
    return _text(st.session_state.get(TOKEN)) or _text(st.context.cookies.get(runtime.get().accounts.cookie_name))


def _text(found: object) -> str | None:
    """What a connection said, if it said it; under AppTest there is none, and its stand-in answers with mocks."""
    return found if isinstance(found, str) else None
