"""Any metric of Keras, from answers that are kept: against scikit-learn, on drawn answers."""

import dataclasses
import re

import keras
import numpy as np
import pytest
import sklearn.metrics as oracle
from synthetic import record

from keras_acts.experiments import Comparison, execution
from keras_acts.experiments.plan import Plan
from keras_acts.experiments.runs import runner, scoring
from keras_acts.experiments.runs.records import Run
from keras_acts.experiments.task import data, metrics


def drawn(classes, rows=400, seed=0):
    random = np.random.default_rng(seed)
    y = random.integers(classes, size=rows).astype("int32")
    logits = random.normal(size=(rows, classes)) + 1.5 * np.eye(classes)[y]
    answers = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return y, answers.astype("float32")


TWO = {
    "AUC(num_thresholds=2000)": lambda y, p: oracle.roc_auc_score(y, p[:, 1]),
    "precision": lambda y, p: oracle.precision_score(y, p[:, 1] > 0.5),
    "Recall": lambda y, p: oracle.recall_score(y, p[:, 1] > 0.5),
    "F1Score(threshold=0.5)": lambda y, p: oracle.f1_score(y, p[:, 1] > 0.5),
    "f1_score(average='macro')": lambda y, p: oracle.f1_score(y, p.argmax(1), average="macro"),
    "binary_crossentropy": lambda y, p: oracle.log_loss(y, p),
    "accuracy": lambda y, p: oracle.accuracy_score(y, p.argmax(1)),
}
MORE = {
    "F1Score(average='macro')": lambda y, p: oracle.f1_score(y, p.argmax(1), average="macro"),
    "F1Score(average='weighted')": lambda y, p: oracle.f1_score(y, p.argmax(1), average="weighted"),
    "SparseTopKCategoricalAccuracy(k=2)": lambda y, p: oracle.top_k_accuracy_score(y, p, k=2),
    "CategoricalCrossentropy": lambda y, p: oracle.log_loss(y, p),
    "SparseCategoricalCrossentropy": lambda y, p: oracle.log_loss(y, p),
    "CategoricalAccuracy": lambda y, p: oracle.accuracy_score(y, p.argmax(1)),
    "MeanIoU(num_classes=4)": lambda y, p: oracle.jaccard_score(y, p.argmax(1), average="macro"),
}
NUMBERS = {
    "mae": oracle.mean_absolute_error,
    "RootMeanSquaredError": oracle.root_mean_squared_error,
    "r2_score": oracle.r2_score,
}


@pytest.mark.parametrize(
    ("classes", "name", "expected"),
    [(2, *pair) for pair in TWO.items()] + [(4, *pair) for pair in MORE.items()],
    ids=lambda value: str(value) if isinstance(value, str | int) else "",
)
def test_metrics_of_classes_are_those_of_scikit_learn(classes, name, expected):
    for seed in range(3):
        y, answers = drawn(classes, seed=seed)
        found = metrics.score(metrics.find(name), y, answers, classes)
        assert found == pytest.approx(expected(y, answers), abs=2e-3 if "AUC" in name else 1e-5)


@pytest.mark.parametrize("name", NUMBERS)
def test_metrics_of_numbers_are_those_of_scikit_learn(name):
    random = np.random.default_rng(3)
    y, answers = random.normal(size=(2, 200, 1)).astype("float32")
    assert metrics.score(metrics.find(name), y, answers, None) == pytest.approx(NUMBERS[name](y, answers), rel=1e-5)


class Own(keras.metrics.MeanAbsoluteError):
    """A metric of a user's own that says its direction."""

    higher_is_better = True


def test_directions():
    rising = {name: metrics.higher_is_better(metrics.find(name)) for name in (*TWO, *MORE, *NUMBERS)}
    falling = {name for name, rises in rising.items() if not rises}
    assert falling == {name for name in rising if "rossentropy" in name} | {"mae", "RootMeanSquaredError"}
    assert metrics.higher_is_better(metrics.find(Own()))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("AUCC", "Unknown metric. Did you mean 'AUC'?"),
        ("AUC(thresholds_=3)", "has no option `thresholds_`"),
        ("IoU", "cannot be made"),
        ("FalsePositives", "the attribute `higher_is_better`"),
        (3, "must be a metric of Keras or its name"),
    ],
)
def test_a_wrong_metric_is_refused(wrong, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        Plan(metric=wrong)


def test_a_metric_of_classes_does_not_fit_numbers():
    with pytest.raises(ValueError, match="The targets are numbers: `metric` must be one of MeanAbsoluteError"):
        metrics.score(metrics.find("AUC"), np.zeros((3, 1)), np.zeros((3, 1)), None)


def test_answers_are_kept_exactly():
    values = np.random.default_rng(0).normal(size=(31, 3)).astype("float32")
    np.testing.assert_array_equal(scoring.answers(scoring.kept(values), 3), values)


@pytest.mark.slow
def test_another_metric_needs_no_training(tmp_path, monkeypatch):
    """The rate is chosen anew by it, from what the networks answered to the validation rows."""
    settings = {"activations": ("relu", "tanh"), "data": "iris", "model": "mlp(width=8)", "seeds": 3, "epochs": 4}
    plan = Plan(**settings, learning_rates=(1e-3, 1e-2, 1e-1), engine="here")
    records = list(execution.carry_out(plan, tmp_path))
    plain = Comparison(execution.in_order(plan, records))
    trained = []
    run_one = runner.run_one
    monkeypatch.setattr(runner, "run_one", lambda run: trained.append(run) or run_one(run))
    other = dataclasses.replace(plan, metric="CategoricalCrossentropy")
    again = Comparison(execution.in_order(other, execution.carry_out(other, tmp_path)))
    chosen = {entry.activation: entry.learning_rate for entry in plain.tasks[0].entries}
    assert all(chosen[run.activation] != run.learning_rate for run in trained)  # only at rates that another score finds
    (task,) = again.tasks
    assert (task.metric_name, task.higher_is_better, task.curve_name) == ("categorical_crossentropy", False, "accuracy")
    for entry in task.entries:
        for each in entry.records:
            assert each.score == pytest.approx(each.loss, rel=1e-5)  # cross-entropy is what is trained


def test_a_diverged_run_has_no_score():
    run = Run("iris", "mlp", "relu", 1e-3, 0, 1, 32)
    answers = scoring.kept(np.full((30, 3), np.nan))
    made = dataclasses.replace(record(diverged=True), run=run, predictions=answers)
    assert np.isnan(scoring.scored(made, "AUC").score)
    assert scoring.scored(made, None) is made
    right = np.eye(3)[data.load("iris", 0).test.y]
    made = dataclasses.replace(made, diverged=False, predictions=scoring.kept(right))
    assert scoring.scored(made, "F1Score(average='macro')").score == 1.0
