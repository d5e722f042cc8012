"""Sizes that happen once a year: 500 spans, 10 kB of error, 5,000 tenants. Pages stay short, and say what was cut."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from streamlit.testing.v1 import AppTest

from salina_monitor.models import Attempt, JobError, JobStatus, Step, StepKind, Trace
from tests.bench.data import fill
from tests.support.fake_client import run
from tests.ui.stage import Stage, opened, texts

S = JobStatus
LONG = "first line of it\n" + "\n".join(f"at frame{n} (file{n}.ts:{n})" + "x" * 60 for n in range(110))


def page(stage: Stage, name: str, **query: str) -> tuple[AppTest, float]:
    began = time.monotonic()
    app = opened(name, stage.token, timeout_s=30, **query)
    return app, time.monotonic() - began


def test_a_job_of_500_spans_draws_200_lines_and_all_on_demand(stage: Stage) -> None:
    queued = stage.client.now - timedelta(minutes=30)
    job = run(1, S.FAILED, queued=queued, took_s=600)
    stage.client.put(job)
    steps = tuple(
        Step(f"step {n}", StepKind.STEP, 0, S.COMPLETED, queued, queued + timedelta(seconds=n),
             queued + timedelta(seconds=n + 1))
        for n in range(500)
    )  # fmt: skip
    stage.client.traces[job.id] = Trace(job.id, S.FAILED, queued, queued, job.ended_at, 0, (), steps=steps)
    stage.read()
    app, _ = page(stage, "job", id=job.id)
    (picture,) = [html.proto.body for html in app.get("html") if 'role="list"' in html.proto.body]
    assert picture.count('role="listitem"') == 200
    assert "The first 200 are drawn." in texts(app)
    app.toggle[0].set_value(True).run()
    (picture,) = [html.proto.body for html in app.get("html") if 'role="list"' in html.proto.body]
    assert picture.count('role="listitem"') == 500


def test_an_error_of_10_kb_is_whole_in_its_block_and_one_line_elsewhere(stage: Stage) -> None:
    assert len(LONG) > 9_000
    job = replace(run(1, S.FAILED, queued=stage.client.now - timedelta(minutes=9)), error=JobError("E", LONG, LONG))
    stage.client.put(job)
    began = job.queued_at
    attempts = tuple(Attempt(n + 1, S.FAILED, began, job.ended_at, JobError("E", f"{LONG}{n}")) for n in range(4))
    stage.client.traces[job.id] = Trace(job.id, S.FAILED, began, began, job.ended_at, 3, attempts, error=job.error)
    stage.read()
    for name, query in {"job": {"id": job.id}, "failures": {}, "bulk": {"what": "rerun", "status": "failed"}}.items():
        app, _ = page(stage, name, **query)
        outside = [str(text.value) for kind in ("text", "caption", "markdown") for text in app.get(kind)]
        assert max(map(len, outside)) < 800, name
        if name == "job":
            assert any(LONG in block.value for block in app.code), "nothing is lost where one looks closely"


def test_a_cause_that_hits_5000_tenants_names_the_first_and_counts_the_rest(stage: Stage) -> None:
    fill(stage.monitor.store, 5_000, days=1, active=0, failed=0.99)
    with stage.monitor.store.connection() as conn:
        conn.execute(
            "update runs set fingerprint = 'ffffffffffffffff', superseded_seq = 9223372036854775807, status = 'failed',"
            " tenant_id = 'tenant-' || right(id, 6), ended_at = %s::timestamptz - interval '1 hour'",
            (stage.monitor.mirror.state().as_of.server_at,),
        )
    app, took = page(stage, "failures")
    said = texts(app)
    assert "5,000 failures" in said
    assert "hits 5,000 tenants: " in said
    line = next(text for text in map(str, (t.value for t in app.text)) if "hits 5,000 tenants" in text)
    assert line.count("tenant-") == 5
    assert took < 5
    app, _ = page(stage, "bulk", what="rerun", status="failed", group="f" * 16)
    assert "##### Run again: 500 jobs" in texts(app)
    assert "At most 500 at once: only the newest 500 of them." in texts(app)
    assert "500 tenants: " in texts(app)
