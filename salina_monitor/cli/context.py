"""What all commands share: settings, and the store once somebody needs it."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from dotenv import dotenv_values

from salina_monitor.inngest import InngestClient
from salina_monitor.jobtypes import JobTypes
from salina_monitor.models import to_json
from salina_monitor.queries import JobSource
from salina_monitor.redact import Redactor, install_log_redaction
from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreError


class Context:
    """Settings of this call, and everything opened for it; `close` ends all of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store: Store | None = None
        self._client: InngestClient | None = None

    @classmethod
    def make(cls, env_file: Path | None, sandbox: bool) -> Context:
        """Settings from the environment and the file; of the sandbox if told so there or by the option.

        Raises Failure when the file cannot be used.
        """
        if env_file is not None:
            _add_to_environment(env_file)
        settings = Settings.load(os.environ)
        if sandbox or settings.monitor_sandbox:
            # Late: who does not play needs none of it.
            from salina_monitor.sandbox import sandbox_settings, seal

            with told():
                settings = sandbox_settings(os.environ)
            seal(os.environ)
        logging.basicConfig(format="%(levelname)s %(message)s")  # the handler that the redaction sits on
        install_log_redaction(settings)
        return cls(settings)

    def store(self, *, bind_source: bool = False) -> Store:
        """The opened store. Raises StoreError.

        Only who writes what Inngest says binds the store to its source: `users add` without an env file must not
        give a fresh store to the default one.
        """
        if self._store is None:
            self._store = Store.open(self.settings, bind_source=bind_source)
        return self._store

    def client(self) -> InngestClient:
        """The Inngest client."""
        if self._client is None:
            self._client = InngestClient(self.settings)
        return self._client

    def source(self, *, live: bool = False) -> JobSource:
        """Where questions about jobs go; `live` allows asking Inngest. Raises StoreError."""
        client = self.client() if live else None
        redact = Redactor(self.settings.secrets())
        return JobSource(self.store(), JobTypes.of(self.settings), client, redact=redact)

    def close(self) -> None:
        """End what was opened."""
        if self._client is not None:
            self._client.close()
        if self._store is not None:
            self._store.close()


@contextmanager
def told(exit_code: int = 1) -> Iterator[None]:
    """Turn a StoreError into its sentence and an exit code."""
    try:
        yield
    except StoreError as error:
        raise Failure(error.message, exit_code) from None


class Failure(click.ClickException):
    """A sentence on standard error and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        vars(self)["exit_code"] = exit_code  # click declares it for the class only


def echo_json(value: Any) -> None:
    """Value objects as JSON: their field names, UTC times with `Z`. ASCII, so that any pipe and any text will do."""
    click.echo(json.dumps(to_json(value), indent=2))


def _add_to_environment(file: Path) -> None:
    for name, value in _read(file).items():
        try:
            os.environ.setdefault(name, value)
        except ValueError:
            raise Failure(f"{file}: the value of {name} holds a character that no setting can have.", 1) from None


def _read(file: Path) -> Mapping[str, str]:
    try:
        found = dotenv_values(file, interpolate=False)
    except UnicodeDecodeError:
        raise Failure(f"{file} is not a text file in UTF-8.", 1) from None
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", 1) from None
    return {name: value for name, value in found.items() if name and value is not None}
