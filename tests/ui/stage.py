"""A signed-in owner before a monitor of played parts, for AppTest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from streamlit.testing.v1 import AppTest

from salina_monitor import monitor as monitors
from salina_monitor import runtime
from salina_monitor.checks import CheckRunner
from salina_monitor.checks.outcomes import found
from salina_monitor.checks.watch import HealthWatch
from salina_monitor.jobtypes import JobTypes
from salina_monitor.mirror import Mirror
from salina_monitor.models import JobStatus, Role, Service
from salina_monitor.monitor import Monitor
from salina_monitor.queries import JobSource
from salina_monitor.server import ROOT, SCRIPT
from salina_monitor.settings import Settings
from salina_monitor.store import Store
from salina_monitor.ui.session import TOKEN
from tests.support.fake_client import FakeClient, run

S = JobStatus
NASTY = "<img src=x onerror=alert(1)> ![x](http://evil.example/p.png) [a](javascript:alert(1)) www.evil.example :red[no] $x$"


class Stage:
    """A signed-in owner before a monitor of played parts."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.settings = settings
        self.client = FakeClient(now=datetime.now(UTC))
        self.codes = dict.fromkeys(Service, "ok")
        probes = {service: self._probe(service) for service in Service}
        self.checks = HealthWatch(CheckRunner(settings, probes=probes))
        types = JobTypes.of(settings)
        self.monitor = Monitor(
            settings, store, self.client, Mirror(store, self.client, settings),  # type: ignore[arg-type]
            JobSource(store, types, self.client), self.checks,  # type: ignore[arg-type]
        )  # fmt: skip
        monitors.use(self.monitor)
        accounts = runtime.get().accounts
        accounts.users.add("owner", Role.OWNER, "correct horse battery")
        self.token = accounts.sessions.start("owner", address="local", agent="")

    def _probe(self, service: Service) -> Any:
        facts = {"said": "primary", "detail": "words", "http": 401, "missing": "CLERK_SECRET_KEY"}
        return lambda settings, limit_s: found(self.codes[service], 12, **facts)

    def put(self, n: int, status: JobStatus = S.FAILED, *, message: str = "boom", ago_m: int = 5, **more: Any) -> None:
        queued = self.client.now - timedelta(minutes=ago_m + n % 7)
        self.client.put(run(n, status, queued=queued, message=message, took_s=30), **more)

    def read(self) -> None:
        self.monitor.mirror.sync_now()

    def open(self, query: dict[str, str] | None = None) -> AppTest:
        app = AppTest.from_file(str(SCRIPT), default_timeout=20)
        app.session_state[TOKEN] = self.token
        for name, value in (query or {}).items():
            app.query_params[name] = value
        app.run()
        self.settle(app)
        assert not app.exception
        return app

    def settle(self, app: AppTest) -> None:
        """What the ticker does in a browser: look again once everything that was asked has ended."""
        self.checks.wait(5)
        live = app.session_state["_live"]
        if live.ticket is not None:
            assert self.monitor.mirror.wait(live.ticket, 5)
            live.ticket, live.as_of = None, self.monitor.mirror.state().as_of
        app.run()


def opened(name: str, token: str, *, timeout_s: float = 20, **query: str) -> AppTest:
    """A script of pages/, run once for whoever holds the token."""
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=timeout_s)
    app.session_state[TOKEN] = token
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def texts(app: AppTest) -> str:
    kinds = ("text", "caption", "markdown", "code", "error", "title", "header", "subheader")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def every_link(app: AppTest) -> list[tuple[str, str]]:
    """Label and address of each link of a page, to our own pages and elsewhere."""
    ours = [link.proto for link in app.get("page_link")]
    return [
        (link.label, f"/admin/{link.page}" + (f"?{link.query_string}" if link.query_string else "")) for link in ours
    ] + [(link.proto.label, link.proto.url) for link in app.get("link_button")]


def links(app: AppTest) -> dict[str, str]:
    """Where the links of a page lead, by label; of those that share one, the last."""
    return dict(every_link(app))


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label.rpartition("] ")[2]: metric.value for metric in app.metric}


def table(app: AppTest) -> Any:
    assert len(app.dataframe) == 1
    return app.dataframe[0].value
