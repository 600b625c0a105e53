"""A training loop of the user's own: `compare(fit=...)`."""

import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.experiments import Plan
from keras_acts.experiments.runs import own_loop
from keras_acts.experiments.runs.records import Run

QUALITY = {"relu": 0.8, "gelu": 0.9, "PReLU": 0.7}
RUN = Run("", f"{__name__}:scores", "relu", 1e-3, 0, 0, 0, settings=(("fit", True),))


def scores(activation, initializers, rate, seed):
    """Scores without training, best at the rate 0.01."""
    layers = [keras.layers.Dense(3, **initializers), activation.layer()]
    keras.Sequential([keras.Input((2,)), *layers])
    noise = 0.01 * np.random.normal()
    score = QUALITY[activation.text] - abs(np.log10(rate) + 2.0) / 100.0 + noise
    return {"validation": score, "test": score - 0.1, "rows": (300, 100), "metric": "share"}


def number(activation, initializers, rate, seed):
    """A test score alone."""
    return 0.5 + 0.01 * seed


def wrong(activation, initializers, rate, seed):
    """What `WRONG` holds."""
    return WRONG[seed]


WRONG = [None, {"test": "good"}, {"validation": 0.5}, {"test": 0.5, "tets": 0.5}]
WRONG += [{"test": 0.5, "rows": 5}, {"test": 0.5, "history": {"loss": 0.5}}, {"test": 0.5, "higher_is_better": "False"}]
WRONG += [{"test": True}]


def early(activation, initializers, rate, seed):
    """Histories that end where it stopped."""
    curve = np.linspace(0.5, 0.9, 3 + seed % 4).tolist()
    return {"validation": 0.9, "test": 0.5 + 0.01 * seed, "metric": "accuracy", "history": {"val_metric": curve}}


def failing(activation, initializers, rate, seed):
    """Raises what no other process can read."""

    class TwoArgumentsError(Exception):
        def __init__(self, one, two):
            super().__init__(one)

    raise TwoArgumentsError("oops", 2)


def test_a_loop_gets_rates_seeds_and_statistics():
    found = keras_acts.compare(list(QUALITY), fit=scores, seeds=5, engine="here")
    assert [row.activation for row in found.table()] == ["gelu", "relu", "PReLU"]
    assert {row.learning_rate for row in found.table()} == {1e-2}
    assert {row.trials for row in found.table()} == {15}
    (task,) = found.tasks
    assert (task.metric_name, task.overlap) == ("share", 1 / 3)
    assert task.label == f"{__name__}:scores"
    assert [round(row.mean, 1) for row in found.table()] == [0.8, 0.7, 0.6]
    assert "gelu beats relu" in found.verdict()
    assert "your loop" in found.verdict()


@pytest.mark.slow
def test_what_a_loop_made_can_be_written(tmp_path):
    found = keras_acts.compare(["relu", "gelu"], fit=number, learning_rates=[0.1], seeds=3, engine="here")
    found.to_csv(tmp_path)
    found.to_html(tmp_path / "page.html")
    assert "valid as far as the scores of your loop are independent from seed to seed" in found.verdict()
    assert [row.mean for row in found.table()] == [pytest.approx(0.51)] * 2


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (0, "must return a mapping with a score 'test', or a number. Received: None"),
        (1, "must return a number as 'test'. Received: 'good'"),
        (2, "must return a mapping with a score 'test', or a number. Received: {'validation': 0.5}"),
        (4, "must return two counts, trained on and tested on, as 'rows'. Received: 5"),
        (5, "must return curves of numbers by name as 'history'. Received: {'loss': 0.5}"),
        (6, "must return True or False as 'higher_is_better'. Received: 'False'"),
        (7, "must return a number as 'test'. Received: True"),
        (3, "may return validation, test, metric, higher_is_better, rows, history. Received: 'tets'"),
    ],
)
def test_what_a_loop_may_not_return(seed, said):
    run = Run("", f"{__name__}:wrong", "relu", 1e-3, seed, 0, 0, settings=(("fit", True),))
    with pytest.raises(ValueError, match=re.escape(said)):
        own_loop.train(run, {})


@pytest.mark.slow
def test_histories_may_end_anywhere(tmp_path):
    found = keras_acts.compare(["relu", "gelu"], fit=early, learning_rates=[0.1], seeds=4, engine="here")
    assert "3 seeds" not in found.verdict()
    found.to_html(tmp_path / "page.html")
    found.to_csv(tmp_path)
    with pytest.raises(ValueError, match="with 3, 4, 5, 6 epochs"):
        found.plot_curves("val_metric")


@pytest.mark.slow
def test_what_a_loop_raises_is_said_with_its_name():
    with pytest.raises(
        RuntimeError, match=r"failing, called with an activation, .* failed with TwoArgumentsError: oops"
    ):
        keras_acts.compare(["relu"], fit=failing, learning_rates=[0.1], engine="here")


def test_a_number_does_not_choose_a_rate():
    with pytest.raises(ValueError, match="a score 'validation', by which the learning rate is chosen"):
        keras_acts.compare(["relu"], fit=number, engine="here")


def test_the_same_seed_starts_the_same_numbers():
    first, again = (own_loop.train(RUN, {}).score for _ in range(2))
    assert first == again


@pytest.mark.parametrize("setting", [{"data": "moons"}, {"epochs": 3}, {"optimizer": "sgd"}, {"metric": "AUC"}])
def test_a_loop_of_ones_own_has_its_own_settings(setting):
    (name,) = setting
    with pytest.raises(ValueError, match=f"leave `{name}` out"):
        Plan(fit=number, **setting)


PAGE = Path(__file__).parents[2] / "docs" / "own-loop.md"


@pytest.mark.slow
@pytest.mark.skipif(not PAGE.exists(), reason="the page is in the repository, not in the wheel")
@pytest.mark.parametrize(
    "number", [pytest.param(0, marks=[pytest.mark.second_oracle, pytest.mark.nightly]), 1], ids=["torch", "series"]
)
def test_the_examples_of_the_page_run(tmp_path, number):
    if number == 0:
        pytest.importorskip("torch", reason="torch is a second oracle")
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)[number]
    (tmp_path / "script.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "relu" in done.stdout
    assert "valid as far as the scores of your loop are independent" in done.stdout
    assert (tmp_path / "series.html").exists() == (number == 1)
