"""Workers: the same records from any number of them, and nothing lost when they are killed."""

import dataclasses
import os
import signal
import subprocess
import sys
from concurrent.futures import Future

import pytest

from keras_acts import experiments
from keras_acts.experiments import comparing, runner
from keras_acts.experiments.plan import Plan, runs
from keras_acts.experiments.store import Store

PLAN = {"activations": ("relu", "PReLU"), "data": "iris", "model": "mlp(width=8)", "seeds": 2, "epochs": 3}


def same(records):
    """Records in the order of their runs, without what a clock says."""
    by_run = {record.run: dataclasses.replace(record, seconds=0.0, step_seconds=0.0) for record in records}
    return [by_run[run] for run in runs(Plan(**PLAN))]


@pytest.fixture(scope="module")
def by_one_worker():
    return same(runner.execute(runs(Plan(**PLAN)), workers=1))


def test_two_processes_give_the_same_curves_bit_for_bit(by_one_worker):
    assert same(runner.execute(runs(Plan(**PLAN)), workers=2)) == by_one_worker


def test_ray_gives_the_same_curves_bit_for_bit(by_one_worker):
    """On a Ray that this test starts on this machine, with two workers, one of which takes over runs of the other."""
    pytest.importorskip("ray", reason="Ray is an extra")
    code = (
        "import sys; from keras_acts.experiments import runner; from keras_acts.experiments.records import Run\n"
        "records = runner.execute([Run.from_json(line) for line in sys.stdin], workers=2, engine='ray')\n"
        "print(*(record.to_json() for record in records), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input="\n".join(run.to_json() for run in runs(Plan(**PLAN))),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert same(map(experiments.Record.from_json, done.stdout.splitlines())) == by_one_worker


def test_without_ray_the_engine_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ModuleNotFoundError, match="ray"):
        list(runner.execute(runs(Plan(**PLAN)), engine="ray"))


# ---- Killed ----------------------------------------------------------------------------------------------------------

SCRIPT = """
import sys
from pathlib import Path
from keras_acts.experiments import Plan, carry_out
if __name__ == "__main__":
    plan = Plan(activations=("relu", "PReLU"), data="iris", model="mlp(width=8)", seeds=5000, epochs=3, workers=1)
    for record in carry_out(plan, Path(sys.argv[1])):
        print(record.run.seed, flush=True)
"""


def test_kill_9_loses_no_finished_run(tmp_path, monkeypatch):
    (tmp_path / "script.py").write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, "script.py", str(tmp_path)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    reported = [process.stdout.readline() for _ in range(3)]
    os.kill(process.pid, signal.SIGKILL)
    rest, complaint = process.communicate(timeout=60)  # ends when the orphaned worker does, which holds the pipes too
    assert all(reported), complaint.decode()[-3000:]
    reported += rest.splitlines()

    settings = {**PLAN, "seeds": 5000}
    with Store(tmp_path / comparing.STORE, Plan(**settings).settings) as store:
        kept = store.records()
    assert len(kept) >= len(reported)

    again = []
    monkeypatch.setattr(runner, "run_one", lambda run: again.append(run) or dataclasses.replace(kept[0], run=run))
    settings["seeds"] = max(record.run.seed for record in kept) + 2
    plan = Plan(**settings, engine="here")
    records = list(experiments.carry_out(plan, tmp_path))
    assert {record.run for record in records} == set(runs(plan))
    assert set(again) == set(runs(plan)) - {record.run for record in kept}  # none is repeated, none forgotten
    assert experiments.in_order(plan, records)[0] in kept


# Needs a name that another process can import.
def killer(seed=0):
    """Data that kill the process that asks for them, as lack of memory does."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_is_reported(tmp_path, request, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(request.path.parent))
    plan = Plan(activations=("relu",), data=f"{__name__}:killer", seeds=1, workers=1)
    with pytest.raises(RuntimeError, match=r"A worker process ended in the middle of a run\. Finished runs are safe"):
        list(experiments.carry_out(plan, tmp_path))


# ---- Who does what ---------------------------------------------------------------------------------------------------


class Worker:
    """A worker that only notes what it is given."""

    def __init__(self):
        self.given = []

    def __call__(self, run):
        self.given.append(run)
        future = Future()
        future.set_result(run)
        return future


def test_each_worker_keeps_to_its_activations():
    planned = runs(Plan(activations=("relu", "gelu", "elu", "selu"), seeds=3))
    workers = [Worker(), Worker()]
    done = list(runner._spread(planned, workers, deadline=None))
    assert sorted(done, key=repr) == sorted(planned, key=repr)
    assert [{run.activation for run in worker.given} for worker in workers] == [{"relu", "elu"}, {"gelu", "selu"}]


def test_a_worker_without_work_takes_what_others_would_do_last():
    planned = runs(Plan(activations=("relu",), seeds=4))
    workers = [Worker(), Worker()]
    list(runner._spread(planned, workers, deadline=None))
    assert workers[0].given[0].seed == 0
    assert workers[1].given[0].seed == 3
    assert sorted(run.seed for worker in workers for run in worker.given) == [0, 1, 2, 3]


def test_a_budget_ends_the_comparison_and_keeps_whole_seeds(monkeypatch):
    plan = Plan(activations=("relu", "gelu"), seeds=9, engine="here", budget=10.0)
    clock = iter(range(1000))
    monkeypatch.setattr(runner.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(runner, "run_one", lambda run: dataclasses.replace(made_up(), run=run))
    records = list(experiments.carry_out(plan, None))
    assert 2 <= len(records) < 18
    kept = experiments.in_order(plan, records)
    assert len(kept) == len(records) // 2 * 2
    assert {record.run.activation for record in kept} == {"relu", "gelu"}


def made_up():
    """A record of nothing."""
    return experiments.Record(None, {}, "accuracy", True, 0.0, 0.0, 0, 0.0, 0.0, None, False, (), {})
