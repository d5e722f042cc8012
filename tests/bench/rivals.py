"""rq-dashboard and Flower over a Redis of their own with as many jobs as we have, in a throw-away environment.

Everything listens on loopback only and ends with the block. Packages come from PyPI into a folder under /tmp that a
later call finds again; Redis is Debian's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.e2e.processes import free_port

PACKAGES = ("rq", "rq-dashboard", "flower", "celery[redis]")
PLACE = Path("/tmp/salina-bench-peers")  # noqa: S108 - programs from PyPI, nothing of ours
START_S, FILL_S = 30, 300
_RQ = """
import sys
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.registry import FailedJobRegistry, FinishedJobRegistry
from rq.results import Result
conn, jobs = Redis(port=int(sys.argv[1])), int(sys.argv[2])
queue = Queue("default", connection=conn)
conn.sadd(Queue.redis_queues_keys, queue.key)
finished, failed = FinishedJobRegistry("default", connection=conn), FailedJobRegistry("default", connection=conn)
pipe = conn.pipeline(transaction=False)
for n in range(jobs):
    job = Job.create("erp.statements.generate", args=[f"tenant-{n % 5000:04d}", f"st_{n}"], connection=conn,
                     origin="default", id=f"job-{n:08d}")
    if n % 17:
        job.save(pipeline=pipe)
        finished.add(job, 10_000_000 + n, pipeline=pipe)
    else:
        text = "S3ServiceException: PutObject 503 SlowDown: please reduce your request rate"
        job.save(pipeline=pipe)
        failed.add(job, 10_000_000 + n, text, pipe)
        Result.create_failure(job, 10_000_000, text, pipeline=pipe)
    if n % 1000 == 999:
        pipe.execute()
pipe.execute()
"""
_FLOWER = """
import sys, time
from celery import Celery
app = Celery(broker=f"redis://127.0.0.1:{sys.argv[1]}/1")
jobs = int(sys.argv[2])
with app.events.default_dispatcher(hostname="worker@bench") as out:
    out.send("worker-online")
    for n in range(jobs):
        id = f"00000000-0000-4000-8000-{n:012d}"
        out.send("task-received", uuid=id, name="erp.statements.generate", args=f"('tenant-{n % 5000:04d}', 'st_{n}')",
                 kwargs="{}", retries=0, eta=None, expires=None)
        if n % 17:
            out.send("task-succeeded", uuid=id, result="None", runtime=20.0)
        else:
            out.send("task-failed", uuid=id, traceback="",
                     exception="S3ServiceException('PutObject 503 SlowDown: please reduce your request rate')")
        if n % 400 == 399:
            time.sleep(0.1)  # no faster than it reads, or Redis would cut it off
"""


class Missing(Exception):
    """What has to be installed first, in one sentence."""


@dataclass(frozen=True)
class Rivals:
    """Addresses and versions."""

    rq: str
    flower: str
    versions: str


@contextmanager
def rivals(jobs: int, folder: Path) -> Iterator[Rivals]:
    """Both with so many jobs each. Raises Missing."""
    redis = shutil.which("redis-server")
    if redis is None:
        raise Missing("redis-server is missing (Debian: apt-get install redis-server)")
    _environment()
    with ExitStack() as stack:
        port, rq, flower = free_port(), free_port(), free_port()
        options = ["--save", "", "--appendonly", "no", "--client-output-buffer-limit", "pubsub 0 0 0"]
        _started(
            stack, [redis, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *options], folder, "redis"
        )
        time.sleep(1)
        _started(stack, [
            str(PLACE / "bin/celery"), "--broker", f"redis://127.0.0.1:{port}/1", "flower", "--address=127.0.0.1",
            f"--port={flower}", f"--max_tasks={jobs}",
        ], folder, "flower")  # fmt: skip
        _started(stack, [
            str(PLACE / "bin/rq-dashboard"), "--bind", "127.0.0.1", "--port", str(rq), "--redis-url",
            f"redis://127.0.0.1:{port}/0",
        ], folder, "rq")  # fmt: skip
        found = Rivals(f"http://127.0.0.1:{rq}", f"http://127.0.0.1:{flower}", _versions(redis))
        _answers(f"{found.flower}/tasks")
        _answers(f"{found.rq}/0/data/queues.json")
        for script in (_RQ, _FLOWER):
            print("filling a rival", file=sys.stderr, flush=True)
            subprocess.run([PLACE / "bin/python", "-c", script, str(port), str(jobs)], check=True, timeout=FILL_S)
        _until_flower_has(found.flower, jobs)
        yield found


def _environment() -> None:
    if (PLACE / "ready").exists():
        return
    shutil.rmtree(PLACE, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", PLACE], check=True, timeout=120)
    subprocess.run([PLACE / "bin/pip", "install", "--quiet", *PACKAGES], check=True, timeout=600)
    (PLACE / "ready").touch()


def _versions(redis: str) -> str:
    listed = subprocess.run([PLACE / "bin/pip", "list", "--format=freeze"], check=True, capture_output=True, text=True)
    wanted = {"rq", "rq-dashboard", "flower", "celery"}
    found = [line for line in listed.stdout.splitlines() if line.partition("==")[0] in wanted]
    server = subprocess.run([redis, "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    return ", ".join(line.replace("==", " ") for line in found) + f", redis-server {server.removeprefix('v=')}"


def _started(stack: ExitStack, command: list[str], folder: Path, name: str) -> None:
    log = stack.enter_context((folder / f"{name}.log").open("wb"))
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    stack.callback(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def _answers(url: str) -> None:
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up:
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer")


def _until_flower_has(url: str, jobs: int) -> None:
    give_up = time.monotonic() + FILL_S
    while time.monotonic() < give_up:
        answer = httpx.get(f"{url}/tasks/datatable", params=flower_question(), timeout=30).json()
        print(f"Flower has {answer['recordsTotal']:,} tasks", file=sys.stderr, flush=True)
        if answer["recordsTotal"] >= jobs:
            return
        time.sleep(2)
    raise RuntimeError(f"Flower has {answer['recordsTotal']:,} of {jobs:,} tasks")


def flower_question(start: int = 0, search: str = "", length: int = 20) -> dict[str, str]:
    """What its own page asks for one page of tasks, newest first."""
    return {"draw": "1", "start": str(start), "length": str(length), "search[value]": search, "order[0][column]": "0",
            "order[0][dir]": "desc", "columns[0][data]": "received"}  # fmt: skip
