"""Letters, word for word; hostile text stays text; no line of a subject begins a header."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from salina_monitor.alerts.book import Alert, Change, Event
from salina_monitor.alerts.letters import Letter, letters_of
from salina_monitor.alerts.letters import test_letter as a_test_letter
from salina_monitor.alerts.rules import Rule
from salina_monitor.redact import Redactor
from salina_monitor.verdict import Level

NOW = datetime(2026, 11, 24, 14, 3, 20, tzinfo=UTC)
S3 = Alert(
    "service:s3", Rule.SERVICE, "s3", Level.TROUBLE, "S3 is down",
    ("s3.example.com is down or overloaded (HTTP 503). Nothing to change here; look at the vendor's status page.",),
    "/admin/health", NOW - timedelta(minutes=2), id=1, opened_at=NOW,
)  # fmt: skip
PDF = Alert(
    "failing:pdf-generation", Rule.FAILING, "jobs", Level.ATTENTION, "PDF generation: jobs fail more than usual",
    ("4 jobs failed in the last hour, 10 % of what ended; usually 1.0 %.", "3 tenants hit in 24 h."),
    "/admin/system?status=failed&type=pdf-generation&range=1h", NOW - timedelta(hours=4), id=2, opened_at=NOW,
)  # fmt: skip
BASE = "https://monitor.example.com"
SNAPSHOTS = Path(__file__).parent / "letters"


def written(*changes: Change, base: str = BASE) -> list[Letter]:
    return letters_of(changes, NOW, base=base, name="Salina Monitor", redact=Redactor(("s3cret-of-ours",)))


def test_nothing_happened_nothing_is_written() -> None:
    assert written(Change(S3)) == []


@pytest.mark.parametrize("kind", ["text", "html"])
def test_a_letter_of_trouble_word_for_word(kind: str) -> None:
    (letter,) = written(Change(PDF, Event.REMINDED), Change(S3, Event.OPENED))
    assert letter.subject == "[Salina Monitor] S3 is down; Still: PDF generation: jobs fail more than usual"
    assert getattr(letter, kind) == (SNAPSHOTS / f"trouble.{kind}").read_text("utf-8").removesuffix("\n")


@pytest.mark.parametrize("kind", ["text", "html"])
def test_a_letter_of_an_end_word_for_word(kind: str) -> None:
    over = replace(S3, closed_at=NOW - timedelta(seconds=40))
    (letter,) = written(Change(over, Event.RESOLVED))
    assert letter.subject == "[Salina Monitor] Over: S3 is down"
    assert getattr(letter, kind) == (SNAPSHOTS / f"over.{kind}").read_text("utf-8").removesuffix("\n")


def test_trouble_and_an_end_are_two_letters() -> None:
    over = replace(S3, closed_at=NOW)
    assert [letter.subject for letter in written(Change(over, Event.RESOLVED), Change(PDF, Event.OPENED))] == [
        "[Salina Monitor] PDF generation: jobs fail more than usual",
        "[Salina Monitor] Over: S3 is down",
    ]


def test_without_a_public_address_there_are_no_links() -> None:
    (letter,) = written(Change(S3, Event.OPENED), base="")
    assert "http" not in letter.html.replace("HTTP 503", "")
    assert "/admin" not in letter.text
    assert letter.alerts[0]["url"] is None


def test_labels_of_functions_are_text_in_html_and_one_line_in_the_subject() -> None:
    nasty = replace(
        S3, title="<img src=x onerror=alert(1)>\r\nBcc: all@example.com", lines=("<b>&x</b>",), path='/a?"><x'
    )
    (letter,) = written(Change(nasty, Event.OPENED))
    assert "<img" not in letter.html
    assert "<b>" not in letter.html
    assert '"><x' not in letter.html
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject


def test_a_subject_names_what_fits() -> None:
    many = [replace(S3, key=str(n), title=f"Type number {n:02}: jobs fail more than usual") for n in range(9)]
    (letter,) = written(*(Change(one, Event.OPENED) for one in many))
    assert letter.subject == (
        "[Salina Monitor] Type number 00: jobs fail more than usual; Type number 01: jobs fail more than usual; and 7 more"
    )
    (one,) = written(Change(replace(S3, title="x" * 900), Event.OPENED))
    assert len(one.subject) < 300


def test_secrets_are_masked_last() -> None:
    (letter,) = written(Change(replace(S3, lines=("the key s3cret-of-ours is refused",)), Event.OPENED))
    assert "s3cret-of-ours" not in repr(letter)


def test_the_test_says_what_it_is() -> None:
    letter = a_test_letter("ada", NOW, base="", name="Salina Monitor")
    assert letter.subject == "[Salina Monitor] A test"
    assert "Without MONITOR_PUBLIC_URL there are no links." in letter.text
