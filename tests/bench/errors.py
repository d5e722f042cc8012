"""Errors as an ERP's jobs have them: a few causes that come often, ids in them, a stack, now and then 10 kB of text."""

from __future__ import annotations

import random

from salina_monitor.models import JobError

_CAUSES = (
    ("S3ServiceException", "PutObject 503 SlowDown: please reduce your request rate (statements/{tenant}/{n}.pdf)"),
    ("S3ServiceException", "PutObject 503 SlowDown: please reduce your request rate (statements/{tenant}/{n}.pdf)"),
    ("StatementRenderError", "could not render statement stm_{n}: KeyError 'template'"),
    ("LedgerLockedError", "Customer ledger is locked by transaction {n}"),
    ("TimeoutError", "The database did not answer within 30000 ms, query {n} of period 2026-Q3"),
    ("ResendError", "429 Too Many Requests for author-{n}@example.com"),
    ("ValidationError", "royalty rate of ISBN 978-3-16-{n:06d}-0 is not a number"),
    ("ClerkAPIResponseError", "user_{n} not found"),
)
_STACK = "\n".join(
    f"    at {name} (/app/src/{name.lower()}.ts:{line}:17)"
    for name, line in (
        ("renderStatement", 118), ("withLedger", 41), ("runStep", 77), ("executeFunction", 203), ("handle", 19),
        ("processTicksAndRejections", 95),
    )
)  # fmt: skip
_LONG = "\n".join(
    f"row {n}: royalty line without a contract, sales channel {n % 9}, amount {n * 13}" for n in range(140)
)


def error_of(rnd: random.Random, tenant: str, document: str) -> JobError:
    """One error; one in a hundred is about 10 kB long."""
    name, message = _CAUSES[int(len(_CAUSES) * rnd.random() ** 1.5)]
    message = message.format(tenant=tenant, n=int(rnd.random() * 1_000_000))
    if rnd.random() < 0.01:
        message = f"{message}\n{_LONG}"
    return JobError(name, message, f"{name}: {message[:200]}\n{_STACK}")
