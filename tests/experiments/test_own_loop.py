"""A training loop of the user's own: `compare(fit=...)`."""

import os
import re
import subprocess
import sys

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
        (3, "may return validation, test, metric, higher_is_better, rows, history. Received: 'tets'"),
    ],
)
def test_what_a_loop_may_not_return(seed, said):
    run = Run("", f"{__name__}:wrong", "relu", 1e-3, seed, 0, 0, settings=(("fit", True),))
    with pytest.raises(ValueError, match=re.escape(said)):
        own_loop.train(run, {})


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


TORCH = """
import keras
import numpy as np
import keras_acts
from sklearn.datasets import make_moons

def fit(activation, initializers, rate, seed):
    x, y = make_moons(300, noise=0.2, random_state=seed)
    layers = [keras.layers.Dense(16, **initializers), activation.layer(), keras.layers.Dense(1, activation="sigmoid")]
    model = keras.Sequential([keras.Input((2,)), *layers])
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x[:200], y[:200], epochs=3, verbose=0)
    score = {name: model.evaluate(x[part], y[part], verbose=0, return_dict=True)["accuracy"]
             for name, part in (("validation", slice(200, 250)), ("test", slice(250, 300)))}
    return score | {"metric": "accuracy"}

if __name__ == "__main__":
    found = keras_acts.compare(["relu", "PReLU"], fit=fit, learning_rates=[1e-2, 1e-1], seeds=2, workers=1)
    print(keras.backend.backend(), len(found.records), found.records[0].versions["torch"])
"""


@pytest.mark.slow
@pytest.mark.second_oracle
def test_a_loop_may_train_with_another_backend(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is a second oracle")
    (tmp_path / "script.py").write_text(TORCH)
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    backend, number_of_records, version = done.stdout.split()
    assert (backend, version) == ("torch", torch.__version__)
    assert int(number_of_records) >= 2 * (2 * 3 + 2)
