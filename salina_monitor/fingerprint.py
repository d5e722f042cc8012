"""Which failures are the same failure: one key for errors that differ only in ids, numbers, times and addresses.

The replacements are ordered: a UUID holds numbers, a time holds numbers, an address holds all of them, so the
larger thing is always replaced first. The tests pin the order.
"""

from __future__ import annotations

import hashlib
import re

from salina_monitor.models import JobError

TITLE_LIMIT = 200
VALUE = "<value>"
_READ = 4_000
_FRAMES = 3
REPLACEMENTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("<url>", re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>)\]]{1,2000}", re.IGNORECASE)),
    ("<email>", re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}\b")),
    ("<uuid>", re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)),
    ("<ulid>", re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b")),
    ("<time>", re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?")),
    ("<address>", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b")),
    ("<time>", re.compile(r"\b\d{1,2}:\d\d(?::\d\d(?:[.,]\d{1,9})?)?\b")),
    ("<path>", re.compile(r"(?<![\w<])(?:/[\w.@%+-]{1,100}){2,20}")),
    (
        "<hex>",
        re.compile(
            r"\b(?:0x[0-9a-f]{1,40}|(?=[0-9a-f]{0,39}\d)(?=[0-9a-f]{0,39}[a-f])[0-9a-f]{8,40})\b", re.IGNORECASE
        ),
    ),
    ("<isbn>", re.compile(r"\b97[89][-\d]{10,14}\b")),
    # An id of the ERP's kind: a word, then digits (stm_57952, aut-0126), which stands for one row of many.
    ("<id>", re.compile(r"\b[A-Za-z]{1,12}[_-]\d[\w-]{0,30}\b")),
    # Not the digit of a name: S3 is not S4.
    ("<n>", re.compile(r"(?<![A-Za-z\d])\d+(?:[.,]\d+)*")),
)
# Names of tenants, templates and files as they stand in a text: `quill-and-thistle`.
_SLUG = re.compile(r"\b[a-z0-9]{2,30}(?:-[a-z0-9]{2,30}){1,8}\b")
_QUOTED = re.compile(r"\"[^\"\n]{1,200}\"|'[^'\n]{1,200}'")
_FRAME = re.compile(
    r"(?m)^\s*(?:at\s+([\w.$<>\[\] ]{1,100})|File \"[^\"\n]{1,300}\", line \d{1,7}, in ([\w<>]{1,100}))"
)


def normalised(message: str) -> str:
    """The first lines of a message with everything that varies replaced, blanks collapsed."""
    text = message[:_READ]
    for stands_for, pattern in REPLACEMENTS:
        text = pattern.sub(stands_for, text)
    return " ".join(text.split())


def title_of(error: JobError, tenant: str | None = None) -> str:
    """The failure in one line, as a group is headed; `tenant`: whose it was, which others of its group are not.

    It shows what all of the group share: whatever the key leaves out has a word in its place.
    """
    name, said = normalised(error.name or ""), _said(error)
    if tenant:
        name, said = (re.sub(rf"(?<![\w<-]){re.escape(tenant)}(?![\w-])", "<tenant>", text) for text in (name, said))
    said = _SLUG.sub(VALUE, said)
    return (f"{name}: {said}" if name and said else said or name)[:TITLE_LIMIT] or "An error without words"


def example_of(error: JobError, title: str) -> str:
    """What one of the group said, where its title leaves values out; "" where it does not."""
    return " ".join(error.first_line[:_READ].split())[:TITLE_LIMIT] if VALUE in title else ""


def fingerprint(function_id: str, error: JobError | None) -> str:
    """16 hexadecimal digits that failures of one cause share: function, class, message, innermost frames."""
    if error is None:
        parts = [function_id, "", "", ""]
    else:
        said = _SLUG.sub(VALUE, _said(error))
        parts = [function_id, error.name or "", said, "\n".join(_frames(error.stack))]
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:16]


def _said(error: JobError) -> str:
    """The first line without what varies. Quoted values are data, as slugs are: a template's name, a tenant, a file."""
    message = _QUOTED.sub(VALUE, error.message[:_READ])
    return normalised(next((line for line in message.splitlines() if line.strip()), ""))


def _frames(stack: str | None) -> list[str]:
    """Names of the innermost functions: where it broke, whatever line that is on today."""
    if not stack:
        return []
    text = stack[:20_000]
    names = [(match[1] or match[2]).strip() for match in _FRAME.finditer(text)]
    # Python tells the innermost frame last, JavaScript first.
    return names[-_FRAMES:] if "Traceback" in text else names[:_FRAMES]
