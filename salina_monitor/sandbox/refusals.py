"""The played Inngest's ways to say no: the server's own, and the sandbox's for what no recording has."""

from __future__ import annotations


class Refused(Exception):
    """A v2 error: HTTP status, code and message as the server words them."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class RefusedV1(Exception):
    """A v1 error, which the server sends as HTTP 200 with the status in the body (inngest-api.md, trap 1)."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def invalid(message: str) -> Refused:
    return Refused(400, "invalid_field_format", message)


def not_found(what: str) -> Refused:
    return Refused(404, "not_found", f"{what} not found")


def unseen(what: str) -> Refused:
    """The sandbox's own refusal: the real server may ignore this silently, so nothing may lean on it."""
    return Refused(
        400, "sandbox_unseen", f"The sandbox refuses {what}: no recorded answer shows what Inngest makes of it."
    )
