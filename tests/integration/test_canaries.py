"""No configured secret comes out anywhere: not in answers, exports, commands or logs (CVE-2022-27949)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from salina_monitor.accounts import Accounts
from salina_monitor.actions import Actor
from salina_monitor.actions.jobs import export_jobs, reveal_input
from salina_monitor.mirror import Mirror
from salina_monitor.models import JobError, JobFilters, JobStatus, Role, TimeRange, User, to_json
from salina_monitor.monitor import Monitor
from salina_monitor.queries import get_filter_choices, get_job_detail, get_job_summary, get_recent_jobs
from salina_monitor.redact import RedactingFilter, Redactor, install_log_redaction
from salina_monitor.settings import SETTINGS, Settings
from salina_monitor.store import Store
from tests.integration.cli.command import Shell
from tests.support.canaries import canaries, canary_env, heard, song
from tests.support.fake_client import FakeClient, run

OWNER = User("boss", Role.OWNER)


@pytest.fixture
def settings(settings_for: Any, store_dsn: str) -> Settings:
    return settings_for(MONITOR_DATABASE_URL=store_dsn, MONITOR_BCRYPT_COST="4", **canary_env())


@pytest.fixture
def monitor(settings: Settings) -> Iterator[Monitor]:
    """A monitor whose jobs echo every secret wherever a job can say something."""
    with Store.open(settings) as store:
        client = FakeClient(now=datetime.now(UTC))
        job = run(1, JobStatus.FAILED, queued=client.now - timedelta(minutes=5), took_s=5)
        client.put(replace(job, error=JobError(song()[:200], song(), f"Traceback\n{song()}")))
        plain = run(2, JobStatus.FAILED, queued=client.now - timedelta(minutes=5), took_s=5)
        client.put(
            replace(plain, error=JobError("E", " ".join(canary_env().values()), " ".join(canary_env().values())))
        )
        client.events[0].data["echo"] = {"body": song(), "json": json.dumps({"deep": song()})}  # type: ignore[index]
        mirror = Mirror(store, client, settings)  # type: ignore[arg-type]
        mirror.sync_now()
        mirror.close()
        made = Monitor.over(settings, store)
        yield replace(made, _everything=replace(made._everything, client=client))  # type: ignore[arg-type]
        made.close()


def test_every_secret_setting_has_a_canary() -> None:
    planted = set(canaries()) | {"MONITOR_DATABASE_URL"}
    assert planted == {setting.name for setting in SETTINGS if setting.secret}
    assert heard(song()) == list(canaries())


def test_no_answer_holds_one(monitor: Monitor) -> None:
    source = replace(monitor._everything, inputs=True)
    job_id = f"R{1:025d}"
    live, remembered = (
        get_job_detail(job_id, source=source),
        get_job_detail(job_id, source=replace(source, client=None)),
    )
    assert live
    assert live.attempts
    assert live.input
    answers = [
        get_recent_jobs(source=source), get_job_summary(source=source), get_filter_choices(source=source), live, remembered,
    ]  # fmt: skip
    text = json.dumps(to_json(answers), ensure_ascii=False)
    assert "•••" in text
    assert heard(text) == []


def test_no_export_and_no_revealed_input_holds_one(monitor: Monitor, settings: Settings) -> None:
    accounts, actor = Accounts.over(monitor.store, settings), Actor(OWNER, 1, "")
    source = monitor.jobs_for
    text = export_jobs(actor, accounts.activity, source, JobFilters(range=TimeRange.ALL), monitor.mirror.state().as_of)
    assert "•••" in text
    assert heard(text) == []
    shown = reveal_input(actor, accounts.activity, source, f"R{1:025d}")
    assert shown
    assert shown.input
    assert heard(json.dumps(shown.input, ensure_ascii=False)) == []


def test_the_store_keeps_none_that_has_a_shape(monitor: Monitor) -> None:
    with monitor.store.connection() as conn:
        kept = str(conn.execute("select runs::text as row from runs where id like '%2'").fetchall())
    shaped = {"DATABASE_URL", "CLERK_SECRET_KEY", "INNGEST_SIGNING_KEY", "INNGEST_API_KEY", "RESEND_API_KEY"}
    assert shaped.isdisjoint(heard(kept))


@pytest.mark.parametrize(
    "command",
    [["doctor"], ["doctor", "--json"], ["jobs"], ["jobs", "--json"], ["job", f"R{1:025d}", "--json"], ["summary"],
     ["users", "list", "--json"], ["sync"], ["job", f"R{1:025d}"]],
    ids=" ".join,
)  # fmt: skip
def test_no_command_says_one(monitor: Monitor, settings: Settings, tmp_path: Path, command: list[str]) -> None:
    shell = Shell(tmp_path, canary_env())
    done = shell(
        *command, MONITOR_DATABASE_URL=settings.monitor_database_url, MONITOR_DATA_DIR=settings.monitor_data_dir
    )
    assert done.code in (0, 1, 2)
    assert done.said
    assert heard(done.said) == []


def test_no_log_line_holds_one(settings: Settings) -> None:
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    root.addHandler(handler)
    try:
        install_log_redaction(settings)
        logger = logging.getLogger("salina_monitor.anything")
        logger.warning("vendor said %s", song())
        logger.warning(song())
        try:
            raise RuntimeError(song())
        except RuntimeError:
            logger.exception("it failed: %s", {"echo": song()})
    finally:
        root.removeHandler(handler)
        for other in root.handlers:
            for installed in [f for f in other.filters if isinstance(f, RedactingFilter)]:
                other.removeFilter(installed)
    assert "RuntimeError" in stream.getvalue()
    assert heard(stream.getvalue()) == []


def test_no_problem_of_a_setting_repeats_its_value(settings_for: Any) -> None:
    broken = {name: f"{value} \u00e9\n{value}" for name, value in canary_env().items()}
    problems = settings_for(**broken).problems
    assert problems
    assert heard(" ".join(problem.message for problem in problems)) == []
    assert heard(repr(settings_for(**canary_env()))) == []


def test_a_secret_that_cannot_be_used_is_masked_all_the_same(settings_for: Any) -> None:
    settings = settings_for(MONITOR_SESSION_KEY="too-short-c4nary", DATABASE_URL="postgres:/erp:c4nary@db")
    assert len(settings.problems) == 2
    assert "c4nary" not in Redactor(settings.secrets())("read too-short-c4nary and postgres:/erp:c4nary@db")
