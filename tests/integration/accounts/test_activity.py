"""The activity log: what happens leaves a row, and a row stays."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import psycopg
import pytest

from salina_monitor.accounts.errors import TenantRefused, UserExists
from salina_monitor.accounts.sessions import Sessions
from salina_monitor.accounts.sign_in import SignIn
from salina_monitor.accounts.users import Users
from salina_monitor.activity import OPERATOR, Activity, ActivityFilters, Entry, Kind, Origin, Outcome, own_up
from salina_monitor.models import Role, TimeRange
from salina_monitor.store import Store, StoreError
from tests.integration.accounts.conftest import Clock

GOOD = "correct horse battery"
ALL = ActivityFilters(range=TimeRange.ALL)
BOSS = Origin("boss", "192.0.2.1", "she moved to finance")


def rows(activity: Activity) -> list[tuple[str, str, str, str]]:
    return [(row.who, row.kind, row.target, row.outcome) for row in reversed(activity.page(ALL).rows)]


def test_every_change_of_a_user_says_who_what_from_where_and_why(users: Users, activity: Activity) -> None:
    users.add("ada", Role.ADMIN, GOOD, by=BOSS)
    users.add("eve", Role.OWNER, GOOD)
    users.set_role("ada", Role.FINANCE, by=BOSS)
    users.set_tenant("ada", "northwind-press", by=BOSS)
    users.set_disabled("ada", True, by=BOSS)
    users.set_disabled("ada", False, by=BOSS)
    users.reset_password("ada", GOOD + "!", by=BOSS)
    users.change_password("ada", GOOD + "!", GOOD + "?", address="192.0.2.7")
    assert rows(activity) == [
        ("boss", "user_added", "ada", "done"),
        ("command line", "user_added", "eve", "done"),
        ("boss", "role_changed", "ada", "done"),
        ("boss", "tenant_changed", "ada", "done"),
        ("boss", "user_disabled", "ada", "done"),
        ("boss", "user_enabled", "ada", "done"),
        ("boss", "password_reset", "ada", "done"),
        ("ada", "password_changed", "ada", "done"),
    ]
    changed = next(row for row in activity.page(ALL).rows if row.kind == Kind.ROLE_CHANGED)
    assert (changed.address, changed.why, dict(changed.detail)) == (
        "192.0.2.1",
        "she moved to finance",
        {"before": "admin", "after": "finance"},
    )


def test_a_change_that_was_refused_leaves_neither_change_nor_row(users: Users, activity: Activity) -> None:
    users.add("ada", Role.OWNER, GOOD)
    before = rows(activity)
    with pytest.raises(UserExists):
        users.add("ada", Role.ADMIN, GOOD)
    with pytest.raises(TenantRefused):
        users.set_tenant("ada", "northwind-press")
    with pytest.raises(TenantRefused):
        users.add("eve", Role.OWNER, GOOD, tenant="northwind-press")
    assert rows(activity) == before
    assert [(user.name, user.tenant) for user in users.list()] == [("ada", None)]


def test_a_limited_user_becomes_owner_only_after_the_limit_is_lifted(users: Users) -> None:
    users.add("ada", Role.ADMIN, GOOD, tenant="northwind-press")
    with pytest.raises(TenantRefused, match="lift that first"):
        users.set_role("ada", Role.OWNER)
    users.set_tenant("ada", None)
    assert users.set_role("ada", Role.OWNER).role is Role.OWNER


def test_sign_in_refusal_and_sign_out_have_rows(
    users: Users, sign_in: SignIn, sessions: Sessions, activity: Activity
) -> None:
    users.add("ada", Role.ADMIN, GOOD)
    sign_in.attempt("ada", "wrong", address="192.0.2.7", agent="Browser")
    token = sign_in.attempt(" ADA ", GOOD, address="192.0.2.7", agent="Browser").token
    assert token
    sessions.end(token, address="192.0.2.7")
    sessions.end(token)  # a second sign-out ends nothing and says nothing
    assert rows(activity)[1:] == [
        ("ada", "sign_in_refused", "", "refused"),
        ("ada", "sign_in", "", "done"),
        ("ada", "sign_out", "", "done"),
    ]
    assert {row.address for row in activity.page(ALL).rows[:3]} == {"192.0.2.7"}


def test_a_password_typed_as_a_name_is_not_kept(sign_in: SignIn, activity: Activity, store: Store) -> None:
    sign_in.attempt("my-Secret-Passphrase-9", "", address="192.0.2.7", agent="")
    assert rows(activity) == [("", "sign_in_refused", "", "refused")]
    with store.connection() as conn:
        kept = conn.execute("select activity::text as row from activity").fetchall()
    assert "passphrase" not in str(kept).lower()


def test_an_attacker_cannot_fill_the_log(users: Users, sign_in: SignIn, activity: Activity, clock: Clock) -> None:
    """Unbounded growth by strangers (the class of CVE-2022-23837)."""
    users.add("ada", Role.ADMIN, GOOD)
    for _ in range(100):
        sign_in.attempt("ada", "wrong", address="192.0.2.7", agent="")
    kinds = [row[1] for row in rows(activity)]
    assert kinds.count("sign_in_refused") == 3
    assert kinds.count("sign_in_slowed") == 1
    clock.move(seconds=61)
    for _ in range(10):
        sign_in.attempt("ada", "wrong", address="192.0.2.7", agent="")
    assert [row[1] for row in rows(activity)].count("sign_in_slowed") == 2


@pytest.mark.parametrize(
    "statement", ["update activity set who = 'nobody'", "delete from activity", "truncate activity"]
)
def test_the_store_itself_refuses_to_rewrite_history(activity: Activity, store_dsn: str, statement: str) -> None:
    activity.add(Entry(Kind.EXPORT, OPERATOR, "jobs"))
    with psycopg.connect(store_dsn) as conn, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        conn.execute(statement)
    assert rows(activity) == [("command line", "export", "jobs", "done")]


def test_rows_go_by_age_only(store: Store) -> None:
    now = Clock(Clock().now)
    with store.connection() as conn:
        conn.execute(
            "insert into activity (at, who, kind, outcome) select now() - n * interval '1 day', 'ada', 'sign_in', 'done'"
            " from generate_series(1, 100) n"
        )
        stamp = conn.execute("select now() as now").fetchone()
    assert stamp
    now.now = stamp["now"]
    kept = Activity(store, keep=timedelta(days=40), clock=now)
    assert kept.prune() == 60
    assert kept.prune() == 0
    assert kept.page(ALL).total == 40


def test_what_was_typed_never_decides_whether_a_row_is_kept(activity: Activity) -> None:
    activity.add(Entry(Kind.EXPORT, Origin("a\0b", "x" * 500, "\ud800 why " * 200), "t" * 9_000))
    (row,) = activity.page(ALL).rows
    assert (row.who, len(row.address), len(row.why), len(row.target)) == ("a�b", 64, 500, 200)


def test_filters_narrow_and_pages_hold_every_row_once(activity: Activity, clock: Clock) -> None:
    for number in range(25):
        kind = Kind.EXPORT if number % 5 == 0 else Kind.SIGN_IN
        activity.add(Entry(kind, Origin("ada" if number % 2 else "eve"), str(number), Outcome.DONE))
        clock.move(hours=1)
    seen = [row.target for number in (1, 2, 3) for row in activity.page(ALL, number, 10).rows]
    assert seen == [str(number) for number in reversed(range(25))]
    assert activity.page(ALL, 99, 10).page == 3
    assert activity.page(ActivityFilters("eve", Kind.EXPORT, TimeRange.ALL)).total == 3
    assert activity.page(ActivityFilters(range=TimeRange.HOUR)).total == 1
    assert len(activity.rows(ActivityFilters("ada", range=TimeRange.ALL), cap=7)) == 7
    assert activity.people() == ("ada", "eve")


def test_what_was_asked_and_never_told_is_owned_up_to_once(activity: Activity, store: Store, clock: Clock) -> None:
    """A process that is killed while the store is away takes the outcome with it: nobody must take that for nothing."""
    ada, eve = Origin("ada", "192.0.2.1", "bucket is back"), Origin("eve", "192.0.2.2", "by mistake")

    def at(hours: float, *entries: Entry) -> None:
        for entry in entries:
            activity.add(entry, clock.now + timedelta(hours=hours))

    at(-30, Entry(Kind.RERUN_ASKED, ada, "LOST"))
    at(-29, Entry(Kind.RERUN_ASKED, ada, "LOST"), Entry(Kind.RERUN, ada, "LOST"))  # asked anew, and that went well
    at(-5, Entry(Kind.CANCEL_ASKED, eve, "LOST TOO"), Entry(Kind.RERUN_ASKED, ada, "REFUSED"))
    at(-5, Entry(Kind.RERUN, ada, "REFUSED", Outcome.FAILED), Entry(Kind.RERUN, eve, "LOST TOO"))
    at(-1, Entry(Kind.RERUN_ASKED, ada, "PERHAPS STILL WRITTEN"))
    before = rows(activity)

    def owned_up() -> int:
        with store.connection() as conn:
            return own_up(conn, clock.now)

    assert owned_up() == 2
    assert list((Counter(rows(activity)) - Counter(before)).elements()) == [
        ("ada", "rerun", "LOST", "unconfirmed"),
        ("eve", "cancel", "LOST TOO", "unconfirmed"),
    ]
    row = next(row for row in activity.page(ALL).rows if row.target == "LOST TOO" and row.kind == Kind.CANCEL)
    assert (row.address, row.why, row.detail) == ("192.0.2.2", "by mistake", {"code": "unconfirmed"})
    assert row.at == clock.now - timedelta(hours=5)
    clock.move(hours=0.5)
    assert owned_up() == 0
    clock.move(hours=1)
    assert owned_up() == 1


def test_without_a_store_a_row_is_an_error_not_a_silence(activity: Activity, store: Store) -> None:
    store.close()
    with pytest.raises(StoreError):
        activity.add(Entry(Kind.EXPORT, OPERATOR))
