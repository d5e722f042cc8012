"""One thread that keeps the store equal to Inngest: syncs when asked, and reads history and traces between.

Pages never wait on the API themselves: they ask, and wait at most five seconds for the answer. However
many ask at once, one sync serves them all; across processes the lease in the store sees to that.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from salina_monitor.inngest import InngestClient, InngestError
from salina_monitor.mirror.ahead import Ahead
from salina_monitor.mirror.backlog import functions_due, queue_sweep, read_backlog_page
from salina_monitor.mirror.baselines import compute_baselines
from salina_monitor.mirror.fingerprints import add_missing_fingerprints
from salina_monitor.mirror.state import SQL, MirrorState, SyncProblem, read_state
from salina_monitor.mirror.sync import LEASE_POLL_S, Context, LeaseLost, sync_functions, sync_live
from salina_monitor.mirror.traces import missing_traces, read_trace, without_trace
from salina_monitor.models import utcnow
from salina_monitor.settings import Settings
from salina_monitor.store import Store, StoreError

log = logging.getLogger(__name__)
REFRESH_BUDGET_S = 5.0
BACK_OFF_S = 5.0


class Mirror:
    """The mirror of one store.

    `refresh` asks for a sync that starts after the call and waits for it; `request` only asks.
    `sync_now` does everything in the calling thread, for the command line.
    """

    def __init__(
        self, store: Store, client: InngestClient, settings: Settings, *, clock: Callable[[], datetime] = utcnow
    ) -> None:
        self.store = store
        self._ctx = Context(
            store, client, timedelta(days=int(settings.monitor_history_days)), clock, lambda: self._stop.is_set(),
            document_fields=settings.monitor_document_fields,
        )  # fmt: skip
        self._clock = clock
        # Traces that nobody waits for take a quarter of the rate, and leave the processor to the pages.
        self._between_traces_s = 4 / settings.inngest_requests_per_second
        self._changed = threading.Condition()
        self._asked = 0  # syncs asked for
        self._served = 0  # the latest one of them that a finished sync has served
        self._wanted: dict[str, None] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._idle_until = 0.0

    # -- what pages call -------------------------------------------------

    def state(self) -> MirrorState:
        """The state as committed. Raises StoreError."""
        return read_state(self.store)

    def request(self) -> int:
        """Ask for a sync that starts from now on; returns its ticket for `wait`."""
        self._start()
        with self._changed:
            self._asked += 1
            self._changed.notify_all()
            return self._asked

    def wait(self, ticket: int, timeout_s: float = REFRESH_BUDGET_S) -> bool:
        """Wait until that sync ended, well or not; False when the time ran out before."""
        with self._changed:
            return self._changed.wait_for(lambda: self._served >= ticket, timeout_s)

    def refresh(self, timeout_s: float = REFRESH_BUDGET_S) -> MirrorState:
        """Ask for a sync, wait for it at most `timeout_s` seconds, and return the state then."""
        self.wait(self.request(), timeout_s)
        return self.state()

    def want_traces(self, run_ids: list[str]) -> None:
        """Put runs that somebody looks at in front of the trace queue."""
        self._start()
        with self._changed:
            self._wanted = dict.fromkeys(run_ids) | {k: None for k in list(self._wanted)[:200] if k not in run_ids}
            self._changed.notify_all()

    def wait_for_traces(self, run_ids: list[str], timeout_s: float) -> bool:
        """Wait until none of these runs waits for its trace, at most `timeout_s` seconds; False when time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: not any(i in self._wanted for i in run_ids), timeout_s)

    def traces_pending(self, run_ids: list[str]) -> bool:
        """True while one of these runs still waits for its trace."""
        with self._changed:
            return any(run_id in self._wanted for run_id in run_ids)

    def close(self) -> None:
        """End the thread; whatever it had not committed is repaired by the next sync."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=12)

    # -- the command line --------------------------------------------------

    def sync_now(self, progress: Callable[[MirrorState], None] = lambda state: None) -> MirrorState:
        """Sync, then read all open history. Raises InngestError, StoreError, and LeaseLost to another process."""
        ctx = self._ctx
        with ctx.leased():
            self._sync_once()
            sync_functions(ctx)
            ahead = Ahead()
            while read_backlog_page(ctx, ahead):
                progress(self.state())
        return self.state()

    @property
    def context(self) -> Context:
        return self._ctx

    # -- the thread ----------------------------------------------------------

    def _start(self) -> None:
        with self._changed:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="mirror", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._changed:
                self._changed.wait_for(self._has_work, timeout=max(0.05, self._idle_until - time.monotonic()))
                if self._stop.is_set():
                    return
                ticket = self._asked
                due = ticket > self._served
            if due:
                self._serve(ticket)
            else:
                self._read_between()

    def _has_work(self) -> bool:
        # Asked of what is wanted, not only of the pause's end: a wish may come while a step finds nothing to do.
        asked = self._asked > self._served or bool(self._wanted)
        return self._stop.is_set() or asked or time.monotonic() >= self._idle_until

    def _serve(self, ticket: int) -> None:
        try:
            if self._take_lease_or_join():
                try:
                    self._sync_once()
                finally:
                    self._ctx.drop_lease()
        except (InngestError, StoreError, LeaseLost) as error:
            log.warning("sync failed: %s", getattr(error, "code", type(error).__name__))
        except Exception:
            # The thread must outlive a bug, or every page would wait in vain from then on.
            log.exception("sync failed unexpectedly")
            with suppress(StoreError):  # the next sync says that the store is away
                self._remember(SyncProblem("mirror_bug", "The sync stopped on an error of the monitor; see its log."))
        finally:
            with self._changed:
                self._served = ticket
                self._idle_until = 0.0
                self._changed.notify_all()

    def _take_lease_or_join(self) -> bool:
        """True when this process may sync; False once another process's sync, begun after the call, is done."""
        asked_at = self._clock()
        give_up = time.monotonic() + REFRESH_BUDGET_S
        while not self._ctx.take_lease():
            state = self.state()
            done = state.as_of.at is not None and state.as_of.at >= asked_at
            failed = state.problem is not None and state.attempted_at is not None and state.attempted_at >= asked_at
            if done or failed or time.monotonic() > give_up or self._stop.wait(LEASE_POLL_S):
                return False
        return True

    def _sync_once(self) -> None:
        try:
            sync_live(self._ctx)
        except InngestError as error:
            self._remember(SyncProblem(error.code, error.message, error.setting or ""))
            raise

    def _remember(self, problem: SyncProblem) -> None:
        values = {
            "code": problem.code,
            "message": problem.message,
            "setting": problem.setting or None,
            "now": self._clock(),
        }
        with self.store.connection() as conn:
            conn.execute(SQL["record_error"], values)

    def _read_between(self) -> None:
        """One small step of what can wait: a trace somebody looks at, a page of history, another trace."""
        try:
            if not self._step():
                self._idle_until = time.monotonic() + 60
        except LeaseLost:
            self._idle_until = time.monotonic() + BACK_OFF_S
        except (InngestError, StoreError) as error:
            # Not recorded as the state's problem: the live part decides whether the truth is fresh.
            log.warning("reading history paused: %s", getattr(error, "code", type(error).__name__))
            self._idle_until = time.monotonic() + BACK_OFF_S
            self._let_nobody_wait()
        except Exception:
            log.exception("reading history failed unexpectedly")  # the thread must outlive a bug
            self._idle_until = time.monotonic() + 60
            self._let_nobody_wait()

    def _let_nobody_wait(self) -> None:
        with self._changed:
            self._wanted.clear()
            self._changed.notify_all()

    def _step(self) -> bool:
        with self._changed:
            wanted = list(self._wanted)
        if wanted:
            self._trace_one_of(wanted)
            return True
        if self.state().as_of.at is None:
            return False  # nothing was ever read: wait until somebody asks
        if self._read_history() or add_missing_fingerprints(self._ctx):
            return True
        compute_baselines(self._ctx)
        queue = missing_traces(self._ctx)
        for run_id in queue:
            if self._interrupted():
                break
            read_trace(self._ctx, run_id)
            self._stop.wait(self._between_traces_s)
        return bool(queue)

    def _read_history(self) -> bool:
        """Functions, open slices, the hourly sweep; False when there was nothing to read. Raises LeaseLost.

        Whoever wants to sync, here or in another process, goes first.
        """
        ctx = self._ctx
        if not ctx.take_lease(ask=False):
            raise LeaseLost
        try:
            if functions_due(ctx):
                sync_functions(ctx)
                return True
            read, ahead = False, Ahead()
            while not self._interrupted() and not ctx.lease_wanted() and read_backlog_page(ctx, ahead):
                read = True
            return read or queue_sweep(ctx)
        finally:
            ctx.drop_lease()

    def _interrupted(self) -> bool:
        with self._changed:
            return self._stop.is_set() or self._asked > self._served or bool(self._wanted)

    def _trace_one_of(self, wanted: list[str]) -> None:
        missing = without_trace(self._ctx, wanted)
        if missing:
            read_trace(self._ctx, missing[0])
        with self._changed:
            for run_id in wanted:
                if run_id not in missing[1:]:
                    self._wanted.pop(run_id, None)
            self._changed.notify_all()
