"""Filters ↔ URL: stable ids, never labels. What cannot be used is dropped and said."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from salina_monitor.models import JobFilters, JobStatus, TimeRange, iso
from salina_monitor.queries import PAGE_CAP

TEXT_LIMIT = 200
ID_LIMIT = 200
GROUP_LENGTH = 16
PARAMETERS = ("status", "type", "tenant", "q", "range", "group", "stuck", "from", "to", "page")
_STEERING = ("Cc", "Cs", "Zl", "Zp")
STATUSES = tuple(s.value for s in JobStatus if s is not JobStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class View:
    """What the list shows: filters and page, and notes about parameters that were dropped."""

    filters: JobFilters
    page: int = 1
    dropped: tuple[str, ...] = ()


class Parameters:
    """Query parameters (each a list of values), read one by one. Never raises; `dropped` says what was not used."""

    def __init__(self, given: Mapping[str, Sequence[str]], known: Sequence[str], *, ignore: Sequence[str] = ()) -> None:
        self.dropped: list[str] = []
        self._values: dict[str, str] = {}
        for name, values in given.items():
            if name in ignore:
                continue
            if name not in known:
                self.dropped.append(f"“{_quoted(name)}” is not a filter")
            elif len(values) > 1:
                self.dropped.append(f"{name} was given more than once")
            elif values and values[0].strip():
                self._values[name] = values[0].strip()

    def one_of(self, name: str, allowed: Sequence[str]) -> str | None:
        """The value if it is allowed."""
        value = self._values.get(name)
        if value is not None and value not in allowed:
            self.dropped.append(f"{name} “{_quoted(value)}” is none of {', '.join(allowed)}")
            return None
        return value

    def bounded(self, name: str, limit: int) -> str | None:
        """The text if it is not too long and holds nothing that steers a screen or ends a line.

        Joiners, unusual blanks and characters newer than this Python are part of names and words.
        """
        value = self._values.get(name)
        if value is not None and (len(value) > limit or any(unicodedata.category(c) in _STEERING for c in value)):
            self.dropped.append(f"{name} is longer than {limit} characters or holds unprintable ones")
            return None
        return value

    def window(self, first: str, last: str) -> tuple[datetime | None, datetime | None]:
        """Two moments in order, ISO 8601 with a zone; both or none."""
        texts = (self._values.get(first), self._values.get(last))
        if texts == (None, None):
            return None, None
        since, until = (_moment(text or "") for text in texts)
        if since is None or until is None or since >= until:
            self.dropped.append(f"{first} and {last} are not two times in order, like 2026-11-24T13:00Z")
            return None, None
        return since, until

    def number(self, name: str, most: int) -> int:
        """A number from 1 to `most`; 1 without one."""
        value = self._values.get(name)
        if value is None:
            return 1
        if value.isascii() and value.isdigit() and len(value) <= 12 and 1 <= int(value) <= most:
            return int(value)
        self.dropped.append(f"{name} “{_quoted(value)}” is not a number from 1 to {most}")
        return 1


def view_of(given: Mapping[str, Sequence[str]], *, ignore: Sequence[str] = ()) -> View:
    """Read a view from query parameters (each a list of values). Never raises."""
    read = Parameters(given, PARAMETERS, ignore=ignore)
    page = read.number("page", PAGE_CAP)
    status, span = read.one_of("status", STATUSES), read.one_of("range", [r.value for r in TimeRange])
    since, until = read.window("from", "to")
    filters = JobFilters(
        type=read.bounded("type", ID_LIMIT),
        status=JobStatus(status) if status else None,
        tenant=read.bounded("tenant", ID_LIMIT),
        text=read.bounded("q", TEXT_LIMIT) or "",
        range=TimeRange(span) if span else TimeRange.DAY,
        group=read.bounded("group", GROUP_LENGTH),
        stuck=read.one_of("stuck", ("1",)) is not None,
        since=since,
        until=until,
    )
    return View(filters, page, tuple(read.dropped))


def parameters_of(filters: JobFilters, page: int = 1) -> dict[str, str]:
    """The query parameters that lead to a view; what is usual is left out."""
    found = {
        "status": filters.status.value if filters.status else "",
        "type": filters.type or "",
        "tenant": filters.tenant or "",
        "q": filters.text,
        "range": "" if filters.range is TimeRange.DAY else filters.range.value,
        "group": filters.group or "",
        "stuck": "1" if filters.stuck else "",
        "from": _written(filters.since),
        "to": _written(filters.until),
        "page": str(page) if page > 1 else "",
    }
    return {name: value for name, value in found.items() if value}


def fingerprint(filters: JobFilters, *more: object) -> str:
    """A key that changes with the filters and `more`, for widgets whose state belongs to one list only."""
    return stamp(sorted(parameters_of(filters).items()), more)


def stamp(*parts: object) -> str:
    """A short key that changes with the `repr` of any part."""
    return hashlib.sha256(repr(parts).encode(errors="replace")).hexdigest()[:16]


def _moment(text: str) -> datetime | None:
    """The moment in UTC, of a year that every zone can show; None when it is none or has no zone."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # an address decodes the + of a zone
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None and 1970 < moment.year < 9999 else None


def _written(moment: datetime | None) -> str:
    if moment is None:
        return ""
    whole = moment.second == moment.microsecond == 0
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ") if whole else iso(moment) or ""


def _quoted(value: str) -> str:
    return "".join(c if c.isprintable() else "�" for c in value[:40]) + ("…" if len(value) > 40 else "")
