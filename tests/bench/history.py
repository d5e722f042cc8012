"""What stands in a store beside runs after months of use: events, functions, checks, incidents, activity, decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from salina_monitor.store import Store

_FUNCTIONS = "insert into functions (id, name, seen_at) select unnest(%(functions)s::text[]), unnest(%(functions)s::text[]), %(now)s"
# Events are kept for the days of the first fill and a day more.
_EVENTS = """insert into events (id, name, received_at, tenant_id, tokens, documents)
    select event_id, 'statements/pdf.generate', queued_at, tenant_id,
        array[split_part(tenant_id, '-', 1), split_part(tenant_id, '-', 2)], documents
    from runs where queued_at > %(now)s::timestamptz - interval '8 days' and event_id is not null"""
_CHECKS = """insert into health_checks (service, at, status, code, latency_ms, message)
    select service, at, case when bad then 'unhealthy' else 'healthy' end, case when bad then 'timeout' else 'ok' end,
        5 + (extract(epoch from at)::bigint * 7919 %% 60)::int, 'words about the result'
    from unnest(array['database', 'clerk', 's3', 'resend', 'inngest']) as s (service),
        generate_series(%(now)s::timestamptz - interval '8 days', %(now)s, interval '30 seconds') as t (at),
        lateral (select extract(epoch from at)::bigint / 600 %% 251 = 7) as b (bad)"""
_PARTS = """insert into health_parts (size, service, bucket, up_s, degraded_s, down_s, n, p50_ms, p95_ms)
    select size, service, bucket, seconds * 0.98, seconds * 0.01, seconds * 0.01, (seconds / 30)::int, 21, 58
    from unnest(array['database', 'clerk', 's3', 'resend', 'inngest']) as s (service),
        (values ('quarter', interval '15 minutes', interval '100 days', 900),
                ('day', interval '1 day', interval '1000 days', 86400)) as z (size, step, kept, seconds),
        generate_series(date_bin(step, %(now)s::timestamptz - kept, timestamptz '2000-01-01 00:00:00+00'), %(now)s, step)
            as t (bucket)"""
_INCIDENTS = """insert into incidents (scope, opened_at, closed_at, worst, code, message)
    select (array['database', 'clerk', 's3', 'resend', 'inngest'])[1 + n %% 5], %(now)s::timestamptz - n * interval '7 hours',
        %(now)s::timestamptz - n * interval '7 hours' + interval '12 minutes',
        case when n %% 3 = 0 then 'degraded' else 'unhealthy' end, 'timeout', 'words about the incident'
    from generate_series(1, 300) as n"""
_ACTIVITY = """insert into activity (at, who, kind, target, outcome, address)
    select %(now)s::timestamptz - n * interval '5 minutes', 'person-' || n %% 12,
        (array['sign_in', 'sign_out', 'export', 'rerun', 'failure_resolved'])[1 + n %% 5], 'R' || n, 'done', '10.0.0.7'
    from generate_series(1, 100000) as n"""
_MARKS = """insert into failure_marks (fingerprint, kind, at, who, why, count_then)
    select fingerprint, case when row_number() over () %% 2 = 0 then 'ignored' else 'resolved' end,
        %(now)s::timestamptz - interval '3 days', 'owner', 'known', 10
    from (select distinct fingerprint from runs where status = 'failed' and ended_at > %(now)s::timestamptz - interval '1 day'
          and fingerprint is not null order by 1 limit 4) as f"""
_ASKED = """insert into job_actions (job_id, what, at, who)
    select id, 'rerun', %(now)s, 'owner' from runs where status = 'failed' order by queued_at desc limit 500"""


def fill_around(store: Store, runs: int, now: datetime, functions: list[str]) -> None:
    """The rest of the tables, for a store of `runs` runs; of few runs only what every store has."""
    values: dict[str, Any] = {"now": now, "functions": functions}
    statements = [_FUNCTIONS] + (
        [_EVENTS, _CHECKS, _PARTS, _INCIDENTS, _ACTIVITY, _MARKS, _ASKED] if runs >= 20_000 else []
    )
    with store.connection(statement_timeout_s=600) as conn:
        for statement in statements:
            conn.execute(statement.encode(), values)
