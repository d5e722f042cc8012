"""Starting and stopping the process that plays the five services."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import salina_monitor
from salina_monitor.sandbox.environment import sandbox_folder

STOP_S = 15.0
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT")


class SandboxError(Exception):
    """The sandbox could not start: `code`, and a sentence that says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class SandboxServices:
    """The running services. `env` is the complete environment of the played ERP; `control_url` is for `SandboxControl`.

    They end with `stop()`, with the `with` block, and with this process, however it ends.
    """

    env: Mapping[str, str]
    control_url: str
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the services and leave the embedded server. Harmless when called again."""
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> SandboxServices:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def child_environment(real: Mapping[str, str]) -> dict[str, str]:
    """What the child may know of the real environment: where programs are and which language is spoken."""
    own = {"PYTHONPATH": str(Path(salina_monitor.__file__).parents[1])}
    return {name: real[name] for name in _PASSED_ON if name in real} | own


def start_services(data_dir: Path, *, seed: int = 7) -> SandboxServices:
    """Play the five services on free loopback ports until stopped; data lies in `<data_dir>/sandbox`.

    The sandbox's store is thrown away first. Raises `SandboxError`.
    """
    folder = sandbox_folder(data_dir.expanduser().absolute())
    process = subprocess.Popen(
        [sys.executable, "-m", "salina_monitor.sandbox.process", str(folder), str(seed)],
        env=child_environment(os.environ), cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the parent, which then ends the child in order
    )  # fmt: skip
    services = SandboxServices({}, "", process)
    line = process.stdout.readline() if process.stdout else b""
    try:
        said = json.loads(line)
    except ValueError:
        services.stop()
        raise SandboxError("no_start", "The sandbox's services ended before they were ready; see above.") from None
    if "error" in said:
        services.stop()
        raise SandboxError(said["error"]["code"], said["error"]["message"])
    return SandboxServices(said["env"], said["control_url"], process)
