"""Runs to records: in processes on this machine, on a Ray cluster, or in this process. The records are the same.

Each worker has one thread, as sums change in their last bits with the number of threads; so the same settings give the
same curves bit for bit, whatever the number of workers. A worker builds and compiles a network once for each activation
and keeps it, and therefore gets runs of the same few activations.
"""

import functools
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_acts import _extras
from keras_acts.experiments.runs.records import Record, Run
from keras_acts.experiments.task import data

Submit = Callable[[Run], "Future[Record]"]
TRAINERS_KEPT = 64


def execute(
    runs: Sequence[Run], workers: int | None = None, engine: str = "processes", budget: float | None = None
) -> Iterator[Record]:
    """Do the runs and hand out each record as soon as it is finished.

    Args:
        runs: what to run. Each worker takes its runs in this order.
        workers: number of processes; None for one on each core. A Ray cluster gets no more than it has CPUs.
        engine: "processes", "ray" (an existing cluster where one is configured, else one on this machine) or "here".
        budget: seconds after which no run is started any more.

    Raises:
        RuntimeError: if a worker dies, as for lack of memory, or the script that was started has no main guard.
        ModuleNotFoundError: if Ray is asked for and not installed.
    """
    if not runs:
        return
    deadline = None if budget is None else time.monotonic() + budget
    with _ENGINES[engine](workers, len(runs)) as submits:
        yield from _spread(runs, submits, deadline)


def run_one(run: Run) -> Record:
    """Do one run in this process, with what is compiled already if there was one like it."""
    return _trainer(replace(run, seed=0, learning_rate=1.0, epochs=1)).train(run, _split(run.data, run.seed))


@functools.lru_cache(maxsize=TRAINERS_KEPT)
def _trainer(like: Run) -> Any:
    from keras_acts.experiments.runs.trainer import Trainer

    return Trainer(like, data.load(like.data, like.seed))


_split = functools.lru_cache(maxsize=1)(data.load)


# ---- scheduling ------------------------------------------------------------------------------------------------------


def _spread(runs: Sequence[Run], submits: Sequence[Submit], deadline: float | None) -> Iterator[Record]:
    """Keep every worker busy: with runs of its own activations first, then with what the others have left."""
    waiting = _shares(runs, len(submits))
    busy: dict[Future[Record], int] = {}

    def start(worker: int) -> None:
        late = deadline is not None and time.monotonic() >= deadline
        own, longest = waiting[worker], max(waiting, key=len)
        if longest and not late:
            # Work stealing: from the tail of the longest queue, which its own worker would reach last.
            run = own.pop(0) if own else longest.pop()
            busy[submits[worker](run)] = worker

    for worker in range(len(submits)):
        start(worker)
    while busy:
        for future in wait(busy, return_when=FIRST_COMPLETED).done:
            worker = busy.pop(future)
            yield future.result()  # to be committed before anything else begins
            start(worker)


def _shares(runs: Sequence[Run], workers: int) -> list[list[Run]]:
    number = {activation: each for each, activation in enumerate(dict.fromkeys(run.activation for run in runs))}
    return [[run for run in runs if number[run.activation] % workers == worker] for worker in range(workers)]


# ---- engines ---------------------------------------------------------------------------------------------------------


# For workers whose script makes TensorFlow compute at its top level: each runs the script before anything of ours.
ENVIRONMENT = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


@contextmanager
def _processes(workers: int | None, most: int) -> Iterator[list[Submit]]:
    """One executor for each process, so that a run goes to the process that has compiled its network."""
    # Each worker runs the script again: without a guard it would come here, and so on, instead of training. Not so what
    # `python -m` runs, which has a spec, and notebooks.
    main = sys.modules["__main__"]
    script = Path(getattr(main, "__file__", None) or "")
    runs_again = main.__spec__ is None and script.suffix == ".py" and script.is_file()
    if runs_again and b"__name__" not in script.read_bytes():
        how = "call compare() below `if __name__ == '__main__':`, or with engine='here', in this process"
        raise RuntimeError(f"Worker processes run the script again: {how}. Received: {script}")
    count = min(workers or os.cpu_count() or 1, most)
    spawn = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
    with ExitStack() as stack:
        pools = [ProcessPoolExecutor(1, mp_context=spawn, initializer=_start_worker) for _ in range(count)]
        added = {name: value for name, value in ENVIRONMENT.items() if name not in os.environ}
        os.environ.update(added)
        for pool in pools:
            stack.callback(pool.shutdown, wait=True, cancel_futures=True)
            pool.submit(os.getpid)  # starts its process
        for name in added:
            del os.environ[name]
        try:
            yield [_pool_submit(pool) for pool in pools]
        except BrokenProcessPool as error:
            raise RuntimeError(
                "A worker process ended in the middle of a run. Finished runs are safe. If it ran out of memory, use "
                "fewer `workers`; in a script, call compare() below `if __name__ == '__main__':`"
            ) from error


@contextmanager
def _ray(workers: int | None, most: int) -> Iterator[list[Submit]]:
    with _extras.named():
        import ray

    with ExitStack() as stack:
        if not ray.is_initialized():
            _start_ray(ray, workers)
            stack.callback(ray.shutdown)
        cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
        count = min(workers or cpus, cpus, most)  # an actor beyond the CPUs would wait for ever
        remote: Any = ray.remote(num_cpus=1)(_RayWorker)
        actors = [remote.remote() for _ in range(count)]
        for actor in actors:
            stack.callback(ray.kill, actor)
        try:
            yield [_ray_submit(actor) for actor in actors]
        except ray.exceptions.RayActorError as error:
            raise RuntimeError(f"A Ray worker ended in the middle of a run. Finished runs are safe: {error}") from error


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


def _ray_submit(actor: Any) -> Submit:
    return lambda run: actor.run_one.remote(run).future()


@contextmanager
def _here(workers: int | None, most: int) -> Iterator[list[Submit]]:
    for cached in (_trainer, _split, data.source):
        cached.cache_clear()  # a notebook may have defined a function of the same name again

    def submit(run: Run) -> Future[Record]:
        future: Future[Record] = Future()
        future.set_result(run_one(run))
        return future

    yield [submit]


_ENGINES = {"processes": _processes, "ray": _ray, "here": _here}


def _pool_submit(pool: ProcessPoolExecutor) -> Submit:
    return lambda run: pool.submit(run_one, run)


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
    """Set up a worker before TensorFlow computes anything in it."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # compiling for each activation looks like needless retracing to it
    with suppress(RuntimeError):  # a script has made TensorFlow compute already, as the environment says
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
