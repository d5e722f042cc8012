"""What is written: one letter for all that happened in one round, as text, simple HTML and JSON. Pure.

Nothing gets in but our own words, counts, labels, ids and names of services; a redactor goes over all of it last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from salina_monitor.alerts.book import Alert, Change, Event
from salina_monitor.models import iso
from salina_monitor.verdict import Level
from salina_monitor.words import age, plural

ORDER = (Event.OPENED, Event.WORSE, Event.REMINDED, Event.UNJUDGED, Event.RESOLVED)
HEADINGS = {
    Event.OPENED: "New",
    Event.WORSE: "Got worse",
    Event.REMINDED: "Still there",
    Event.UNJUDGED: "No longer judged",
    Event.RESOLVED: "Over",
}
SUBJECT_LIMIT = 120
COLOURS = {Level.TROUBLE: "#b3261e", Level.ATTENTION: "#9a5b00"}
OVER = "#1e7a3c"
Redact = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter to everybody. `alerts` are its parts as JSON, for webhooks."""

    subject: str
    text: str
    html: str
    alerts: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As it is kept."""
        return {"subject": self.subject, "text": self.text, "html": self.html, "alerts": list(self.alerts)}


def letters_of(changes: Sequence[Change], now: datetime, *, base: str, name: str, redact: Redact) -> list[Letter]:
    """The letters about what happened: one of trouble, one of what is over, so that neither hides behind the other.

    `base` is where links lead ("": there are none).
    """
    told = sorted(
        ((change.event, change.alert) for change in changes if change.event is not None),
        key=lambda pair: (ORDER.index(pair[0]), pair[1].level is not Level.TROUBLE, pair[1].title),
    )
    both = ([p for p in told if p[0] is not Event.RESOLVED], [p for p in told if p[0] is Event.RESOLVED])
    return [_letter(part, now, base, name, redact) for part in both if part]


def _letter(told: Sequence[tuple[Event, Alert]], now: datetime, base: str, name: str, redact: Redact) -> Letter:
    subject = redact(_subject(told, name))
    text, html = [], []
    for event in ORDER:
        alerts = [alert for its, alert in told if its is event]
        if not alerts:
            continue
        if len(told) > 1:
            text += [HEADINGS[event].upper(), ""]
            html.append(f'<p style="margin:20px 0 8px;color:#666">{escape(HEADINGS[event])}</p>')
        for alert in alerts:
            text += [*_text(event, alert, now, base), ""]
            html.append(_html(event, alert, now, base))
    foot = f"Written by {name} at {moment(now)}. Who gets this: Account, Alerts by mail."
    text += ["--", foot]
    page = (
        '<!doctype html><html><body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#1b1b1b">'
        f"{''.join(html)}"
        f'<p style="margin-top:24px;color:#666;font-size:13px">{escape(foot)}</p></body></html>'
    )
    parts = tuple(_json(event, alert, base, redact) for event, alert in told)
    return Letter(subject, redact("\n".join(text)), redact(page), parts)


def test_letter(user: str, now: datetime, *, base: str, name: str) -> Letter:
    """What the button on the account page sends."""
    said = f"This is a test of {name}, asked for by {user}. Alerts will come here."
    link = f"{base}/admin/health" if base else ""
    html = f'<!doctype html><html><body style="font-family:sans-serif"><p>{escape(said)}</p>{_link(link)}</body></html>'
    text = said + (f"\n\n{link}" if link else "\n\nWithout MONITOR_PUBLIC_URL there are no links.")
    return Letter(f"[{name}] A test", f"{text}\n\n--\nWritten at {moment(now)}.", html)


def moment(at: datetime) -> str:
    """Readers' zones are not known, so the zone is said: `14:03 UTC, 24 Nov`."""
    return f"{at:%H:%M} UTC, {at.day} {at:%b}"


def _subject(told: Sequence[tuple[Event, Alert]], name: str) -> str:
    """As many titles as a line has room for, one at least."""
    words = {
        Event.OPENED: "",
        Event.WORSE: "Worse: ",
        Event.REMINDED: "Still: ",
        Event.UNJUDGED: "",
        Event.RESOLVED: "Over: ",
    }
    line, before = "", None
    for n, (event, alert) in enumerate(told):
        title = " ".join(f"{words[event] if event is not before else ''}{alert.title}".split())
        longer = f"{line}; {title}" if line else title
        if line and len(longer) > SUBJECT_LIMIT:
            return f"[{name}] {line}; and {len(told) - n} more"
        line, before = longer, event
    return f"[{name}] {line if len(line) <= 2 * SUBJECT_LIMIT else line[: 2 * SUBJECT_LIMIT] + '…'}"


def _when(event: Event, alert: Alert, now: datetime) -> str:
    since = f"Since {moment(alert.began_at)}"
    if event is Event.RESOLVED and alert.closed_at is not None:
        lasted = age(alert.closed_at - alert.began_at)
        back = f" It came back {plural(alert.returns, 'time')} meanwhile." if alert.returns else ""
        return f"{since}, over since {moment(alert.closed_at)}, after {lasted}.{back}"
    if event is Event.UNJUDGED:
        return f"{since}."
    return f"{since}, for {age(now - alert.began_at)} now."


def _text(event: Event, alert: Alert, now: datetime, base: str) -> list[str]:
    title = f"Over: {alert.title}" if event is Event.RESOLVED else alert.title
    # What was wrong is no news once it is over.
    lines = () if event is Event.RESOLVED else alert.lines
    return [title, _when(event, alert, now), *lines, *([f"{base}{alert.path}"] if base and alert.path else [])]


def _html(event: Event, alert: Alert, now: datetime, base: str) -> str:
    over = event is Event.RESOLVED
    colour = OVER if over else COLOURS[alert.level]
    title = f"Over: {alert.title}" if over else alert.title
    lines = (_when(event, alert, now), *(() if over else alert.lines))
    body = "".join(f'<p style="margin:4px 0">{escape(line)}</p>' for line in lines)
    return (
        f'<div style="border-left:4px solid {colour};padding:2px 12px;margin:12px 0">'
        f'<p style="margin:4px 0;font-weight:bold;color:{colour}">{escape(title)}</p>{body}'
        f"{_link(f'{base}{alert.path}' if base and alert.path else '')}</div>"
    )


def _link(address: str) -> str:
    return f'<p style="margin:8px 0"><a href="{escape(address)}">Open in the monitor</a></p>' if address else ""


def _json(event: Event, alert: Alert, base: str, redact: Redact) -> dict[str, Any]:
    return {
        "id": alert.id, "key": alert.key, "event": event.value, "rule": alert.rule.value, "scope": alert.scope,
        "level": alert.level.value, "title": redact(alert.title), "lines": [redact(line) for line in alert.lines],
        "since": iso(alert.began_at), "opened_at": iso(alert.opened_at), "closed_at": iso(alert.closed_at),
        "returns": alert.returns, "url": f"{base}{alert.path}" if base and alert.path else None,
    }  # fmt: skip
