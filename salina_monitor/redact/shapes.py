"""Secrets that are recognisable by their shape, wherever in a text they stand.

Each shape names what must be in a text for it to be looked for at all: ordinary text costs a few searches
for a word, no expression. No expression can run away on hostile text: repetitions are bounded or cannot overlap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MASK = "•••"
_QUOTE = r"""(?:\\{0,4}["'])"""
_NAMED = r"pass(?:word|wd|phrase|code)|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|token|dsn"


@dataclass(frozen=True, slots=True)
class Shape:
    """`needles`: one of these must be in the lower-cased text. `mask` turns a match into what is shown."""

    name: str
    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    mask: Callable[[re.Match[str]], str]


def _keep(*groups: int) -> Callable[[re.Match[str]], str]:
    """Keep the given groups around the mask: those before 0 stand before it."""

    def mask(match: re.Match[str]) -> str:
        return "".join(MASK if group == 0 else match[group] or "" for group in groups)

    return mask


def _looks_random(text: str) -> bool:
    """Whether a word is more likely a key than English: a digit, a capital inside, or no end."""
    return len(text) > 40 or any(c.isdigit() for c in text) or re.search(r"[a-z][A-Z]|[A-Z]{2}[a-z]", text) is not None


def _scheme(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}" if _looks_random(match[2]) else match[0]


def _pair(match: re.Match[str]) -> str:
    """`password: …` always; `token: …` where it is quoted, assigned or looks random: "token: expired" is words."""
    name, between, opening, value, closing = match.groups()
    plain = not opening and "=" not in between and name.lower().startswith(("token", "dsn"))
    if not value or (plain and not _looks_random(value)):
        return match[0]
    return f"{name}{between}{opening or ''}{MASK}{closing or ''}"


def _vendor(match: re.Match[str]) -> str:
    return MASK if _looks_random(match[0]) else match[0]


SHAPES: tuple[Shape, ...] = (
    Shape(
        "private key",
        ("private key-----",),
        re.compile(r"-----BEGIN ([A-Z ]{0,40})PRIVATE KEY-----(?!•).*?(?:-----END \1PRIVATE KEY-----|\Z)", re.DOTALL),
        lambda match: f"-----BEGIN {match[1]}PRIVATE KEY-----{MASK}",
    ),
    Shape(
        "password in a database address",
        ("postgres", "mysql", "redis", "amqp", "mongodb", "rediss"),
        # Passwords with a slash are common here and no path comes before the host.
        re.compile(
            r"\b((?:postgres(?:ql)?|mysql|mariadb|rediss?|amqps?|mongodb)(?:\+[a-z0-9]{1,20})?://[^\s:@/\"'<>]{0,200}:)"
            r"[^\s@\"'<>]{1,500}(@)",
            re.IGNORECASE,
        ),
        _keep(1, 0, 2),
    ),
    Shape(
        "password in an address",
        ("://",),
        re.compile(r"(://[^\s:@/?#\"'<>]{0,200}:)[^\s@/?#\"'<>]{1,500}(@)"),
        _keep(1, 0, 2),
    ),
    Shape(
        "parameter of an address",
        ("amz-", "goog-", "sig", "token", "key", "secret", "password", "auth"),
        re.compile(
            r"([?&;](?:amp;)?(?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|AWSAccessKeyId|Signature|sig|token"
            r"|[a-z]{1,20}[_-]token|api[_-]?key|client[_-]secret|secret|password|auth)=)[^&\s\"'<>#]{1,5000}",
            re.IGNORECASE,
        ),
        _keep(1, 0),
    ),
    Shape(
        "header",
        ("authorization", "cookie", "api-key"),
        re.compile(
            rf"\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)({_QUOTE}?\s{{0,3}}[:=]\s{{0,3}}{_QUOTE}?)"
            r"[^\r\n\"'\\]{1,8000}",
            re.IGNORECASE,
        ),
        _keep(1, 2, 0),
    ),
    Shape(
        "authorization",
        ("bearer ", "basic ", "apikey "),
        re.compile(r"\b((?:Bearer|Basic|ApiKey)\s{1,3})([A-Za-z0-9._~+/=-]{8,8000})", re.IGNORECASE),
        _scheme,
    ),
    Shape(
        "JSON web token",
        ("eyj",),
        re.compile(r"\beyJ[A-Za-z0-9_-]{5,8000}\.[A-Za-z0-9_-]{5,8000}(?:\.[A-Za-z0-9_-]{0,8000})?"),
        lambda match: MASK,
    ),
    Shape(
        "AWS access key",
        ("akia", "asia", "aroa", "aida"),
        re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,20}\b"),
        lambda match: MASK,
    ),
    Shape(
        "vendor key",
        ("sk_", "rk_", "re_", "whsec_", "signkey-", "sk-", "gh", "glpat-", "xox", "aiza", "sg."),
        re.compile(
            r"\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{8,200}|re_[A-Za-z0-9_]{14,200}|whsec_[A-Za-z0-9+/=]{8,200}"
            r"|signkey-[A-Za-z0-9-]{8,200}|sk-(?:inn|proj|ant|api)[A-Za-z0-9_-]{8,300}|sk-[A-Za-z0-9]{20,200}"
            r"|gh[opsur]_[A-Za-z0-9]{16,200}|github_pat_[A-Za-z0-9_]{16,200}|glpat-[A-Za-z0-9_-]{16,200}"
            r"|xox[abeoprs]-[A-Za-z0-9-]{8,200}|AIza[A-Za-z0-9_-]{20,200}|SG\.[A-Za-z0-9_-]{16,100}\.[A-Za-z0-9_-]{16,100})"
        ),
        _vendor,
    ),
    Shape(
        "named value",
        ("pass", "pwd", "secret", "key", "token", "dsn"),
        re.compile(
            rf"((?:{_NAMED})[A-Za-z0-9_-]{{0,20}})({_QUOTE}?\s{{0,3}}[:=]\s{{0,3}})({_QUOTE})?"
            r"((?(3)[^\"'\\\r\n]{1,5000}|[^\s,;&\"'\\}\])>•]{1,5000}))(\\{0,4}[\"'])?",
            re.IGNORECASE,
        ),
        _pair,
    ),
)


def mask_shapes(text: str) -> str:
    """`text` with the secret part of every shape masked."""
    lowered = text.lower()
    for shape in SHAPES:
        if any(needle in lowered for needle in shape.needles):
            text = shape.pattern.sub(shape.mask, text)
    return text
