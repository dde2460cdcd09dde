"""Where the runs of a sweep are done: dask.distributed, on this machine's cores or at a scheduler of your own.

A run that was on a worker that died is given to another one, by the scheduler; its result is taken once, under its
`run_id`. All results are those of one thread, so it does not matter where a run was done.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import secrets
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from tuilab.lab.errors import LabError, RunError, one_line
from tuilab.lab.sweep.grid import Run

if TYPE_CHECKING:
    from distributed import Client, Future

WINDOW = 1000  # runs that the scheduler knows of at a time
TICK_S = 0.2  # between two looks at whether somebody asked to stop
CONNECT_S = 10
#: Times a run may be on a worker that dies until the run is held to be the reason.
_DEATHS = 5
_LOCAL = {
    "distributed.scheduler.allowed-failures": _DEATHS,
    "distributed.worker.profile.enabled": False,  # looks at the stack 100 times a second
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.system-monitor.gil.enabled": False,
}


def check_installed() -> None:
    """Raises RunError if dask.distributed is not there."""
    if find_spec("distributed") is None:
        raise RunError("sweep: needs dask.distributed, expected the extra of that name: pip install 'tuilab[sweep]'")


@contextmanager
def connected(scheduler: str | None, workers: int) -> Iterator[Client]:
    """A client of `scheduler`, or of a new local cluster of as many single-threaded `workers`; raises RunError."""
    import dask
    from distributed import Client

    for name in ("distributed", "distributed.client", "distributed.nanny", "distributed.scheduler", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            stack.enter_context(dask.config.set(_LOCAL))
            place: Any = stack.enter_context(_local_cluster(workers))
        else:
            place = scheduler
        try:
            client = Client(place, timeout=CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RunError(f"--scheduler {scheduler}: cannot be reached: {said}") from None
        stack.callback(_quietly, client.close)
        yield client


@contextmanager
def _local_cluster(workers: int) -> Iterator[Any]:
    from distributed import LocalCluster

    # Ctrl+c goes to every process of a terminal; the workers, who inherit this mask, leave it to us. The tracker would
    # take the mask away again when it starts.
    resource_tracker.ensure_running()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None,
            memory_limit=0, silence_logs=logging.CRITICAL,
        )  # fmt: skip
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        yield cluster
    finally:
        for nanny in cluster.workers.values():  # they have nothing that is wanted, and a run does not hear of an end
            nanny.auto_restart = False
            with contextlib.suppress(OSError, TypeError):
                os.kill(nanny.pid, signal.SIGKILL)
        _quietly(cluster.close)


def _quietly(close: Any) -> None:
    """Closes what may be broken already."""
    with contextlib.suppress(Exception):
        close()


def results(client: Client, runs: Iterable[Run], engine: str) -> Iterator[tuple[Run, dict[str, Any] | str] | None]:
    """Each run with its result, or with one line on why it failed, as they come; None every TICK_S without one.

    What is not done when the iteration is left is cancelled. Raises RunError if the scheduler is gone.
    """
    from tuilab.lab.sweep.run import execute

    done: queue.SimpleQueue[Future] = queue.SimpleQueue()
    waiting: dict[Any, tuple[Run, Future]] = {}
    sweep, ahead = secrets.token_hex(8), iter(runs)

    def submit(count: int) -> None:
        for run in itertools.islice(ahead, count):
            words = run.setting.text, run.seed, run.run_id, sweep, engine
            future = client.submit(execute, *words, key=f"tuilab-{sweep}-{run.run_id}")
            waiting[future.key] = run, future
            future.add_done_callback(done.put)

    try:
        submit(WINDOW)
        while waiting:
            try:
                key = done.get(timeout=TICK_S).key
            except queue.Empty:
                yield None
                continue
            run, future = waiting.pop(key)
            result = _taken(future)
            if future.status == "cancelled" or client.status in ("closed", "closing"):
                raise RunError("sweep: the scheduler is gone")
            submit(1)
            yield run, result
    finally:
        if waiting:
            _quietly(lambda: client.cancel([future for _, future in waiting.values()]))


def _taken(future: Future) -> dict[str, Any] | str:
    """The result of a future that is done, or one line."""
    try:
        return dict(future.result())
    except LabError as error:
        return str(error)
    except MemoryError:
        return "not enough memory on the worker"
    except Exception as error:  # whatever a worker or the way to it may raise
        return one_line(f"{type(error).__name__}: {error}", 200)
