"""Workers: the same records from any number of them, and nothing lost when they are killed."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from concurrent.futures import Future

import pytest

from keras_acts import experiments
from keras_acts.experiments import execution
from keras_acts.experiments.plan import Plan
from keras_acts.experiments.runs import runner
from keras_acts.experiments.runs.records import SplitRecord
from keras_acts.experiments.runs.store import Store
from keras_acts.experiments.runs.versions import versions

PLAN = {
    "activations": ("relu", "PReLU"),
    "data": "iris",
    "model": "mlp(width=8)",
    "seeds": 2,
    "epochs": 3,
    "learning_rates": (1e-3,),
}


def same(records):
    """Records in the order of their runs, without what a clock says."""
    by_run = {record.run: dataclasses.replace(record, seconds=0.0, step_seconds=0.0) for record in records}
    return [by_run[run] for run in Plan(**PLAN).runs()]


class Worker:
    """A worker that only notes what it is given."""

    lost = RuntimeError

    def __init__(self):
        self.given = []

    def submit(self, run):
        self.given.append(run)
        future = Future()
        future.set_result(run)
        return future


def spread(runs, workers, then=lambda record: ()):
    return list(runner._spread(runs, workers, None, then, None))


# ---- Killed ----------------------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from pathlib import Path
from keras_acts.experiments import Plan, carry_out
if __name__ == "__main__":
    plan = Plan(activations=("relu", "PReLU"), data="iris", model="mlp(width=8)", seeds=5000, epochs=3,
                learning_rates=(1e-3,), workers=1)
    for record in carry_out(plan, Path(sys.argv[1])):
        print(record.run.seed, flush=True)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """A folder whose comparison, by one worker, was killed in the middle, and how many runs it had reported."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "script.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "script.py", str(folder)], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    reported = [process.stdout.readline() for _ in range(4)]
    os.kill(process.pid, signal.SIGKILL)
    rest, complaint = process.communicate(timeout=60)  # ends when the orphaned worker does, which holds the pipes too
    assert all(reported), complaint.decode()[-3000:]
    return folder, len(reported) + len(rest.splitlines())


def kept_in(folder):
    """The records of that comparison."""
    with Store(folder / execution.STORE, Plan(**{**PLAN, "seeds": 5000}).settings) as store:
        return store.records()


@pytest.mark.slow
def test_kill_9_loses_no_finished_run(killed, tmp_path, monkeypatch):
    folder, reported = killed
    kept = kept_in(folder)
    assert len(kept) >= reported

    again = []
    monkeypatch.setattr(runner, "run_one", lambda run: again.append(run) or dataclasses.replace(kept[0], run=run))
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    seeds = max(record.run.seed for record in kept) + 2
    plan = Plan(**{**PLAN, "seeds": seeds}, engine="here")
    records = list(experiments.carry_out(plan, tmp_path))
    assert {record.run for record in records} == set(plan.runs())
    assert set(again) == set(plan.runs()) - {record.run for record in kept}  # none is repeated, none forgotten
    assert experiments.in_order(plan, records)[0] in kept


# ---- Any number of workers -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_one_worker(killed):
    return same(kept_in(killed[0]))


@pytest.mark.nightly
def test_two_processes_give_the_same_curves_bit_for_bit(by_one_worker):
    assert same(runner.execute(Plan(**PLAN).runs(), workers=2)) == by_one_worker


# A cluster with a port that the system picks. It ends with its standard input, thus with the test at the latest.
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""

DRIVER = """
import sys
import ray
from keras_acts.experiments.runs import runner
from keras_acts.experiments.runs.records import Run
runs = [Run.from_json(line) for line in sys.stdin]
for record in runner.execute(runs, workers=2, engine="ray"):
    print(ray.get_runtime_context().gcs_address, record.to_json())
assert not ray.is_initialized()
"""


def by_ray(folder, **environment):
    """The records that two workers, if there are CPUs for two, made on Ray, and the address of the cluster."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER],
        env={**os.environ, "RAY_TMPDIR": folder, **environment},
        input="\n".join(run.to_json() for run in Plan(**PLAN).runs()),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    (address,) = {address for address, _ in lines}
    return [experiments.Record.from_json(text) for _, text in lines], address


@pytest.fixture
def short_folder():
    """Ray puts sockets into its folder, whose paths may not be as long as those of pytest's."""
    pytest.importorskip("ray", reason="Ray is an extra")
    with tempfile.TemporaryDirectory(prefix="ray") as folder:
        yield folder


@pytest.mark.nightly
def test_a_local_ray_gives_the_same_curves_bit_for_bit(short_folder, by_one_worker):
    """With two workers, one of which takes over runs of the other."""
    assert same(by_ray(short_folder)[0]) == by_one_worker


