"""What goes wrong at the publisher's: the errors of failed attempts, made up but of the shapes seen in life."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from salina_monitor.sandbox.catalogue import Played


class Kind(StrEnum):
    """Why an attempt fails. The services are down or slow only while the panel (or the day's script) says so."""

    LEDGER = "ledger"  # heals by retrying; says something else each time
    TEMPLATE = "template"  # multi-line traceback
    HOSTILE = "hostile"  # HTML and Markdown in the text
    HUGE = "huge"  # more than 10 kB
    REFUSED = "refused"  # non-retriable
    S3 = "s3"
    RESEND = "resend"
    CLERK = "clerk"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Failure:
    """The error of one attempt. `code` is what Inngest adds to errors thrown outside a step."""

    name: str
    message: str
    stack: str
    in_step: bool = False
    retriable: bool = True

    def as_output(self, *, of_attempt: bool) -> dict[str, str]:
        """The error object as the API shows it; a step's attempt carries no code, its run `step_errored`."""
        found = {"message": self.message, "name": self.name, "stack": self.stack}
        if self.in_step and of_attempt:
            return found
        code = "step_errored" if self.in_step else "unknown" if self.retriable else "non_retriable_error"
        return {"code": code, **found}


def failure(kind: Kind, function: Played, tenant: str | None, attempt: int, fault: str = "") -> Failure:
    """The error of attempt number `attempt` (0-based) of `function`; `fault` is how the service is broken."""
    who = tenant or "the platform"
    match kind:
        case Kind.LEDGER:
            return _failure(function, "LedgerLockedError", f"Customer ledger of {who} is locked (attempt {attempt})")
        case Kind.TEMPLATE:
            return _template(function, who)
        case Kind.HOSTILE:
            return _failure(function, "TemplateSyntaxError", _HOSTILE)
        case Kind.HUGE:
            return _failure(function, "OnixValidationError", _huge())
        case Kind.REFUSED:
            message = f"{who} has no statements for the period: will not retry"
            return _failure(function, "NonRetriableError", message, retriable=False)
        case _:
            name, message = _SERVICE_ERRORS[kind].get(fault) or _SERVICE_ERRORS[kind]["error"]
            in_step = kind is Kind.S3 and len(function.steps) > 1
            return _failure(function, name, message.format(tenant=who), in_step=in_step)


_SERVICE_ERRORS: dict[Kind, dict[str, tuple[str, str]]] = {
    Kind.S3: {
        "error": (
            "S3ServiceException",
            "PutObject s3://salina-statements/{tenant}: 503 SlowDown: Please reduce your request rate.",
        ),
        "silent": ("TimeoutError", "PutObject s3://salina-statements/{tenant}: no answer within 30 s"),
        "refused_key": (
            "S3ServiceException",
            "PutObject s3://salina-statements/{tenant}: 403 SignatureDoesNotMatch",
        ),
    },
    Kind.RESEND: {
        "error": ("ResendError", "application_error (500): Something went wrong on Resend's side"),
        "silent": ("TimeoutError", "POST https://api.resend.com/emails: no answer within 30 s"),
        "refused_key": ("ResendError", "validation_error (400): API key is invalid"),
    },
    Kind.CLERK: {
        "error": ("ClerkAPIResponseError", "Clerk answered 503 while listing users of {tenant}"),
        "silent": ("TimeoutError", "GET https://api.clerk.com/v1/users: no answer within 30 s"),
        "refused_key": ("ClerkAPIResponseError", "clerk_key_invalid (401): The provided Clerk Secret Key is invalid."),
    },
    Kind.DATABASE: {
        "error": ("PrismaClientInitializationError", "Can't reach database server: the database system is starting up"),
        "silent": ("PrismaClientKnownRequestError", "P2024: Timed out fetching a new connection from the pool"),
        "refused_key": ("PrismaClientInitializationError", "P1000: Authentication failed for user `erp`"),
    },
}

_HOSTILE = (
    "<script>alert('xss')</script> & <b>bold</b> **not bold** [click me](javascript:alert(1)) "
    '![pixel](https://tracker.invalid/pixel.png) <img src=x onerror="alert(2)"> in template "statement-v2"'
)


def _failure(function: Played, name: str, message: str, *, in_step: bool = False, retriable: bool = True) -> Failure:
    where = function.id.replace("-", "_")
    stack = (
        f"{name}: {message}\n"
        f"    at {where} (/srv/erp/src/inngest/functions/{function.id}.ts:42:11)\n"
        "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)\n"
        "    at async runFn (/srv/erp/node_modules/inngest/components/execution/v1.js:271:14)"
    )
    return Failure(name, message, stack, in_step, retriable)


def _template(function: Played, who: str) -> Failure:
    message = (
        f"could not render statement for {who}:\n"
        '  File "/srv/erp/render.py", line 42, in render\n'
        "    tpl = templates['statement-2026']\n"
        "KeyError: 'statement-2026'"
    )
    stack = (
        "Traceback (most recent call last):\n"
        '  File "/srv/erp/app.py", line 21, in _render\n'
        '    {}["statement-2026"]\n'
        "    ~~^^^^^^^^^^^^^^^^^^\n"
        "KeyError: 'statement-2026'\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n"
        f'  File "/srv/erp/app.py", line 61, in {function.id.replace("-", "_")}\n'
        f"    raise StatementRenderError(...) from error\nStatementRenderError: {message}\n"
    )
    return Failure("StatementRenderError", message, stack)


def _huge() -> str:
    lines = [
        f"  product {n:03d} (ISBN 978-1-{n * 7919 % 100000:05d}-{n % 1000:03d}-{n % 10}): "
        f"DescriptiveDetail/TitleDetail[{n % 4 + 1}] is not allowed before ProductComposition"
        for n in range(1, 121)
    ]
    return "120 products do not satisfy the ONIX 3.1 schema:\n" + "\n".join(lines)
