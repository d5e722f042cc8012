"""Many jobs at once: what would be done with a list, then how it goes. An address alone never does anything."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pandas as pd
import streamlit as st

from salina_monitor.actions import Actor
from salina_monitor.actions.bulk import CAP, BulkRefused, Preview, What
from salina_monitor.models import AsOf, JobFilters, User
from salina_monitor.monitor import Monitor
from salina_monitor.policy import allows
from salina_monitor.report import chosen
from salina_monitor.ui import bulk_progress
from salina_monitor.ui.account import user_menu
from salina_monitor.ui.acting import act, said
from salina_monitor.ui.bulk_links import ICON, VERB, bulk_of, query_of, work_on
from salina_monitor.ui.filters import Parameters, stamp, view_of
from salina_monitor.ui.format import clock, count, plural, zone
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.section import section
from salina_monitor.ui.session import NOT_ALLOWED, current_actor
from salina_monitor.ui.text import one_line, plain

REASON_LIMIT = 400
_KEY = "_bulk_preview"
MOST_ID = 2**31


@dataclass(frozen=True)
class Pinned:
    """The preview of one tab: for whom and of which list, as of when, and the key that lets it be begun once."""

    of: str
    as_of: AsOf
    seen: Preview
    key: str


def render(monitor: Monitor, user: User) -> None:
    """Title, then what the address asks for."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="header"):
        with st.container(width="stretch", gap=None):
            st.markdown("### Many jobs at once")
            st.caption("Run again or cancel a whole list, with a reason, job by job")
        st.button("Refresh", icon=":material/refresh:", type="primary", key="refresh", on_click=_forget)
        user_menu(user)
    said()
    given = {name: st.query_params.get_all(name) for name in st.query_params}
    number = None
    if "id" in given:
        read = Parameters(given, ("id",))
        number = read.number("id", MOST_ID)
        if read.dropped or not "".join(given["id"]).strip():
            plain("This address names no bulk action: it should end in ?id= and its number.")
        else:
            bulk_progress.render(monitor, number)
    elif "what" in given:
        _preview(monitor, user, given)
    else:
        st.text("Choose jobs first: filter the list by a status on System, or take a cause on Failures.")
        page_link("System", "/admin/system", icon=":material/dns:")
        page_link("Failures", "/admin/failures", icon=":material/error:")
    bulk_progress.recent(monitor, besides=number)


def _preview(monitor: Monitor, user: User, given: Mapping[str, Sequence[str]]) -> None:
    read = Parameters({"what": given["what"]}, ("what",))
    word = read.one_of("what", [what.value for what in What])
    view = view_of({name: values for name, values in given.items() if name != "what"})
    if word is None or view.dropped:
        # A filter that is ignored would make the list longer than whoever made the address meant.
        plain(f"This address cannot be used: {'; '.join((*read.dropped, *view.dropped)) or 'what is missing'}.")
        return
    what = What(word)
    if not allows(user, what.right):
        st.text(NOT_ALLOWED)
        return
    page_link("Back to the list", f"/admin/system?{query_of(view.filters)}", icon=":material/arrow_back:")
    actor = current_actor()
    as_of = monitor.mirror.state().as_of
    if actor is None or as_of.at is None:
        st.text("No job has been read from Inngest yet; open the System page, it says why.")
        return
    try:
        with section(f"What would be done ({one_line(chosen(view.filters), 200)})"):
            pinned = _pinned(monitor, actor, what, view.filters, as_of)
            _told(pinned.seen, pinned.as_of)
            if pinned.seen.jobs:
                _form(monitor, pinned)
    except BulkRefused as error:
        plain(str(error))


def _pinned(monitor: Monitor, actor: Actor, what: What, filters: JobFilters, as_of: AsOf) -> Pinned:
    """What is previewed is what will be done: the jobs stay those that were first shown here."""
    wanted = stamp(what, query_of(filters), actor.user.name, actor.user.tenant)
    pinned = st.session_state.get(_KEY)
    if not isinstance(pinned, Pinned) or pinned.of != wanted:
        seen = bulk_of(monitor).preview(actor, what, filters, as_of)
        pinned = Pinned(wanted, as_of, seen, uuid.uuid4().hex)
        st.session_state[_KEY] = pinned
    return pinned


def _forget() -> None:
    st.session_state.pop(_KEY, None)


def _told(seen: Preview, as_of: AsOf) -> None:
    what = seen.what
    tz, name = zone(st.context.timezone)
    with st.container(border=True, key="bulk_preview", gap="small"):
        st.markdown(f"##### {VERB[what]}: {plural(seen.jobs, 'job')}")
        total = count(seen.total, capped=seen.total_is_capped)
        plain(f"{total} listed as of {clock(as_of.at, tz, as_of.at) if as_of.at else ''} ({name}): {seen.scope}")
        if seen.total > seen.jobs or seen.total_is_capped:
            st.text(f"At most {CAP:,} at once: only the newest {seen.jobs:,} of them. The others are another time.")
        if not seen.jobs:
            st.text("There is nothing to do.")
            return
        tenants = ", ".join(f"{tenant or 'no tenant known'} ({n:,})" for tenant, n in seen.tenants)
        more = ", …" if len(seen.tenants) < seen.tenant_count else ""
        plain(f"{plural(seen.tenant_count, 'tenant')}: {one_line(tenants, 400)}{more}")
        plain(f"Types: {one_line(', '.join(seen.types), 300)}")
        if seen.asked_before:
            st.text(f"{plural(seen.asked_before, 'job')} asked for before will be skipped.")
        if seen.made_good and what is What.RERUN:
            st.text(f"{plural(seen.made_good, 'job')} whose document was made later will be skipped.")
        st.caption(f"The newest {len(seen.sample)}")
        rows = [
            {"Job": job.id, "Type": one_line(job.type_label, 80), "Tenant": one_line(job.tenant_id or "—", 80),
             "Error": one_line(job.error.first_line) if job.error else "",
             "Open": f"/admin/job?id={quote(job.id, safe='')}"}
            for job in seen.sample
        ]  # fmt: skip
        st.dataframe(
            pd.DataFrame(rows), hide_index=True, height="content", alt=f"A sample of {len(rows)} jobs",
            column_config={"Open": st.column_config.LinkColumn("Open", display_text="Job page", width=70)},
        )  # fmt: skip


def _form(monitor: Monitor, pinned: Pinned) -> None:
    what = pinned.seen.what
    reason = f"bulk_why_{pinned.key}"
    st.text_input("Why", key=reason, max_chars=REASON_LIMIT, placeholder="kept in the log, for every one of them")
    st.button(
        f"{VERB[what]} {plural(pinned.seen.jobs, 'job')} now", key="bulk_begin", type="primary", icon=ICON[what],
        on_click=_begin, args=(monitor, pinned, reason),
    )  # fmt: skip


def _begin(monitor: Monitor, pinned: Pinned, reason: str) -> None:
    why = str(st.session_state.get(reason) or "")

    def change(actor: Actor) -> str:
        try:
            number = bulk_of(monitor).begin(actor, pinned.seen, why, pinned.key)
        except BulkRefused as error:
            return str(error)
        work_on(monitor, number)
        _forget()
        st.query_params.from_dict({"id": str(number)})
        return ""

    act(change)
