from __future__ import annotations

import pytest

from salina_monitor.settings import Settings
from salina_monitor.store import StoreError
from salina_monitor.store.source import Source, refuse_erp_database


def source(**env: str) -> Source:
    return Source.of(Settings.load(env))


@pytest.mark.parametrize("url", ["http://Inngest.Internal:8288", "http://inngest.internal:8288/"])
def test_one_address_written_in_several_ways_is_one_source(url: str) -> None:
    assert source(INNGEST_API_URL=url).api_url == "http://inngest.internal:8288"


def test_it_names_app_address_and_environment() -> None:
    assert str(source()) == "app salina-erp at https://api.inngest.com, environment (default)"
    assert str(source(INNGEST_ENV="staging")).endswith("environment staging")


SAME = [
    ("postgresql://a:b@db.example.com/app", "postgresql://c:d@DB.example.com:5432/app?schema=public"),
    ("postgresql://a@localhost/app", "postgres://b@127.0.0.1:5432/app"),
    ("postgresql://a@localhost/app", "host=/var/run/postgresql dbname=app"),
    ("postgresql://app@localhost", "postgresql://b@localhost/app"),
    ("postgresql://a@ep-x-pooler.eu.example.com/app", "postgresql://a@ep-x.eu.example.com/app"),
    ("postgresql://a@h1:5433,h2:5434/app", "postgresql://a@h2:5434/app"),
    ("postgresql+psycopg://a@h/app", "postgresql://a@h/app"),
]
OTHER = [
    ("postgresql://a@h/app", "postgresql://a@h/monitor"),
    ("postgresql://a@h/app", "postgresql://a@h:5433/app"),
    ("postgresql://a@h/app", "postgresql://a@h2/app"),
    ("", "postgresql://a@h/app"),
    ("postgresql://a@h/app", ""),
]


@pytest.mark.parametrize(("erp", "ours"), SAME)
def test_it_refuses_the_erps_database_however_it_is_written(erp: str, ours: str) -> None:
    with pytest.raises(StoreError) as caught:
        refuse_erp_database(Settings.load({"DATABASE_URL": erp, "MONITOR_DATABASE_URL": ours}))
    assert caught.value.code == "store_is_erp"


@pytest.mark.parametrize(("erp", "ours"), OTHER)
def test_it_takes_any_other_database(erp: str, ours: str) -> None:
    refuse_erp_database(Settings.load({"DATABASE_URL": erp, "MONITOR_DATABASE_URL": ours}))