@pytest.mark.nightly
def test_a_ray_cluster_gives_the_same_curves_bit_for_bit(short_folder, by_one_worker):
    """On a cluster that is there already and has one CPU only."""
    cluster = subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        env={**os.environ, "RAY_TMPDIR": short_folder},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        address = cluster.stdout.readline().strip()
        records, used = by_ray(short_folder, RAY_ADDRESS=address)
        assert cluster.poll() is None
    finally:
        cluster.communicate(timeout=60)
    assert used == address
    assert same(records) == by_one_worker


def test_without_ray_the_engine_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ModuleNotFoundError, match="ray"):
        list(runner.execute(Plan(**PLAN).runs(), engine="ray"))


# Needs a name that another process can import.
def killer(activation):
    """A network whose process does not live to see it."""
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_worker_that_dies_is_reported(tmp_path, request, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(request.path.parent))
    plan = Plan(("relu",), data="iris", model=f"{__name__}:killer", seeds=1, workers=1, learning_rates=(1e-3,))
    said = r"A worker ended 2 times in the middle of a run \(relu, seed 0\)\. Finished runs are safe"
    with pytest.raises(RuntimeError, match=said):
        list(experiments.carry_out(plan, tmp_path))


class Losing(Worker):
    """A worker that is lost with every other run that it is given."""

    def __init__(self):
        super().__init__()
        self.renewed = 0

    def submit(self, run):
        future = super().submit(run)
        if len(self.given) % 2:
            future = Future()
            future.set_exception(RuntimeError("gone"))
        return future

    def renew(self):
        self.renewed += 1


def test_a_run_whose_worker_was_lost_is_tried_once_more():
    planned = Plan(activations=("relu", "gelu"), seeds=3, learning_rates=(0.1,)).runs()
    worker = Losing()
    assert spread(planned, [worker]) == planned
    assert worker.renewed == 6


def test_what_a_run_makes_necessary_reaches_a_worker_that_was_idle():
    first, *rest = Plan(activations=("relu",), seeds=5, learning_rates=(0.1,)).runs()
    workers = [Worker(), Worker()]
    assert set(spread([first], workers, lambda record: rest if record == first else ())) == {first, *rest}
    assert all(worker.given for worker in workers)


def hanging(activation):
    """A network that never comes."""
    time.sleep(3600.0)


@pytest.mark.slow
def test_a_run_that_hangs_is_ended_and_named(tmp_path, request, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(request.path.parent))
    plan = Plan(("relu",), data="iris", model=f"{__name__}:hanging", seeds=1, workers=1, time_limit=12.0)
    with pytest.raises(RuntimeError, match=r"A run took longer than 12 s \(relu, seed 1000000\) and was ended"):
        list(experiments.carry_out(plan, tmp_path))


# ---- Functions of a user's own ---------------------------------------------------------------------------------------

NOTEBOOK = """
import keras
def net(activation, input_shape, outputs):
    dense = keras.layers.Dense({units}, activation=activation(), **activation.paired())
    return keras.Sequential([keras.Input(input_shape), dense, keras.layers.Dense(outputs)])
"""

FILE = """
import numpy as np
def numbers(samples=60):
    return np.random.default_rng(0).normal(size=(samples, {features})), np.arange(samples) % 2
"""


@pytest.fixture
def notebook(monkeypatch):
    """What `__main__` is in a notebook: a module without a file."""
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    return module


@pytest.mark.slow
def test_functions_of_a_notebook_and_a_file_in_this_process(notebook, tmp_path):
    """Defined again, as one does in notebooks, they count as they are now."""
    parameters = []
    for units, features in ((3, 4), (5, 2)):
        exec(NOTEBOOK.format(units=units), notebook.__dict__)
        (tmp_path / "own.py").write_text(FILE.format(features=features))
        plan = Plan(
            activations=("relu",),
            data=f"{tmp_path}/own.py:numbers(samples=40)",
            model=notebook.net,
            seeds=1,
            epochs=1,
            learning_rates=(1e-3,),
            engine="here",
        )
        (record,) = experiments.carry_out(plan, None)
        parameters.append(record.parameters)
    assert parameters == [4 * 3 + 3 + 3 * 2 + 2, 2 * 5 + 5 + 5 * 2 + 2]


@pytest.mark.parametrize("engine", ["processes", "ray"])
def test_functions_of_a_notebook_cannot_go_to_other_processes(notebook, engine):
    exec(NOTEBOOK.format(units=3), notebook.__dict__)
    with pytest.raises(ValueError, match=r"a notebook or an interactive session\. Write .* or use engine='here'"):
        Plan(model=notebook.net, engine=engine)


