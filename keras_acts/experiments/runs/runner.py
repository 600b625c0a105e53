"""Runs to records: in processes on this machine, on a Ray cluster, or in this process. The records are the same.

Each worker has one thread, as sums change in their last bits with the number of threads; so the same settings give the
same curves bit for bit, whatever the number of workers. A worker builds and compiles a network once for each activation
and keeps it, and therefore gets runs of the same few activations.
"""

import functools
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, Protocol

import keras

from keras_acts import _extras
from keras_acts.experiments.runs import own_loop, scoring
from keras_acts.experiments.runs.records import Record, Run, order
from keras_acts.experiments.runs.versions import versions
from keras_acts.experiments.task import data

TRAINERS_KEPT = 64
TRIES = 2  # of a run whose worker was lost

Then = Callable[[Record], Iterable[Run]]


class Worker(Protocol):
    """What does one run at a time."""

    lost: type[Exception]

    def submit(self, run: Run) -> "Future[Record]":
        """Start a run."""

    def renew(self) -> None:
        """End what the worker does, and start it again."""


def execute(
    runs: Iterable[Run],
    workers: int | None = None,
    engine: str = "processes",
    budget: float | None = None,
    *,
    then: Then = lambda record: (),
    most: int | None = None,
    time_limit: float | None = None,
) -> Iterator[Record]:
    """Do the runs and hand out each record as soon as it is finished.

    Args:
        runs: what to run. Each worker takes its runs in this order.
        workers: number of processes; None for one on each core. A Ray cluster gets no more than it has CPUs.
        engine: "processes", "ray" (an existing cluster where one is configured, else one on this machine) or "here".
        budget: seconds after which no run is started any more.
        then: the runs that a finished one makes necessary.
        most: how many runs there may be at once, with those of `then`; None for as many as `runs`.
        time_limit: seconds that a run may take, but for engine "here".

    Raises:
        RuntimeError: if a worker dies twice with the same run, as for lack of memory, a run takes too long, or the
            script that was started has no main guard.
        ModuleNotFoundError: if Ray is asked for and not installed.
    """
    runs = list(runs)
    if not runs:
        return
    deadline = None if budget is None else time.monotonic() + budget
    with _ENGINES[engine](workers, most or len(runs)) as team:
        yield from _spread(runs, team, deadline, then, time_limit)


def run_one(run: Run) -> Record:
    """Do one run in this process, with what is compiled already if there was one like it."""
    if dict(run.settings).get("fit"):
        return own_loop.train(run, versions())
    like = replace(run, seed=0, learning_rate=1.0, epochs=1, tuning=False)
    return _trainer(like).train(run, scoring.split(run.data, run.seed))


@functools.lru_cache(maxsize=TRAINERS_KEPT)
def _trainer(like: Run) -> Any:
    from keras_acts.experiments.runs.trainer import Trainer

    return Trainer(like, data.load(like.data, like.seed))


# ---- scheduling ------------------------------------------------------------------------------------------------------


class _Busy(NamedTuple):
    worker: Worker
    run: Run
    tries: int
    late: float | None  # when the run has taken too long


def _spread(
    runs: Sequence[Run], team: Sequence[Worker], deadline: float | None, then: Then, time_limit: float | None
) -> Iterator[Record]:
    """Keep every worker busy: with runs of its own activations first, then with what the others have left."""
    places: dict[str, int] = {}
    waiting: list[list[Run]] = [[] for _ in team]
    busy: dict[Future[Record], _Busy] = {}
    idle = list(team)

    def wait_for_workers(new: Iterable[Run]) -> None:
        for run in new:
            waiting[places.setdefault(run.activation, len(places) % len(team))].append(run)
        for each in waiting:
            each.sort(key=order)

    def start(worker: Worker, run: Run, tries: int = 1) -> None:
        late = None if time_limit is None else time.monotonic() + time_limit
        try:
            future = worker.submit(run)
        except worker.lost:  # between two runs
            worker.renew()
            future = worker.submit(run)
        busy[future] = _Busy(worker, run, tries, late)

    def keep_busy() -> None:
        for worker in list(idle):
            own, longest = waiting[team.index(worker)], max(waiting, key=len)
            if longest and not (deadline is not None and time.monotonic() >= deadline):
                # Work stealing: from the tail of the longest queue, which its own worker would reach last.
                start(worker, own.pop(0) if own else longest.pop())
                idle.remove(worker)

    wait_for_workers(runs)
    keep_busy()
    while busy:
        ends = [each.late for each in busy.values() if each.late is not None]
        patience = max(0.0, min(ends) - time.monotonic()) if ends else None
        done = wait(busy, timeout=patience, return_when=FIRST_COMPLETED).done
        if not done:
            _give_up(busy.values(), time_limit)
        for future in done:
            worker, run, tries, _ = busy.pop(future)
            try:
                record = future.result()
            except worker.lost as error:
                if tries == TRIES:
                    raise RuntimeError(
                        f"A worker ended {TRIES} times in the middle of a run ({run.activation}, seed {run.seed}). "
                        "Finished runs are safe. If it ran out of memory, use fewer `workers`; in a script, call "
                        "compare() below `if __name__ == '__main__':`"
                    ) from error
                worker.renew()
                start(worker, run, tries + 1)
                continue
            idle.append(worker)
            yield record  # to be committed before anything else begins
            wait_for_workers(then(record))
            keep_busy()


