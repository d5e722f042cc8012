import csv
import io
from datetime import UTC, datetime

import pytest

from salina_monitor.export import COLUMNS, cell, to_csv
from salina_monitor.models import JobEntry, JobError, JobStatus

NOW = datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=UTC)


def job(**values: object) -> JobEntry:
    usual: dict[str, object] = {
        "id": "01M84RCYDTFRS5K3RNVT5QH14J", "type": "pdf-generation", "type_label": "PDF generation", "status": JobStatus.FAILED,
        "function_id": "generate-statement-pdf", "function_name": "Generate", "tenant_id": "northwind-press", "queued_at": NOW,
        "started_at": None, "completed_at": NOW, "wait_ms": None, "duration_ms": None, "total_ms": 0, "error": None, "retry_count": 3,
    }  # fmt: skip
    return JobEntry(**{**usual, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "  @", "＝", "\u00a0=", "\ufeff="])
def test_no_cell_is_a_formula(start: str) -> None:
    error = JobError("E", f'{start}HYPERLINK("http://x")')
    rows = list(csv.reader(io.StringIO(to_csv([job(error=error, tenant_id=f"{start}1")])[1:])))
    assert rows[1][COLUMNS.index("error_message")].startswith("'")
    assert rows[1][COLUMNS.index("tenant")].startswith("'")


def test_unknown_is_empty_and_times_are_utc() -> None:
    rows = list(csv.reader(io.StringIO(to_csv([job()])[1:])))
    assert rows[0] == list(COLUMNS)
    line = dict(zip(COLUMNS, rows[1], strict=True))
    assert (line["started_at"], line["wait_ms"], line["retry_count"]) == ("", "", "3")
    assert line["queued_at"] == "2026-11-24T01:02:03.456Z"


def test_a_negative_number_would_be_text_too() -> None:
    assert cell(-5) == "'-5"


def test_what_was_filtered_is_said_below_the_last_row_and_the_header_stays_first() -> None:
    rows = list(csv.reader(io.StringIO(to_csv([job()], ["1 jobs; status failed,\n range 24h", "=1+1"])[1:])))
    assert rows[0] == list(COLUMNS)
    assert rows[2:] == [["# 1 jobs; status failed, range 24h"], ["# =1+1"]]
