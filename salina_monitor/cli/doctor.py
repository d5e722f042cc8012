"""`doctor`: settings and services, and what to fix."""

from __future__ import annotations

from typing import Any

import click

from salina_monitor.alerts import mail, webhook
from salina_monitor.alerts.outcomes import Outcome
from salina_monitor.checks import overall, run_all_health_checks
from salina_monitor.cli.context import Context, echo_json
from salina_monitor.models import HealthStatus
from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreError, load_sql

EXIT_CODES = {
    HealthStatus.HEALTHY: 0,
    HealthStatus.NOT_CONFIGURED: 1,
    HealthStatus.DEGRADED: 1,
    HealthStatus.UNHEALTHY: 2,
}
_MARK = {
    HealthStatus.HEALTHY: ("ok", "green"),
    HealthStatus.DEGRADED: ("degraded", "yellow"),
    HealthStatus.UNHEALTHY: ("unhealthy", "red"),
    HealthStatus.NOT_CONFIGURED: ("not configured", "white"),
}


@click.command(
    epilog="""\b
Exit codes: 0 all healthy, 1 some degraded or not configured, 2 some unhealthy.
Example:
  python -m salina_monitor --env-file ../erp/.env doctor"""
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def doctor(context: Context, as_json: bool) -> None:
    """Check settings, services and the store, and say what to fix."""
    results = list(run_all_health_checks(context.settings).values())
    worst, store = overall(results), _store(context)
    alerts = _alerts(context.settings)
    problems = [{"setting": p.name, "code": p.code, "message": p.message} for p in context.settings.problems]
    if as_json:
        echo_json({"overall": worst, "checks": results, "store": store, "alerts": alerts, "problems": problems})
    else:
        for problem in problems:
            click.echo(f"{click.style('setting', fg='red'):24} {problem['message']}")
        for result in results:
            word, color = _MARK[result.status]
            latency = f"{result.latency_ms:,} ms" if result.latency_ms is not None else "-"
            click.echo(f"{result.service.label:9} {click.style(f'{word:14}', fg=color)} {latency:>9}  {result.message}")
        click.echo(f"{'Store':9} {store['status']:14} {'':>9}  {store['message']}")
        for name, found in alerts.items():
            word = found["status"].replace("_", " ")
            click.echo(f"{name.capitalize():9} {word:14} {'':>9}  {found['message']}")
    raise SystemExit(EXIT_CODES[worst])


def _alerts(settings: Settings) -> dict[str, dict[str, str]]:
    """The two ways in which alerts are sent; nothing is sent to find out."""
    links = "" if settings.monitor_public_url else " They hold no links, for MONITOR_PUBLIC_URL is not set."
    signed = "signed" if settings.monitor_webhook_secret else "unsigned, for MONITOR_WEBHOOK_SECRET is not set"
    return {
        "mail": _way(mail.problem(settings), f"Alerts are mailed to those who ask for it under Account.{links}"),
        "webhook": _way(webhook.problem(settings), f"Alerts are posted to MONITOR_WEBHOOK_URL, {signed}.{links}"),
    }


def _way(unable: Outcome | None, ready: str) -> dict[str, str]:
    if unable is None:
        return {"status": "ready", "code": "ok", "message": ready}
    status = "not_configured" if unable.code == "not_configured" else "unusable"
    return {"status": status, "code": unable.code, "message": unable.said}


def _store(context: Context) -> dict[str, Any]:
    settings = context.settings
    kind = "external" if settings.monitor_database_url else "embedded"
    if kind == "embedded" and not _was_made(settings):
        message = f"The embedded server is made at the first start, in {settings.monitor_data_dir}."
        return {"kind": kind, "status": "not_created", "code": "ok", "message": message}
    try:
        _same_source(context.store(), settings)
    except StoreError as error:
        return {"kind": kind, "status": "unhealthy", "code": error.code, "message": error.message}
    return {"kind": kind, "status": "healthy", "code": "ok", "message": _where(settings)}


def _was_made(settings: Settings) -> bool:
    """Looking must not make one: whether there is an embedded server, or something in its way."""
    folder = settings.data_dir
    made = (folder / "postgres").exists() or (folder / "postgres.place").exists()
    return made or (folder.exists() and not folder.is_dir())


def _same_source(store: Store, settings: Settings) -> None:
    """Raises ForeignSource when the store belongs to another source; one that belongs to none stays free."""
    with store.connection() as conn:
        bound = conn.execute(load_sql("store")["read_source"]).fetchone()
    if bound:
        store.bind_source(settings)


def _where(settings: Settings) -> str:
    if settings.monitor_database_url:
        return "The server of MONITOR_DATABASE_URL answers."
    return f"The embedded server answers; its data is in {settings.monitor_data_dir}."
