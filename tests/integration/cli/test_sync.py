"""`sync`: 0 done and equal, 1 divergences, 2 the source cannot be read, with the sentence and setting of its code."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from salina_monitor.inngest.errors import FAULTS
from salina_monitor.models import Service
from salina_monitor.sandbox import sandbox_settings
from salina_monitor.store import Store
from tests.integration.cli.command import Sandbox, Shell
from tests.support.fault_server import Behaviour, FaultServer, answers, hang_up, not_http, redirect_loop, refused_port

HTML = b"<!doctype html><html><body>Sign in</body></html>"


@pytest.fixture
def mirror(sandbox: Sandbox) -> Iterator[Store]:
    """The sandbox's own store, shared with its running processes."""
    with Store.open(sandbox_settings(sandbox.shell.environment()), bind_source=False) as store:
        yield store


def test_it_syncs_beside_a_running_server(sandbox: Sandbox) -> None:
    done = sandbox("sync")
    assert (done.code, done.out, done.err) == (0, "The mirror is up to date.\n", "")


def test_an_equal_mirror_verifies(sandbox: Sandbox) -> None:
    done = sandbox("sync", "--verify")
    assert done.code == 0, done.out
    assert done.out.splitlines()[-1].endswith(" runs compared, 0 divergences.")
    assert int(done.out.split()[0].replace(",", "")) > 2000


def test_every_difference_is_printed_and_is_exit_code_1(sandbox: Sandbox, mirror: Store) -> None:
    with mirror.connection() as conn:
        rows = conn.execute(
            "select * from runs where status = 'completed' and ended_at between now() - interval '20 hours'"
            " and now() - interval '6 hours' order by id limit 2"
        ).fetchall()
        changed, removed = (row["id"] for row in rows)
        conn.execute("update runs set status = 'cancelled' where id = %s", [changed])
        conn.execute("create table kept as select * from runs where id = %s", [removed])
        conn.execute("delete from runs where id = %s", [removed])
    try:
        done = sandbox("sync", "--verify")
    finally:
        with mirror.connection() as conn:
            conn.execute("update runs set status = 'completed' where id = %s", [changed])
            conn.execute("insert into runs select * from kept on conflict do nothing")
            conn.execute("drop table kept")
    assert done.code == 1
    assert f"{changed} status: source completed, mirror cancelled" in done.out
    assert f"{removed} run: source completed, mirror absent" in done.out
    assert done.out.splitlines()[-1].endswith(" runs compared, 2 divergences.")
    assert sandbox("sync", "--verify").code == 0


@pytest.mark.parametrize(("fault", "code"), [("error", "vendor_down"), ("refused_key", "bad_key")])
def test_the_last_truth_stays_marked_stale(sandbox: Sandbox, fault: str, code: str) -> None:
    assert sandbox("sync").code == 0
    before = sandbox("summary", "--json").json
    sandbox.control.set(Service.INNGEST, fault)
    failed = sandbox("sync")
    after = sandbox("summary", "--json").json
    assert failed.code == 2
    assert failed.err == f"Error: {sentence(code, '503')}\n"
    assert after["stale"] is True
    assert after["failed_last_24h"] == before["failed_last_24h"]
    sandbox.control.heal_all()
    assert sandbox("sync").code == 0
    assert sandbox("summary", "--json").json["stale"] is False


def sentence(code: str, detail: str = "", setting: str | None = None) -> str:
    row = FAULTS[code]
    return row.sentence.format(detail=detail, setting=setting or row.setting)