def test_functions_of_a_script_go_to_processes_but_not_to_ray(notebook):
    exec(NOTEBOOK.format(units=3), notebook.__dict__)
    notebook.__file__ = "script.py"
    assert Plan(model=notebook.net, engine="processes").model == "__main__:net"
    with pytest.raises(ValueError, match=r"the script that was started\. Write the function to a file"):
        Plan(model=notebook.net, engine="ray")


# ---- Other versions --------------------------------------------------------------------------------------------------


def test_runs_of_other_versions_are_kept_and_named(tmp_path):
    plan = Plan(activations=("relu",), seeds=2, learning_rates=(1e-3,))
    now = versions()
    for run, keras_version in zip(plan.runs(), (now["keras"], "3.0.1"), strict=True):
        with Store(tmp_path / execution.STORE, plan.settings) as store:
            store.add(dataclasses.replace(made_up(), run=run, versions=now | {"keras": keras_version}))
    with pytest.warns(UserWarning, match=rf"made with keras 3\.0\.1 \(here {now['keras']}\)\. They are kept") as caught:
        records = list(experiments.carry_out(plan, tmp_path))
    assert len(caught) == 1
    assert len(records) == 2
    assert len(list(experiments.carry_out(dataclasses.replace(plan, seeds=1), tmp_path))) == 1  # without a warning


# ---- Who does what ---------------------------------------------------------------------------------------------------


def test_each_worker_keeps_to_its_activations():
    planned = Plan(activations=("relu", "gelu", "elu", "selu"), seeds=3, learning_rates=(0.1,)).runs()
    workers = [Worker(), Worker()]
    done = spread(planned, workers)
    assert sorted(done, key=repr) == sorted(planned, key=repr)
    assert [{run.activation for run in worker.given} for worker in workers] == [{"relu", "elu"}, {"gelu", "selu"}]


def test_a_worker_without_work_takes_what_others_would_do_last():
    planned = Plan(activations=("relu",), seeds=4, learning_rates=(0.1,)).runs()
    workers = [Worker(), Worker()]
    spread(planned, workers)
    assert workers[0].given[0].seed == 0
    assert workers[1].given[0].seed == 3
    assert sorted(run.seed for worker in workers for run in worker.given) == [0, 1, 2, 3]


def test_a_budget_ends_the_comparison_and_keeps_whole_seeds(monkeypatch):
    plan = Plan(activations=("relu", "gelu"), seeds=9, learning_rates=(0.1,), engine="here", budget=10.0)
    clock = iter(range(1000))
    monkeypatch.setattr(runner.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(runner, "run_one", lambda run: dataclasses.replace(made_up(), run=run))
    said = []
    records = list(experiments.carry_out(plan, None, said.append))
    assert 2 <= len(records) < 18
    (cut,) = said
    assert cut.startswith(f"cut short by `budget`: {len(records)} runs are done, {18 - len(records)} or more are not")
    kept = experiments.in_order(plan, records)
    assert len(kept) == len(records) // 2 * 2
    assert {record.run.activation for record in kept} == {"relu", "gelu"}


def made_up():
    """A record of nothing."""
    return experiments.Record(
        None, SplitRecord(60, 20, "rows"), {}, "accuracy", True, 0.0, 0.0, 0, 0.0, 0.0, None, False, (), {}
    )


# ---- Scripts ---------------------------------------------------------------------------------------------------------

TOUCHING = """
import os, sys
import keras
import tensorflow as tf
import keras_acts

rows = tf.ones((1, 2)) @ tf.ones((2, 3))  # TensorFlow is set up from here on

def network(activation):
    hidden = keras.layers.Dense(4, activation=activation())
    return keras.Sequential([keras.Input((4,)), hidden, keras.layers.Dense(3)])

if __name__ == "__main__":
    settings = {} if "own" not in sys.argv else {"model": network}
    before = dict(os.environ)
    settings |= {"learning_rates": [1e-3], "workers": 2}
    comparison = keras_acts.compare(["relu"], data="iris", seeds=2, epochs=2, **settings)
    assert dict(os.environ) == before
    print(len(comparison.records))
"""


@pytest.mark.nightly
@pytest.mark.parametrize("model", ["own", "ours"])
def test_a_script_that_touches_tensorflow_at_its_top_level_has_workers(tmp_path, model):
    (tmp_path / "script.py").write_text(TOUCHING)
    done = subprocess.run(
        [sys.executable, "script.py", model], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == "2"


def test_a_script_without_a_main_guard_is_told_at_once(monkeypatch, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import keras_acts\nkeras_acts.compare(['relu'])\n")
    main = types.ModuleType("__main__")
    main.__file__ = str(script)
    monkeypatch.setitem(sys.modules, "__main__", main)
    with pytest.raises(RuntimeError, match=r"below `if __name__ == '__main__':`, or with engine='here'.*script\.py"):
        experiments.compare(["relu"], data="iris", workers=1)
