"""Why something about an account was refused. The text is one sentence for people and holds no secret."""

from __future__ import annotations


class AccountError(Exception):
    """Base of all refusals; `code` is stable and for programs."""

    code = "account_refused"


class PasswordRefused(AccountError):
    """The new password does not keep the rules."""

    code = "password_refused"


class NameRefused(AccountError):
    """The user name cannot be used."""

    code = "name_refused"


class UserExists(AccountError):
    """Somebody has this name already."""

    code = "user_exists"


class NoSuchUser(AccountError):
    """Nobody has this name."""

    code = "no_such_user"


class LastOwner(AccountError):
    """The change would leave no enabled owner."""

    code = "last_owner"


class TenantRefused(AccountError):
    """The limit to one tenant cannot be set like that."""

    code = "tenant_refused"


class WrongPassword(AccountError):
    """The password given as the present one is not."""

    code = "wrong_password"


class SandboxUsers(AccountError):
    """A store that is to be served holds users whose password everybody knows."""

    code = "sandbox_users"


class SessionKeyError(AccountError):
    """The key behind the session tokens can be neither read nor made."""

    code = "session_key"
