"""One group of failures: what, how often, whom it hit, what was decided, what one can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import streamlit as st

from salina_monitor import runtime
from salina_monitor.actions import Actor
from salina_monitor.actions.triage import decide
from salina_monitor.coincidence import Coincidence, Link
from salina_monitor.failures import FailureGroup, GroupState, MarkKind, told
from salina_monitor.models import AsOf, JobFilters, JobStatus, TimeRange, User, iso, utcnow
from salina_monitor.monitor import Monitor
from salina_monitor.policy import Right, allows
from salina_monitor.report import plain as _plain
from salina_monitor.ui.acting import act
from salina_monitor.ui.bars import trend
from salina_monitor.ui.bulk_links import bulk_link, query_of
from salina_monitor.ui.format import clock, plural, zone
from salina_monitor.ui.page_link import page_link
from salina_monitor.ui.text import block, one_line, plain

LOOK = {
    GroupState.REOPENED: ("Came back", "red", ":material/replay:"),
    GroupState.OPEN: ("Open", "orange", ":material/error:"),
    GroupState.SUPERSEDED: ("Made good later", "green", ":material/check_circle:"),
    GroupState.IGNORED: ("Ignored", "gray", ":material/visibility_off:"),
    GroupState.RESOLVED: ("Resolved", "green", ":material/task_alt:"),
}
REASON_LIMIT = 500
_FOR = {"always": None, "for a day": timedelta(days=1), "for a week": timedelta(days=7)}


def render(
    monitor: Monitor, group: FailureGroup, state: GroupState, span: TimeRange, as_of: AsOf, user: User,
    fell_into: Sequence[Coincidence] = (),
) -> None:  # fmt: skip
    """A bordered box for one group; `fell_into` is the trouble of services it fell into, surest first."""
    now = utcnow()
    tz, zone_name = zone(st.context.timezone)
    word, color, icon = LOOK[state]
    with st.container(border=True, key=f"failure_{group.fingerprint}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(word, icon=icon, color=color)  # type: ignore[arg-type]
            plain(group.title)
        if group.example:
            plain(f"e.g. {group.example}")
        facts = [
            plural(group.count, "failure"), one_line(", ".join(group.types), 120), hit(group),
            f"last {clock(group.last_seen, tz, now)}, first {clock(group.first_seen, tz, now)} ({zone_name})",
        ]  # fmt: skip
        if group.superseded:
            facts.insert(1, f"{group.superseded:,} made good later")
        if group.retries:
            facts.append(plural(group.retries, "retry", "retries"))
        plain(" · ".join(facts))
        st.html(trend(group.trend, "red", f"Failures over {span.value}"))
        for one in fell_into[:2]:
            _link(one, lambda at: clock(at, tz, now).rpartition(":")[0])
        decided = told(group, state, lambda at: f"{clock(at, tz, now).rpartition(':')[0]} ({zone_name})")
        if decided:
            plain(decided)
        _buttons(monitor, group, state, span, as_of, user, fell_into)


def _link(one: Coincidence, at: Callable[[datetime], str]) -> None:
    sure = one.link is not Link.CHANCE
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(one.service.label if sure else "Chance?", icon=":material/link:", color="violet" if sure else "gray")
        plain(one.told(at))


def hit(group: FailureGroup) -> str:
    """`hits 3 tenants: acme (120), other (20), …`."""
    named = [f"{tenant} ({n:,})" for tenant, n in group.tenants if tenant is not None]
    if not named:
        return "no tenant known"
    more = ", …" if group.tenant_count > len(named) else ""
    return f"hits {plural(group.tenant_count, 'tenant')}: {one_line(', '.join(named), 300)}{more}"


def _buttons(
    monitor: Monitor, group: FailureGroup, state: GroupState, span: TimeRange, as_of: AsOf, user: User,
    fell_into: Sequence[Coincidence],
) -> None:  # fmt: skip
    filters = JobFilters(status=JobStatus.FAILED, range=span, group=group.fingerprint)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        page_link("Show jobs", f"/admin/system?{query_of(filters)}", icon=":material/list:")
        sample = f"/admin/job?id={quote(group.sample_id, safe='')}"
        page_link("Latest one", sample, icon=":material/open_in_full:")
        with st.popover("Markdown", icon=":material/content_copy:", key=f"md_{group.fingerprint}"):
            block(markdown(group, state, span, as_of, fell_into))
        if group.open:
            bulk_link(filters, user, "all")
        if allows(user, Right.TRIAGE):
            _decisions(monitor, group, state, as_of)


def _decisions(monitor: Monitor, group: FailureGroup, state: GroupState, as_of: AsOf) -> None:
    key = group.fingerprint
    at = monitor.mirror.state().as_of.server_at or as_of.server_at or utcnow()
    if state in (GroupState.RESOLVED, GroupState.IGNORED):
        st.button(
            "Open again", icon=":material/replay:", key=f"reopen_{key}", on_click=_decide,
            args=(monitor, group, MarkKind.REOPENED, at),
        )  # fmt: skip
        return
    with st.popover("Resolve", icon=":material/task_alt:", key=f"resolve_menu_{key}"):
        st.text("It comes back by itself if it fails once more.")
        st.text_input("Why", key=f"resolve_why_{key}", max_chars=REASON_LIMIT, placeholder="kept in the log")
        st.button(
            "Resolve",
            key=f"resolve_{key}",
            type="primary",
            on_click=_decide,
            args=(monitor, group, MarkKind.RESOLVED, at),
        )
    with st.popover("Ignore", icon=":material/visibility_off:", key=f"ignore_menu_{key}"):
        st.selectbox("For how long", list(_FOR), key=f"ignore_for_{key}")
        st.number_input(
            "Or until it comes this many more times", 1, 1_000_000, None, key=f"ignore_count_{key}",
            placeholder="however often",
        )  # fmt: skip
        st.number_input(
            "Or until it comes this often in one hour", 1, 1_000_000, None, key=f"ignore_rate_{key}",
            placeholder="however fast",
        )  # fmt: skip
        st.text_input("Why", key=f"ignore_why_{key}", max_chars=REASON_LIMIT, placeholder="kept in the log")
        args = (monitor, group, MarkKind.IGNORED, at)
        st.button("Ignore", key=f"ignore_{key}", type="primary", on_click=_decide, args=args)


def _decide(monitor: Monitor, group: FailureGroup, kind: MarkKind, at: object) -> None:
    key = group.fingerprint
    chosen = st.session_state.get
    ignoring = kind is MarkKind.IGNORED
    length = _FOR.get(str(chosen(f"ignore_for_{key}"))) if ignoring else None
    count = chosen(f"ignore_count_{key}") if ignoring else None
    rate = chosen(f"ignore_rate_{key}") if ignoring else None
    why = str(chosen(f"{'ignore' if ignoring else 'resolve'}_why_{key}") or "")

    def change(actor: Actor) -> str:
        done = decide(
            actor, runtime.get().accounts.activity, monitor.store, key, kind, why=why,
            until_at=utcnow() + length if length else None, until_count=int(count) if count else None,
            until_per_hour=int(rate) if rate else None,
            at=at,  # type: ignore[arg-type]
        )  # fmt: skip
        if not done:
            return "This failure is not known any more."
        return f"{kind.value.capitalize()}: {group.title}"

    act(change)


def markdown(
    group: FailureGroup, state: GroupState, span: TimeRange, as_of: AsOf, fell_into: Sequence[Coincidence] = ()
) -> str:
    """The group for a ticket or a chat, plain words with UTC times."""
    tenants = ", ".join(f"{tenant or 'no tenant'} ({n})" for tenant, n in group.tenants)
    lines = [
        f"**{_plain(group.title)}**",
        "",
        *([f"- e.g. {_plain(group.example)}"] if group.example else []),
        f"- state: {LOOK[state][0].lower()}",
        f"- failures in the last {span.value}: {group.count} ({group.superseded} made good later)",
        f"- job types: {_plain(', '.join(group.types))}",
        f"- tenants hit: {group.tenant_count}: {_plain(tenants)}",
        f"- retries: {group.retries}",
        f"- first seen {iso(group.first_seen)}, last seen {iso(group.last_seen)}",
        *(f"- {one.told(lambda at: iso(at) or '')}" for one in fell_into[:2]),
        f"- latest job: {_plain(group.sample_id)}",
        *([f"- {_plain(decided)}"] if (decided := told(group, state)) else []),
        f"- as of {iso(as_of.at)}",
    ]
    return "\n".join(lines)
