"""Filters ↔ URL: stable ids, never labels. What cannot be used is dropped and said."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from salina_monitor.models import JobFilters, JobStatus, TimeRange
from salina_monitor.queries import PAGE_CAP

TEXT_LIMIT = 200
ID_LIMIT = 200
PARAMETERS = ("status", "type", "tenant", "q", "range", "page")
STATUSES = tuple(s.value for s in JobStatus if s is not JobStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class View:
    """What the list shows: filters and page, and notes about parameters that were dropped."""

    filters: JobFilters
    page: int = 1
    dropped: tuple[str, ...] = ()


def view_of(parameters: Mapping[str, Sequence[str]], *, ignore: Sequence[str] = ()) -> View:
    """Read a view from query parameters (each a list of values). Never raises."""
    dropped: list[str] = []
    values: dict[str, str] = {}
    for name, given in parameters.items():
        if name in ignore:
            continue
        if name not in PARAMETERS:
            dropped.append(f"“{_quoted(name)}” is not a filter")
        elif len(given) > 1:
            dropped.append(f"{name} was given more than once")
        elif given and given[0].strip():
            values[name] = given[0].strip()

    def take(name: str, allowed: Sequence[str]) -> str | None:
        value = values.get(name)
        if value is not None and value not in allowed:
            dropped.append(f"{name} “{_quoted(value)}” is none of {', '.join(allowed)}")
            return None
        return value

    def bounded(name: str, limit: int) -> str | None:
        value = values.get(name)
        if value is not None and (len(value) > limit or not value.isprintable()):
            dropped.append(f"{name} is longer than {limit} characters or holds unprintable ones")
            return None
        return value

    page = 1
    if "page" in values:
        if values["page"].isascii() and values["page"].isdigit() and 1 <= int(values["page"][:9]) <= PAGE_CAP:
            page = int(values["page"])
        else:
            dropped.append(f"page “{_quoted(values['page'])}” is not a number from 1 to {PAGE_CAP}")
    status, span = take("status", STATUSES), take("range", [r.value for r in TimeRange])
    filters = JobFilters(
        type=bounded("type", ID_LIMIT),
        status=JobStatus(status) if status else None,
        tenant=bounded("tenant", ID_LIMIT),
        text=bounded("q", TEXT_LIMIT) or "",
        range=TimeRange(span) if span else TimeRange.DAY,
    )
    return View(filters, page, tuple(dropped))


def parameters_of(filters: JobFilters, page: int = 1) -> dict[str, str]:
    """The query parameters that lead to a view; what is usual is left out."""
    found = {
        "status": filters.status.value if filters.status else "",
        "type": filters.type or "",
        "tenant": filters.tenant or "",
        "q": filters.text,
        "range": "" if filters.range is TimeRange.DAY else filters.range.value,
        "page": str(page) if page > 1 else "",
    }
    return {name: value for name, value in found.items() if value}


def fingerprint(filters: JobFilters, *more: object) -> str:
    """A key that changes with the filters and `more`, for widgets whose state belongs to one list only."""
    return hashlib.sha256(repr((sorted(parameters_of(filters).items()), more)).encode()).hexdigest()[:16]


def _quoted(value: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in value[:40]) + ("…" if len(value) > 40 else "")