def _give_up(busy: Iterable[_Busy], time_limit: float | None) -> NoReturn:
    late = [each for each in busy if each.late is not None and each.late <= time.monotonic()]
    for each in late:
        each.worker.renew()  # or ending it would wait for the run
    runs = "; ".join(f"{each.run.activation}, seed {each.run.seed}" for each in late)
    raise RuntimeError(
        f"A run took longer than {time_limit:g} s ({runs}) and was ended. Finished runs are safe. Does the network "
        "hang? A longer `time_limit` gives it more time"
    )


# ---- engines ---------------------------------------------------------------------------------------------------------


# For workers whose script makes TensorFlow compute at its top level: each runs the script before anything of ours.
ENVIRONMENT = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


class _Process:
    """A process of its own, so that a run goes to the one that has compiled its network."""

    lost: type[Exception] = BrokenProcessPool

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        spawn = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=_start_worker)
        with _environment():
            self._number = self._pool.submit(os.getpid)  # starts the process

    def submit(self, run: Run) -> "Future[Record]":
        return self._pool.submit(_told, run)

    def renew(self) -> None:
        with suppress(BrokenProcessPool, ProcessLookupError):
            os.kill(self._number.result(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
        self.end()
        self._start()

    def end(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def _told(run: Run) -> Record:
    """`run_one`, with errors that reach another process: an exit is one, and not every exception can be sent."""
    try:
        return run_one(run)
    except SystemExit as error:
        raise RuntimeError(f"The run of {run.activation}, seed {run.seed}, exited with {error.code!r}") from error
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            raise RuntimeError(f"{type(error).__name__}: {error}") from None
        raise


@contextmanager
def _environment() -> Iterator[None]:
    added = {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}
    os.environ.update(added)
    yield
    for name in added:
        del os.environ[name]


@contextmanager
def _processes(workers: int | None, most: int) -> Iterator[list[Worker]]:
    # Each worker runs the script again: without a guard it would come here, and so on, instead of training. Not so what
    # `python -m` runs, which has a spec, and notebooks.
    main = sys.modules["__main__"]
    script = Path(getattr(main, "__file__", None) or "")
    runs_again = main.__spec__ is None and script.suffix == ".py" and script.is_file()
    if runs_again and b"__name__" not in script.read_bytes():
        how = "call compare() below `if __name__ == '__main__':`, or with engine='here', in this process"
        raise RuntimeError(f"Worker processes run the script again: {how}. Received: {script}")
    with ExitStack() as stack:
        team: list[Worker] = []
        for _ in range(min(workers or os.cpu_count() or 1, most)):
            worker = _Process()
            stack.callback(worker.end)
            team.append(worker)
        yield team


class _RayActor:
    def __init__(self, ray: Any) -> None:
        self.lost = ray.exceptions.RayActorError
        self._ray = ray
        self._actor = ray.remote(num_cpus=1)(_RayWorker).remote()

    def submit(self, run: Run) -> "Future[Record]":
        return self._actor.run_one.remote(run).future()

    def renew(self) -> None:
        self.end()
        self._actor = self._ray.remote(num_cpus=1)(_RayWorker).remote()

    def end(self) -> None:
        self._ray.kill(self._actor)


@contextmanager
def _ray(workers: int | None, most: int) -> Iterator[list[Worker]]:
    with _extras.named():
        import ray

    with ExitStack() as stack:
        if not ray.is_initialized():
            _start_ray(ray, workers)
            stack.callback(ray.shutdown)
        cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
        count = min(workers or cpus, cpus, most)  # an actor beyond the CPUs would wait for ever
        team: list[Worker] = []
        for _ in range(count):
            worker = _RayActor(ray)
            stack.callback(worker.end)
            team.append(worker)
        yield team


def _start_ray(ray: Any, workers: int | None) -> None:
    """Join the cluster that Ray is configured for, or start one on this machine."""
    options = {"log_to_driver": False, "logging_level": "error"}
    try:
        ray.init(address="auto", **options)
    except ConnectionError:
        ray.init(address="local", num_cpus=workers, include_dashboard=False, **options)


class _RayWorker:
    def __init__(self) -> None:
        _one_thread()

    def run_one(self, run: Run) -> Record:
        return run_one(run)


class _Here:
    lost: type[Exception] = BrokenProcessPool  # which this process is not

    def submit(self, run: Run) -> "Future[Record]":
        future: Future[Record] = Future()
        future.set_result(run_one(run))
        return future

    def renew(self) -> None:
        pass


@contextmanager
def _here(workers: int | None, most: int) -> Iterator[list[Worker]]:
    for cached in (_trainer, scoring.split, data.source):
        cached.cache_clear()  # a notebook may have defined a function of the same name again
    yield [_Here()]


_ENGINES = {"processes": _processes, "ray": _ray, "here": _here}


def _start_worker() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _one_thread()


def _end_with(parent: Any) -> None:
    """End this worker with its parent: workers of a killed process would wait for work for ever."""
    parent.join()
    os._exit(1)


def _one_thread() -> None:
    """Set up a worker before anything is computed in it."""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        torch.set_num_threads(1)
    if backend != "tensorflow":
        return
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # compiling for each activation looks like needless retracing to it
    with suppress(RuntimeError):  # a script has made TensorFlow compute already, as the environment says
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
