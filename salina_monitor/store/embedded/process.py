"""The server process: starting it, knowing when it is ready, why it is not, and stopping it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from salina_monitor.store.embedded import log
from salina_monitor.store.embedded.binaries import CLEAN_ENV, Binaries
from salina_monitor.store.embedded.locks import POLL_S, FileLock, is_locked
from salina_monitor.store.embedded.place import Place
from salina_monitor.store.errors import EmbeddedServerError
from salina_monitor.store.files import give_to_owner_of_folder, os_failure, read_text, write_private

START_TIMEOUT_S = 60.0  # crash recovery included
FAST_STOP_S = 8.0
IMMEDIATE_STOP_S = 4.0
PORT_TRIES = 5

OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket path may have 107 bytes; a data folder may have more
    "max_connections": "60",
    "shared_buffers": "128MB",
    "effective_cache_size": "512MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "64MB",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than our short queries
    "io_method": "sync",  # no worker processes for a load this small
    "max_parallel_workers_per_gather": "0",  # nor /dev/shm, which containers keep tiny
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    # On: a sign-out or an audit row that was confirmed must not come undone. Bulk writes of the mirror, which repairs
    # itself, may switch it off for their own transaction.
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No statement texts (they hold people's data), no ERROR lines (the caller gets the error): the log stays small.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_line_prefix": "%m ",
    "logging_collector": "off",
}


def is_alive(place: Place) -> bool:
    """Whether any process of the server lives. Asks the lock they hold, since a pid may belong to another by now."""
    return place.alive_lock.exists() and is_locked(place.alive_lock)


def launch(place: Place, binaries: Binaries, options: dict[str, str]) -> None:
    """Start the server and wait until it takes connections. The caller holds the place's lock; no server lives."""
    port = recorded_port(place) or free_port()  # the old one first: pools of others find it again
    for _ in range(PORT_TRIES):
        log.trim_log(place.log)
        mark = log.size(place.log)
        _forget_dead_server(place)
        write_private(place.port_file, f"{port}\n")  # first, so that a kill from here on leaves a server one can find
        process = _spawn(place, binaries, port, options)
        if _wait_ready(place, process):
            return
        said = log.written_since(place.log, mark)
        if "could not bind" not in said and "could not create any TCP/IP sockets" not in said:
            raise log.start_failure(place, said)
        port = free_port()
    raise EmbeddedServerError(
        "no_port", f"The database in {place.home} found no free port on 127.0.0.1. Try again, or end what takes them."
    )


def recorded_port(place: Place) -> int | None:
    """The port the server was last started on, None if that is not known."""
    text = (read_text(place.port_file) or "").strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 65536 else None


def free_port() -> int:
    """A TCP port on loopback that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _forget_dead_server(place: Place) -> None:
    # After a crash or a reboot the pid in there may be anybody's, and PostgreSQL would take it for a running server.
    # Nobody holds the alive lock, so nobody of ours runs.
    (place.cluster / "postmaster.pid").unlink(missing_ok=True)


def _spawn(place: Place, binaries: Binaries, port: int, options: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [str(binaries.postgres), "-D", str(place.cluster), "-p", str(port)]
    for name, value in (OPTIONS | options).items():
        command += ["-c", f"{name}={value}"]
    user, group, groups = place.run_as
    alive = FileLock(place.alive_lock)
    alive.acquire()  # waits out askers, who hold it for microseconds
    try:
        log_fd = os.open(place.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            give_to_owner_of_folder(place.log)
            process = subprocess.Popen(
                command, user=user, group=group, extra_groups=groups,
                env=CLEAN_ENV, cwd="/", stdin=subprocess.DEVNULL, stdout=log_fd, stderr=log_fd,
                start_new_session=True,  # Ctrl-C in the terminal is for us; we stop the server when we are done
                pass_fds=(alive.fd,),
            )  # fmt: skip
        finally:
            os.close(log_fd)
    except OSError as error:
        raise os_failure(error, place.home) from None
    finally:
        alive.release()  # the server holds it now
    threading.Thread(target=process.wait, name="embedded-postgres-reaper", daemon=True).start()
    return process


def _wait_ready(place: Place, process: subprocess.Popen[bytes]) -> bool:
    """True when ready, False when the server has ended."""
    end = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None:
        lines = _pid_file(place)
        if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7] == "ready":
            return True
        if time.monotonic() > end:
            stop(place)
            raise EmbeddedServerError(
                "start_slow",
                f"The database in {place.home} was not ready after {START_TIMEOUT_S:.0f} s; {place.log} may say why."
                " Try again when the machine is less busy.",
            )
        time.sleep(POLL_S)
    return False


def _pid_file(place: Place) -> list[str]:
    try:
        text = (place.cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines()]


def server_pid(place: Place) -> int | None:
    """Process id of the living server, None if there is none."""
    lines = _pid_file(place)
    if not lines or not lines[0].isdigit() or not is_alive(place):
        return None
    pid = int(lines[0])
    try:  # in another container that pid is somebody else's here
        return pid if os.fsencode(place.cluster) in Path(f"/proc/{pid}/cmdline").read_bytes() else None
    except OSError:
        return None if Path("/proc/self/cmdline").exists() else pid  # a system without /proc


def stop(place: Place) -> None:
    """Stop the server, whoever started it: fast, then immediate (crash-safe, WAL is replayed at the next start)."""
    for sign, patience in ((signal.SIGINT, FAST_STOP_S), (signal.SIGQUIT, IMMEDIATE_STOP_S)):
        pid = server_pid(place)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, sign)
        if wait_dead(place, patience):
            return
    raise EmbeddedServerError(
        "stop_slow",
        f"The database in {place.home} did not stop. It is left running and is taken over at the next start.",
    )


def wait_dead(place: Place, patience_s: float) -> bool:
    """Wait up to `patience_s` seconds for the server's last process to end; whether it did."""
    end = time.monotonic() + patience_s
    while is_alive(place):
        if time.monotonic() > end:
            return False
        time.sleep(POLL_S)
    return True