@pytest.mark.parametrize(
    ("behaviour", "code", "detail"),
    [
        (answers(404, b"404 page not found\n", {"Content-Type": "text/plain"}), "too_old", ""),
        (answers(501, {"errors": [{"code": "not_implemented", "message": "no"}]}), "too_old", ""),
        (answers(401, b"Authentication failed\n"), "bad_key", ""),
        (answers(403, {"errors": [{"code": "forbidden", "message": "no"}]}), "forbidden", ""),
        (answers(200, HTML, {"Content-Type": "text/html"}), "wrong_base_url", ""),
        (redirect_loop, "wrong_base_url", ""),
        (answers(200, b"hello"), "bad_answer", "it is not JSON"),
        (answers(200, []), "bad_answer", "it is not a JSON object"),
        (answers(500, b"oops"), "vendor_error", "500"),
        (answers(503, b"later"), "vendor_down", "503"),
        (hang_up, "reset", ""),
        (not_http, "protocol", ""),
        (None, "refused", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_way_a_source_fails_has_its_sentence_and_setting(
    shell: Shell, store_dsn: str, behaviour: Behaviour | None, code: str, detail: str
) -> None:
    shell.env = {"MONITOR_DATABASE_URL": store_dsn, "INNGEST_SIGNING_KEY": "signkey-test-canary"}
    if behaviour is None:
        done = shell("sync", INNGEST_API_URL=f"http://127.0.0.1:{refused_port()}")
    else:
        with FaultServer(behaviour) as server:
            done = shell("sync", INNGEST_API_URL=server.url)
    assert (done.code, done.out) == (2, "")
    assert f"Error: {sentence(code, detail)}" in done.err
    setting = FAULTS[code].setting
    assert setting is None or setting in done.err
    assert "canary" not in done.said


def test_a_refused_api_key_is_called_by_its_own_name(shell: Shell, store_dsn: str) -> None:
    with FaultServer(answers(401, b"no\n")) as server:
        done = shell(
            "sync", MONITOR_DATABASE_URL=store_dsn, INNGEST_API_URL=server.url, INNGEST_API_KEY="sk-inn-api-canary"
        )
    assert done.code == 2
    assert done.err == f"Error: {sentence('bad_key', setting='INNGEST_API_KEY')}\n"


def test_an_api_key_alone_syncs_without_asking_for_event_data(shell: Shell, store_dsn: str) -> None:
    with FaultServer(answers(200, {"metadata": {}, "page": {}})) as server:
        done = shell(
            "sync", MONITOR_DATABASE_URL=store_dsn, INNGEST_API_URL=server.url, INNGEST_API_KEY="sk-inn-api-canary"
        )
        assert done.code == 0, done.err
        assert server.heads
        assert not [head for head in server.heads if b" /v1/" in head.split(b"\r\n")[0]]


def test_without_a_key_it_says_which_to_set(shell: Shell, store_dsn: str) -> None:
    done = shell("sync", MONITOR_DATABASE_URL=store_dsn)
    assert (done.code, done.err) == (2, f"Error: {sentence('not_configured')}\n")


def test_a_key_with_blanks_is_not_sent(shell: Shell, store_dsn: str) -> None:
    with FaultServer(answers(200, {})) as server:
        done = shell(
            "sync", MONITOR_DATABASE_URL=store_dsn, INNGEST_API_URL=server.url, INNGEST_SIGNING_KEY="signkey-can ary"
        )
        assert server.accepted == 0
    assert (done.code, done.err.startswith("Error: INNGEST_SIGNING_KEY contains blanks")) == (2, True)


def test_an_unreachable_store_is_exit_code_2(shell: Shell) -> None:
    done = shell("sync", MONITOR_DATABASE_URL=f"postgresql://u:canary@127.0.0.1:{refused_port()}/x")
    assert done.code == 2
    assert done.err.startswith("Error: ")
    assert "canary" not in done.said


def test_another_source_is_refused_and_users_alone_claim_none(shell: Shell, store_dsn: str) -> None:
    shell.env = {"MONITOR_DATABASE_URL": store_dsn, "INNGEST_API_KEY": "sk-inn-api-test"}
    added = shell("users", "add", "ada", "--role", "owner", "--password-stdin", stdin="a-long-enough-one")
    assert added.code == 0
    with FaultServer(answers(200, {"metadata": {}, "page": {}})) as one, FaultServer(answers(200, {})) as other:
        assert shell("sync", INNGEST_API_URL=one.url).code == 0
        done = shell("sync", INNGEST_API_URL=other.url)
        assert (done.code, other.accepted) == (2, 0)
        assert one.url in done.err
        assert other.url in done.err
        assert "MONITOR_DATA_DIR" in done.err
        doctor = shell("doctor", "--json", INNGEST_API_URL=other.url).json
    assert doctor["store"]["code"] == "foreign_source"
