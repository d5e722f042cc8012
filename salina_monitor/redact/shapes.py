"""Secrets that are recognisable by their shape, wherever in a text they stand.

Each shape names what must be in a text for it to be looked for at all: ordinary text costs a few searches
for a word, no expression. No expression can run away on hostile text: repetitions are bounded or cannot overlap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from salina_monitor.redact.names import is_secret_name

MASK = "•••"

# A word begins here, also after an escaped line end (`\nsk-…`) or an encoded character (`%20sk-…`).
_START = r"(?:(?<![A-Za-z0-9_])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
_SLASHES = r":(?:\\?/){2}"
# An apostrophe is allowed in a password, and ends a quoted address.
_APOSTROPHE = r"'(?![\s,:;)}\]]|\Z)"
_RANDOM = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]|\d")
_RUN_OR_UUID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FILE = re.compile(r"/|%2f|\.[a-z0-9]{2,5}\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shape:
    """`needles`: one of these must be in the lower-cased text. `mask` turns a match into what is shown."""

    name: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    mask: Callable[[re.Match[str]], str]


def looks_random(text: str, longest_word: int = 40) -> bool:
    """Whether a word is more likely a key than English: a digit, a capital inside, or no end."""
    return len(text) > longest_word or _RANDOM.search(text) is not None


def _between(match: re.Match[str]) -> str:
    """Keep the two groups around the secret."""
    return f"{match[1]}{MASK}{match[2]}"


def _after(match: re.Match[str]) -> str:
    """Keep the group before the secret."""
    return f"{match[1]}{MASK}"


def _scheme(match: re.Match[str]) -> str:
    return _after(match) if looks_random(match[2], longest_word=20) else match[0]


def _key(match: re.Match[str]) -> str:
    return MASK if looks_random(match[0]) else match[0]


def _parameter(match: re.Match[str]) -> str:
    before, name, value = match.groups()
    return f"{before}{name}={MASK}" if _is_secret_parameter(name, value) else match[0]


def _is_secret_parameter(name: str, value: str) -> bool:
    """`key` may be that of an object in a bucket and `code` that of an error: their values decide."""
    if name.lower() in ("key", "code"):
        object_key = name.lower() == "key" and _FILE.search(value)
        known = object_key or _RUN_OR_UUID.fullmatch(value)
        return len(value) >= 8 and looks_random(value) and not known
    return name.lower() == "auth" or is_secret_name(name)


def _option(match: re.Match[str]) -> str:
    return _after(match) if is_secret_name(match[2]) else match[0]


def _web_token(match: re.Match[str]) -> str:
    """The run of letters from `eyJ` on, if a dot follows: what begins so is an object, encoded."""
    before, begin, rest = match[0].partition("eyJ")
    return before + MASK if begin and "." in rest and len(rest) >= 16 else match[0]


SHAPES: tuple[Shape, ...] = (
    Shape(
        "private key",
        ("private key",),
        re.compile(
            r"(-----BEGIN ([A-Z ]{0,40})PRIVATE KEY(?: BLOCK)?-----)(?!•).*?"
            r"(?:-----END \2PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
        _after,
    ),
    Shape(
        "password in a database address",
        ("postgres", "mysql", "mariadb", "redis", "amqp", "mongodb"),
        # Passwords with a slash are common here and no path comes before the host.
        re.compile(
            rf"((?:postgres(?:ql)?|mysql|mariadb|rediss?|amqps?|mongodb)(?:\+[a-z0-9]{{1,20}})?{_SLASHES}"
            rf"[^\s:@/\"'<>]{{0,200}}:)(?:[^\s\"'<>]|{_APOSTROPHE}){{1,500}}(@)",
            re.IGNORECASE,
        ),
        _between,
    ),
    Shape(
        "password in an address",
        ("://", ":\\/\\/"),
        re.compile(rf"({_SLASHES}[^\s:/?#\"'<>]{{0,200}}:)(?:[^\s/?#\"'<>]|{_APOSTROPHE}){{1,500}}(@)"),
        _between,
    ),
    Shape(
        "parameter of an address",
        ("=",),
        re.compile(r"([?&;#](?:amp;)?)([A-Za-z_][A-Za-z0-9_.~-]{0,59}+)=([^&\s\"'<>#\\)\]}`]+)"),
        _parameter,
    ),
    Shape(
        "address that is a secret",
        ("hooks.slack", "discord", "telegram"),
        re.compile(
            r"(hooks\.slack(?:-gov)?\.com/[a-z]{1,20}/|discord(?:app)?\.com/api/webhooks/\d{1,30}/|api\.telegram\.org/bot)"
            r"[A-Za-z0-9_:/-]+"
        ),
        _after,
    ),
    Shape(
        "option of a command",
        ("--",),
        re.compile(r"((?<![\w-])--([A-Za-z][A-Za-z0-9_-]{0,59}+)[ \t]{1,3}+[\"']?)[^\s\"'-][^\s\"']*"),
        _option,
    ),
    Shape(
        "authorization",
        ("bearer", "basic", "apikey"),
        re.compile(
            _START + r"((?:Bearer|Basic|ApiKey)(?:\s{1,3}|%20|\+)[\"']?)([A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE
        ),
        _scheme,
    ),
    Shape(
        "JSON web token",
        ("eyj",),
        # The whole run is one match: looking again from every `eyJ` in it would take the square of its length.
        re.compile(r"(?<![A-Za-z0-9_.-])[A-Za-z0-9_.-]{20,}+"),
        _web_token,
    ),
    Shape(
        "AWS access key",
        ("akia", "asia", "aroa", "aida"),
        re.compile(r"(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}"),
        lambda match: MASK,
    ),
    Shape(
        "vendor key",
        ("k_live_", "k_test_", "whsec_", "signkey-", "sk-", "gh", "glpat-", "xox", "aiza", "npm_"),
        re.compile(
            r"[sr]k_(?:live|test)_[A-Za-z0-9_]{8,}|whsec_[A-Za-z0-9+/=_-]{8,}|signkey-[A-Za-z0-9_-]{8,}"
            r"|sk-(?:inn|proj|ant|api)[A-Za-z0-9_-]{8,}|gh[opsur]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}"
            r"|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{8,}|AIza[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}"
        ),
        _key,
    ),
    Shape(
        # What these begin with also ends ordinary words: store_, disk-, MSG.
        "vendor key with a short name",
        ("re_", "sk-", "sg."),
        re.compile(
            _START + r"(?:re_[A-Za-z0-9_]{14,}|sk-[A-Za-z0-9]{20,}|SG\.[A-Za-z0-9_-]{16,100}\.[A-Za-z0-9_-]{16,})"
        ),
        _key,
    ),
)


def mask_shapes(text: str) -> str:
    """`text` with the secret part of every shape masked."""
    lowered = text.lower()
    for shape in SHAPES:
        if any(needle in lowered for needle in shape.needles):
            text = shape.pattern.sub(shape.mask, text)
    return text
