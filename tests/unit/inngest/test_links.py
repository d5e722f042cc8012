from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salina_monitor.inngest.links import dashboard_url, event_url, function_url, run_url
from salina_monitor.settings import Settings

RUN = "01M84RCYDTFRS5K3RNVT5QH14J"
EVENT = "01M84RCYDT0000000000000000"
CLOUD = "https://app.inngest.com/env"


def links(**env: str) -> tuple[str | None, str | None, str | None]:
    settings = Settings.load(env)
    return dashboard_url(settings), run_url(settings, RUN), function_url(settings, "salina-erp-generate-statement-pdf")


def test_cloud_without_settings_is_the_development_environment() -> None:
    assert links() == (
        f"{CLOUD}/development/apps/salina-erp",
        f"{CLOUD}/development/runs/{RUN}",
        f"{CLOUD}/development/functions/salina-erp-generate-statement-pdf",
    )


def test_cloud_in_a_named_environment_and_app() -> None:
    assert links(INNGEST_ENV="pro/d", INNGEST_APP_ID="a?b")[:2] == (
        f"{CLOUD}/pro%2Fd/apps/a%3Fb",
        f"{CLOUD}/pro%2Fd/runs/{RUN}",
    )


def test_a_given_dashboard_leads_and_its_environment_counts() -> None:
    assert links(INNGEST_DASHBOARD_URL=f"{CLOUD}/production/apps/salina-erp", INNGEST_ENV="other") == (
        f"{CLOUD}/production/apps/salina-erp",
        f"{CLOUD}/production/runs/{RUN}",
        f"{CLOUD}/production/functions/salina-erp-generate-statement-pdf",
    )


def test_a_self_hosted_server_on_loopback_shows_its_own_pages() -> None:
    assert links(INNGEST_API_URL="http://127.0.0.1:8288") == (
        "http://127.0.0.1:8288/runs",
        f"http://127.0.0.1:8288/run?runID={RUN}",
        None,
    )


@pytest.mark.parametrize(
    "given", ["https://inngest.example", "https://inngest.example/runs", "https://inngest.example/run"]
)
def test_a_self_hosted_server_behind_https_is_linked_there(given: str) -> None:
    assert links(INNGEST_API_URL="http://10.0.0.5:8288", INNGEST_DASHBOARD_URL=given) == (
        given,
        f"https://inngest.example/run?runID={RUN}",
        None,
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_plain_http_is_linked_on_loopback(host: str) -> None:
    assert links(INNGEST_API_URL=f"http://{host}:8288")[1] == f"http://{host}:8288/run?runID={RUN}"


@pytest.mark.parametrize("host", ["10.0.0.5", "inngest", "127.0.0.1.example", "localhost.example", "[::2]", "0.0.0.0"])
def test_plain_http_elsewhere_is_not_linked(host: str) -> None:
    assert links(INNGEST_API_URL=f"http://{host}:8288") == (None, None, None)
    assert links(INNGEST_API_URL="http://127.0.0.1:1", INNGEST_DASHBOARD_URL=f"http://{host}/")[:2] == (None, None)


@pytest.mark.parametrize("given", ["javascript:alert(1)", "//evil.example", "ftp://x", "data:text/html,x"])
def test_an_address_that_is_not_http_is_ignored(given: str) -> None:
    assert dashboard_url(Settings.load({"INNGEST_DASHBOARD_URL": given})) == f"{CLOUD}/development/apps/salina-erp"


@given(st.text(min_size=1, max_size=30).filter(lambda t: t.isprintable()))
def test_no_id_leaves_its_place(run_id: str) -> None:
    for base in ("https://api.inngest.com", "http://127.0.0.1:8288"):
        url = run_url(Settings.load({"INNGEST_API_URL": base}), run_id)
        assert url is not None
        parts = urlsplit(url)
        assert parts.path.count("/") == (4 if "inngest.com" in base else 1)
        assert parts.fragment == ""
        assert '"' not in url
        assert "<" not in url


@pytest.mark.parametrize(
    ("env", "url"),
    [
        ({}, f"{CLOUD}/development/events/{EVENT}"),
        ({"INNGEST_ENV": "pro/d"}, f"{CLOUD}/pro%2Fd/events/{EVENT}"),
        ({"INNGEST_DASHBOARD_URL": f"{CLOUD}/production/apps/x"}, f"{CLOUD}/production/events/{EVENT}"),
        ({"INNGEST_API_URL": "http://127.0.0.1:8288"}, f"http://127.0.0.1:8288/event?eventID={EVENT}"),
        (
            {"INNGEST_API_URL": "http://10.0.0.5:8288", "INNGEST_DASHBOARD_URL": "https://inngest.example/event"},
            f"https://inngest.example/event?eventID={EVENT}",
        ),
        ({"INNGEST_API_URL": "http://10.0.0.5:8288"}, None),
    ],
)
def test_an_event_is_linked_where_a_run_is(env: dict[str, str], url: str | None) -> None:
    assert event_url(Settings.load(env), EVENT) == url


@pytest.mark.parametrize("given", [None, "", "..", "my-own-id", f"{EVENT}/x", f"{EVENT}&x=1", EVENT[:-1], f"{EVENT}\n"])
def test_an_event_without_an_internal_id_has_no_page(given: str | None) -> None:
    for base in ("https://api.inngest.com", "http://127.0.0.1:8288"):
        assert event_url(Settings.load({"INNGEST_API_URL": base}), given) is None
