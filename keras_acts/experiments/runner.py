"""One run to one record, and a plan's runs one after the other."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import keras
import numpy as np

from keras_acts.experiments.data import Part, Split, digits
from keras_acts.experiments.networks import NETWORKS
from keras_acts.experiments.plan import Run

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


@dataclass(frozen=True)
class Record:
    """What one run gave.

    Args:
        run: what was run.
        history: by name in `METRICS`, one value for each epoch.
        test_loss: on the test data, after the last epoch.
        test_accuracy: share of the test images classified right, after the last epoch.
        parameters: number of trained weights.
        seconds: time to build, train and test, on the machine at hand.
    """

    run: Run
    history: Mapping[str, tuple[float, ...]]
    test_loss: float
    test_accuracy: float
    parameters: int
    seconds: float


def execute(runs: Iterable[Run], load: Callable[[int], Split] = digits) -> Iterator[Record]:
    """Do the runs in their order and hand out each record as it is finished.

    Args:
        runs: what to run.
        load: gives the data for a seed, the same for all activations.

    Returns:
        An iterator of records.
    """
    for run in runs:
        yield run_one(run, load(run.seed))


def run_one(run: Run, data: Split) -> Record:
    """Train one network and test it once.

    The random state of Python, numpy and Keras is set from the seed, so that on CPUs a run gives the same numbers to
    the last bit, whatever ran before it.

    Args:
        run: what to train.
        data: what to train on.

    Returns:
        The record.
    """
    start = time.perf_counter()
    keras.utils.set_random_seed(run.seed)
    train = data.train
    model = NETWORKS[run.model](run.activation, train.x.shape[1:], train.y.shape[-1])
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(clipvalue=0.5), metrics=["accuracy"])
    history = _train(model, data, run)
    tested = _measure(model, data.test)
    return Record(
        run=run,
        history={name: tuple(values) for name, values in history.items()},
        test_loss=float(tested["loss"]),
        test_accuracy=float(tested["accuracy"]),
        parameters=model.count_params(),
        seconds=time.perf_counter() - start,
    )


def _train(model: keras.Model, data: Split, run: Run) -> dict[str, list[float]]:
    """All epochs, as `fit` does them, but with an order of batches that hangs on the seed alone.

    So all activations see the same batches, on every backend. For networks this small it is also faster than `fit`.
    """
    x, y = data.train.x, data.train.y
    random = np.random.default_rng(run.seed)
    history: dict[str, list[float]] = {name: [] for name in METRICS}
    for _ in range(run.epochs):
        order = random.permutation(len(x))
        total = {"loss": 0.0, "accuracy": 0.0}
        for start in range(0, len(x), run.batch_size):
            rows = order[start : start + run.batch_size]
            model.reset_metrics()  # older Keras would give means over all batches so far
            trained = model.train_on_batch(x[rows], y[rows], return_dict=True)
            for name in total:
                total[name] += float(trained[name]) * len(rows)
        validated = _measure(model, data.validation)
        for name, value in total.items():
            history[name].append(value / len(x))
            history[f"val_{name}"].append(float(validated[name]))
    return history


def _measure(model: keras.Model, part: Part) -> dict[str, float]:
    model.reset_metrics()
    return model.test_on_batch(part.x, part.y, return_dict=True)
