"""The table is complete, its messages can be filled in, and the docs are the table."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from salina_monitor.checks.__main__ import render
from salina_monitor.checks.context import placeholders
from salina_monitor.checks.outcomes import OUTCOMES, found, message_of
from salina_monitor.models import HealthStatus, Service
from salina_monitor.settings import Settings

ROOT = Path(__file__).parents[3]
CONTEXT = {"label", "host", "setting", "url_setting", "look", "seconds"}
every_outcome = pytest.mark.parametrize("outcome", OUTCOMES.values(), ids=OUTCOMES)

EXPECTED = {
    "healthy": {"ok"},
    "degraded": {"slow", "rate_limited", "quota_exceeded", "standby", "read_only", "other_region"},
    "not_configured": {"not_configured"},
}


@every_outcome
def test_it_gives_each_code_the_state_people_agreed_on(outcome):
    expected = next((state for state, codes in EXPECTED.items() if outcome.code in codes), "unhealthy")
    assert outcome.status == HealthStatus(expected)


@every_outcome
def test_it_says_only_what_context_or_check_can_fill_in(outcome):
    names = {name for _, name, _, _ in string.Formatter().parse(outcome.message) if name}
    assert names - CONTEXT == set(outcome.facts)


@every_outcome
def test_it_makes_a_sentence_for_each_service(outcome):
    facts = {name: f"<{name}>" for name in outcome.facts}
    for service in outcome.services:
        message = message_of(found(outcome.code, 1500, **facts), placeholders(service, Settings.load({})))
        assert "{" not in message
        assert len(message) <= 260
        for fact in facts.values():
            assert fact in message


@every_outcome
def test_it_says_what_to_do_next_unless_all_is_well(outcome):
    if outcome.code in ("ok", "bad_setting"):  # the setting's own sentence says it
        return
    verbs = r"\b(Set|Check|Look|Wait|Write|Point|Raise|Make|End|Turn|Nothing to change|Next check|See|look at)\b"
    assert re.search(verbs, outcome.message)


@pytest.mark.parametrize(("ms", "code"), [(0, "ok"), (1000, "ok"), (1001, "slow"), (4700, "slow"), (None, "ok")])
def test_it_calls_a_success_slow_above_one_second(ms, code):
    assert found("ok", ms, said="x").code == code


@pytest.mark.parametrize("code", ["standby", "bad_key", "rate_limited"])
def test_it_judges_slowness_on_success_only(code):
    assert found(code, 4000).code == code


def test_it_has_docs_that_are_up_to_date():
    written = (ROOT / "docs" / "health-checks.md").read_text()
    assert written == render(), "run: python -m salina_monitor.checks > docs/health-checks.md"


def test_it_documents_every_code_and_service():
    text = render()
    assert all(f"| `{code}` |" in text for code in OUTCOMES)
    assert all(f"| {service.label} |" in text for service in Service)


def test_it_uses_every_code_somewhere():
    """A row that no check can reach is a promise nobody keeps."""
    source = "".join(
        p.read_text()
        for folder in ("checks", "wire")
        for p in (ROOT / "salina_monitor" / folder).glob("*.py")
        if p.name not in ("outcomes.py", "__main__.py")
    )
    source += 'found("slow"'  # made by found() itself
    assert [code for code in OUTCOMES if f'"{code}"' not in source] == []
