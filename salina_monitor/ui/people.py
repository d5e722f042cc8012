"""Who may sign in, for owners: add, role, tenant, shut out, reset a password."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor
from salina_monitor.actions import people as manage
from salina_monitor.models import Role, User
from salina_monitor.ui import session
from salina_monitor.ui.acting import act, said, show_once
from salina_monitor.ui.filters import stamp
from salina_monitor.ui.format import zone
from salina_monitor.ui.text import plain

ROLES = [role.value for role in Role]
_TIME = "D MMM YYYY, HH:mm"
REASON_LIMIT = 500
TENANT_LIMIT = 200


def render() -> None:
    """Table of users, the form of the chosen one, the form for a new one."""
    actor = session.current_actor()
    if actor is None:
        st.text(session.ENDED)
        return
    users = manage.everybody(actor, runtime.get().accounts)
    said()
    chosen = _table(users)
    if chosen is None:
        st.caption("Choose a row to change that user.")
    else:
        _change(chosen)
    _new()


def _table(users: tuple[User, ...]) -> User | None:
    tz, name = zone(st.context.timezone)
    rows = [
        {
            "Name": user.name, "Role": user.role.value, "Tenant": user.tenant or "all", "State": _state(user),
            "Added": user.created_at,
        }
        for user in users
    ]  # fmt: skip
    # A selection is a position: other users in the table are another table.
    key = f"people_table_{stamp([user.name for user in users])}"
    with st.container(key="people"):
        found = st.dataframe(
            pd.DataFrame(rows), hide_index=True, key=key, on_select="rerun", selection_mode="single-row",
            height="content", alt=f"Users: {len(users)} rows",
            column_config={
                "Added": st.column_config.DatetimeColumn(f"Added ({name})", format=_TIME, timezone=str(tz))
            },
        )  # fmt: skip
    at = found["selection"]["rows"]
    return users[at[0]] if at and at[0] < len(users) else None


def _state(user: User) -> str:
    return "shut out" if user.disabled else "must choose a password" if user.must_change else "may sign in"


def _change(user: User) -> None:
    with st.container(border=True, key="person"):
        plain(f"{user.name} · {user.role.value} · {_state(user)}")
        why = f"why_{user.name}"
        with st.form(f"person_{user.name}", border=False):
            with st.container(horizontal=True, gap="small"):
                role = st.selectbox("Role", ROLES, ROLES.index(user.role.value), key=f"role_{user.name}", width=180)
                tenant = st.text_input(
                    "Only this tenant", user.tenant or "", key=f"tenant_{user.name}", width=220,
                    max_chars=TENANT_LIMIT, placeholder="empty: all tenants",
                )  # fmt: skip
                st.text_input("Why", key=why, max_chars=REASON_LIMIT, placeholder="kept in the log", width=320)
            sent = st.form_submit_button("Save", type="primary", icon=":material/save:")
        with st.container(horizontal=True, gap="small"):
            word, icon = ("Let in again", ":material/lock_open:") if user.disabled else ("Shut out", ":material/block:")
            st.button(
                word, icon=icon, key="person_disable", on_click=_set_disabled, args=(user.name, not user.disabled, why)
            )
            st.button(
                "Reset password", icon=":material/key:", key="person_reset", on_click=_reset, args=(user.name, why)
            )
    if sent:
        _save(user, Role(role), tenant.strip() or None, _reason(why))


def _new() -> None:
    panel = st.expander("Add a user", icon=":material/person_add:", key="person_add")
    with panel, st.form("new_person", border=False):
        with st.container(horizontal=True, gap="small"):
            name = st.text_input("Name", key="new_name", max_chars=64, width=220)
            role = st.selectbox("Role", ROLES, ROLES.index(Role.ADMIN.value), key="new_role", width=180)
            tenant = st.text_input(
                "Only this tenant",
                key="new_tenant",
                max_chars=TENANT_LIMIT,
                placeholder="empty: all tenants",
                width=220,
            )
            why = st.text_input("Why", key="new_why", max_chars=REASON_LIMIT, placeholder="kept in the log", width=320)
        sent = st.form_submit_button("Add", type="primary", icon=":material/person_add:")
    if sent:

        def change(actor: Actor) -> str:
            accounts = runtime.get().accounts
            user, password = manage.add(actor, accounts, name, Role(role), tenant=tenant, why=why)
            show_once(password)
            return f"{user.name} is added. Hand over this one-time password; it is shown only now:"

        act(change)
        st.rerun()


def _save(user: User, role: Role, tenant: str | None, why: str) -> None:
    def change(actor: Actor) -> str:
        accounts = runtime.get().accounts
        # Lifting a limit comes before a role that must have none, and setting one after the role that may have it.
        if tenant is None and user.tenant is not None:
            manage.set_tenant(actor, accounts, user.name, None, why=why)
        if role is not user.role:
            manage.set_role(actor, accounts, user.name, role, why=why)
        if tenant is not None and tenant != user.tenant:
            manage.set_tenant(actor, accounts, user.name, tenant, why=why)
        return f"{user.name} is saved: {role.value}, {f'tenant {tenant} only' if tenant else 'all tenants'}."

    act(change)
    st.rerun()


def _set_disabled(name: str, disabled: bool, why: str) -> None:
    def change(actor: Actor) -> str:
        manage.set_disabled(actor, runtime.get().accounts, name, disabled, why=_reason(why))
        return f"{name} is shut out; all sessions have ended." if disabled else f"{name} may sign in again."

    act(change)


def _reset(name: str, why: str) -> None:
    def change(actor: Actor) -> str:
        show_once(manage.reset_password(actor, runtime.get().accounts, name, why=_reason(why)))
        return f"{name} is signed out everywhere. Hand over this one-time password; it is shown only now:"

    act(change)


def _reason(key: str) -> str:
    return str(st.session_state.get(key) or "")[:REASON_LIMIT]
