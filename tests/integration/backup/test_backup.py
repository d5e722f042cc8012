"""A filled store written to one file and read back: the same rows, and every file or store that does not fit is refused."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql

from salina_monitor.accounts import Accounts
from salina_monitor.backup import APPLICATION, Archive, BackupError, backup, restore
from salina_monitor.backup.writing import NEVER, tables_of
from salina_monitor.health import Lease
from salina_monitor.models import Role
from salina_monitor.settings import Settings
from salina_monitor.store import Store, apply_migrations, known_migrations
from salina_monitor.store.embedded import EmbeddedServer
from tests.bench.data import fill
from tests.conftest import drop_database

SettingsFor = Callable[..., Settings]
PASSWORD = "correct horse battery"


@pytest.fixture
def filled(store: Store, settings_for: SettingsFor) -> Store:
    """Runs, people, a session, incidents, work that goes on."""
    fill(store, 3_000, tenants=20, active=30)
    accounts = Accounts.over(store, settings_for(MONITOR_BCRYPT_COST="4"))
    accounts.users.add("owner", Role.OWNER, PASSWORD)
    accounts.sign_in.attempt("owner", PASSWORD, address="local", agent="a\tb\\c\nd")
    with store.connection() as conn:
        conn.execute(
            "insert into incidents (scope, opened_at, closed_at, worst, code) values"
            " ('s3', now(), now(), 'unhealthy', 'x'), ('network', now(), null, 'unhealthy', 'x')"
        )
        conn.execute("update incidents set part_of = 2 where id = 1")
        conn.execute(
            "insert into incident_notes (incident_id, at, who, text) values (1, now(), 'owner', %s)", ["a\tb\\.\nü"]
        )
        conn.execute(
            "insert into bulk_actions (key, what, who, why, scope, at, acting, owner, lease_until)"
            " values ('k', 'rerun', 'owner', 'why', 'all', now(), 'owner', 'me', now() + interval '1 hour')"
        )
    return store


@pytest.fixture
def empty(pg_server: EmbeddedServer, settings_for: SettingsFor) -> Any:
    """Another, migrated store of nothing, opened as `restore` does."""
    pg_server.create_database("restored")
    with Store.open(_at(pg_server, settings_for), application_name=APPLICATION, bind_source=False) as opened:
        yield opened
    drop_database(pg_server, "restored")


def _at(server: EmbeddedServer, settings_for: SettingsFor, **env: str) -> Settings:
    return settings_for(MONITOR_DATABASE_URL=server.dsn("restored"), **env)


def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with store.connection(statement_timeout_s=60) as conn:
        found = {}
        for name, columns in tables_of(conn):
            if name in NEVER:
                continue
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            text = sql.SQL("select row({})::text as r from {} order by 1").format(names, sql.Identifier(name))
            found[name] = [tuple(row.values()) for row in conn.execute(text)]
    return found


def put_back(store: Store, settings: Settings, file: Path, **options: Any) -> dict[str, int]:
    with closing(Archive(file)) as archive:
        return restore(store, settings, archive, **options)


def test_what_was_written_comes_back_and_everybody_signs_in_again(
    filled: Store, empty: Store, pg_server: EmbeddedServer, settings_for: SettingsFor, tmp_path: Path
) -> None:
    file = tmp_path / "monitor.zip"
    manifest = backup(filled, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
    rows = put_back(empty, _at(pg_server, settings_for), file)
    assert rows["runs"] == 3_030
    assert manifest.source is not None
    before, after = contents(filled), contents(empty)
    changed = {"mirror_state", "collector_state", "bulk_actions"}
    assert set(before) == set(after)
    assert {name for name in before if before[name] != after[name]} <= changed
    assert before["run_counts"]
    assert before["incident_notes"] == after["incident_notes"]
    with empty.connection() as conn:
        assert conn.execute("select count(*) as n from sessions").fetchone() == {"n": 0}
        held = conn.execute("select owner, state, lease_until from bulk_actions").fetchone()
        assert held == {"owner": None, "state": "paused", "lease_until": None}
        # What numbers itself goes on after what is there, and triggers work again.
        conn.execute("insert into incidents (scope, opened_at, worst, code) values ('clerk', now(), 'degraded', 'x')")
        conn.execute("delete from runs where ended_at < 'infinity'")
        left = conn.execute("select coalesce(sum(n), 0)::int as n from run_counts").fetchone()
        assert left == {"n": 0}
    with pytest.raises(Exception, match="append-only"), empty.connection() as conn:
        conn.execute("update activity set who = 'x'")
    assert Accounts.over(empty, settings_for()).sign_in.attempt("owner", PASSWORD, address="local", agent="")


def test_an_older_archive_is_brought_up_to_date(
    store: Store, empty: Store, pg_server: EmbeddedServer, settings_for: SettingsFor, tmp_path: Path
) -> None:
    """A store at the step before retention: its file has a table less, and the store gets it with the rest."""
    old = [m for m in known_migrations() if m.version <= 21]
    with store.connection() as conn:
        conn.execute("drop schema public cascade; create schema public")
        conn.execute("create table schema_migrations (version integer primary key, name text not null,"
                     " applied_at timestamptz not null default now())")  # fmt: skip
        apply_migrations(conn, old)
        conn.execute("insert into functions (id, name, seen_at) values ('f', 'F', now())")
    file = tmp_path / "old.zip"
    assert backup(store, file).schema == 21
    put_back(empty, _at(pg_server, settings_for), file)
    with empty.connection() as conn:
        newest = conn.execute("select max(version) as v from schema_migrations").fetchone()
        assert newest == {"v": known_migrations()[-1].version}
        assert conn.execute("select id from functions").fetchall() == [{"id": "f"}]
        assert conn.execute("select count(*) as n from retention_state").fetchone() == {"n": 1}


def test_a_store_that_is_not_empty_is_replaced_only_when_told(
    filled: Store, empty: Store, pg_server: EmbeddedServer, settings_for: SettingsFor, tmp_path: Path
) -> None:
    file, settings = tmp_path / "b.zip", _at(pg_server, settings_for)
    backup(filled, file)
    put_back(empty, settings, file)
    with empty.connection() as conn:
        conn.execute("insert into functions (id, name, seen_at) values ('later', 'later', now())")
    with pytest.raises(BackupError, match=r"not empty .* --replace"):
        put_back(empty, settings, file)
    assert "later" in str(contents(empty)["functions"])
    put_back(empty, settings, file, replace=True)
    assert "later" not in str(contents(empty)["functions"])


def rewritten(file: Path, to: Path, change: Callable[[dict[str, Any]], None], **texts: bytes) -> Path:
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "manifest.json":
                manifest = json.loads(data)
                change(manifest)
                data = json.dumps(manifest).encode()
            new.writestr(name, texts.get(name.removeprefix("tables/").removesuffix(".copy"), data))
    return to


def _nothing(_: dict[str, Any]) -> None:
    pass


def test_what_does_not_fit_is_refused_in_a_sentence_and_changes_nothing(
    filled: Store, empty: Store, pg_server: EmbeddedServer, settings_for: SettingsFor, tmp_path: Path
) -> None:
    settings, file = _at(pg_server, settings_for), tmp_path / "b.zip"
    backup(filled, file)
    with empty.connection() as conn:
        conn.execute("insert into functions (id, name, seen_at) values ('mine', 'mine', now())")
    whole = file.read_bytes()
    cut, flipped, text = tmp_path / "cut.zip", tmp_path / "flipped.zip", tmp_path / "text.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    with zipfile.ZipFile(file) as packed:
        middle = packed.getinfo("tables/runs.copy").header_offset + 2_000
    flipped.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    text.write_text("no backup at all")
    table = "a table of somebody else's"

    def longer(manifest: dict[str, Any]) -> None:
        next(t for t in manifest["tables"] if t["name"] == "functions")["rows"] += 1

    cases = {
        "does not exist|No such file": tmp_path / "none.zip",
        "damaged: it is not a whole backup": cut,
        "damaged": flipped,
        "text.zip is damaged": text,
        "damaged: the rows of functions are not those": rewritten(file, tmp_path / "1.zip", _nothing, functions=b"x\n"),
        "damaged: functions has": rewritten(file, tmp_path / "2.zip", longer),
        "newer version of the monitor .*step 9999": rewritten(
            file, tmp_path / "3.zip", lambda m: m.update(schema=9999)
        ),
        "newer version of the monitor": rewritten(file, tmp_path / "4.zip", lambda m: m.update(format=99)),
        "damaged: its tables": rewritten(file, tmp_path / "5.zip", lambda m: m["tables"][0].update(name=table)),
        "damaged: the columns": rewritten(file, tmp_path / "6.zip", lambda m: m["tables"][0].update(columns=["x"])),
        "holds the runs of app other": rewritten(
            file, tmp_path / "7.zip", lambda m: m["source"].update(app_id="other")
        ),
    }
    before = contents(empty)
    for sentence, case in cases.items():
        with pytest.raises(BackupError, match=sentence):
            put_back(empty, settings, case, replace=True)
        assert contents(empty) == before, sentence


def test_a_monitor_that_runs_is_not_restored_under_its_feet(
    filled: Store, empty: Store, pg_server: EmbeddedServer, settings_for: SettingsFor, tmp_path: Path
) -> None:
    settings, file = _at(pg_server, settings_for), tmp_path / "b.zip"
    backup(filled, file)
    with Store.open(settings, bind_source=False), pytest.raises(BackupError, match="Stop it"):
        put_back(empty, settings, file)
    lease = Lease(empty)
    lease.take()  # of a process behind a pooler, which no list of connections shows
    with pytest.raises(BackupError, match="Stop it"):
        put_back(empty, settings, file)
    lease.drop()
    put_back(empty, settings, file)


def test_a_backup_that_cannot_be_written_leaves_nothing_and_keeps_the_old_one(filled: Store, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="cannot be written"):
        backup(filled, tmp_path / "nowhere" / "b.zip")
    with pytest.raises(BackupError, match="is a folder"):
        backup(filled, tmp_path)
    file = tmp_path / "b.zip"
    file.write_text("the old one")
    with filled.connection() as conn:
        conn.execute("alter table schema_migrations rename column version to wersion")
    with pytest.raises(Exception, match="version"):
        backup(filled, file)
    assert file.read_text() == "the old one"
    assert list(tmp_path.iterdir()) == [file]


def test_what_a_killed_backup_left_stops_no_later_one(filled: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    left, old = tmp_path / f".b.zip.{os.getpid()}.part", tmp_path / ".b.zip.0123abcd.part"
    others = [tmp_path / ".b.zip.mine.part", tmp_path / ".c.zip.0123abcd.part", tmp_path / ".b.zip.aaaa.part"]
    for path in (left, old, *others[:2]):
        path.write_bytes(b"x")
    others[2].symlink_to(others[1])
    for path in (old, *others[:2]):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    backup(filled, file)
    assert sorted(tmp_path.iterdir()) == sorted([file, left, *others])


def test_it_is_of_one_moment_however_long_it_takes(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody deletes everything after the first table was written."""
    from salina_monitor.backup import writing

    packed = writing._pack

    def pack_and_delete(*arguments: Any) -> Any:
        table = packed(*arguments)
        with filled.connection() as conn:
            conn.execute("delete from runs")
            conn.execute("delete from incidents")
        return table

    monkeypatch.setattr(writing, "_pack", pack_and_delete)
    manifest = backup(filled, tmp_path / "b.zip")
    rows = {table.name: table.rows for table in manifest.tables}
    assert (rows["runs"], rows["incidents"], rows["incident_notes"]) == (3_030, 2, 1)


def test_no_secret_of_the_moment_is_in_the_file(filled: Store, tmp_path: Path) -> None:
    file = tmp_path / "b.zip"
    backup(filled, file, now=datetime(2026, 11, 25, tzinfo=UTC))
    shutil.unpack_archive(file, tmp_path / "out")
    names = {path.stem for path in (tmp_path / "out" / "tables").iterdir()}
    assert "users" in names
    assert not names & {"sessions", "session_tickets", "sign_in_throttle"}
