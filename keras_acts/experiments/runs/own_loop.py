"""A training loop of the user's own, called once for each run: `compare(fit=function)`.

    def function(activation, initializers, rate, seed):
        layers = [keras.layers.Dense(64, **initializers), activation.layer(), keras.layers.Dense(1)]
        ...
        return {"validation": 0.91, "test": 0.90}

`activation.layer()` is a fresh layer each time, and `activation.text` its name; `initializers` are keyword arguments of
the layer before it. Python's, NumPy's and the backend's random numbers start from `seed`. Returned are:

- "validation", "test": the score on each; "validation" is not needed where there is one rate only, and then a number
  alone is the test score. The test score of a run that chooses a rate is thrown away;
- "metric", "higher_is_better": what the scores are, "score" and True if left out;
- "rows": (trained on, tested on), if each seed divides the same rows anew: their differences are not independent then;
- "history": curves, any of "loss", "metric", "val_loss", "val_metric", with a value for each epoch.
"""

import time
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_acts.experiments.runs.records import HISTORY, Record, Run, SplitRecord
from keras_acts.experiments.task import networks, user_functions

__all__ = ["train"]

KEYS = ("validation", "test", "metric", "higher_is_better", "rows", "history")


def train(run: Run, versions: Mapping[str, str]) -> Record:
    """One run, by the function that `run.model` names.

    Raises:
        ValueError: if what the function returns is not as above.
    """
    function = user_functions.resolve(run.model)
    activation = networks.ActivationFactory(run.activation, run.paired)
    keras.utils.set_random_seed(run.seed)
    start = time.perf_counter()
    given = _checked(function(activation, activation.paired(), run.learning_rate, run.seed), run)
    seconds = time.perf_counter() - start
    score = float(given["validation" if run.tuning else "test"])
    trained, tested = given.get("rows", (0, 0))
    history = {name: tuple(map(float, given.get("history", {}).get(name, ()))) for name in HISTORY}
    return Record(
        run=run,
        split=SplitRecord(trained, tested, "rows" if trained else "own"),
        history=history,
        metric_name=str(given.get("metric", "score")),
        higher_is_better=bool(given.get("higher_is_better", True)),
        loss=score,
        score=score,
        parameters=0,
        seconds=seconds,
        step_seconds=float("nan"),
        peak_memory_mb=None,
        diverged=not np.isfinite(score),
        layers=(),
        versions=versions,
    )


def _checked(given: Any, run: Run) -> Mapping[str, Any]:
    if isinstance(given, int | float | np.number) and not run.tuning:
        return {"test": given}
    wanted = "validation" if run.tuning else "test"
    if not isinstance(given, Mapping) or wanted not in given:
        raise ValueError(
            f"{run.model} must return a mapping with a score {wanted!r}"
            + (", by which the learning rate is chosen" if run.tuning else ", or a number")
            + f". Received: {given!r}"
        )
    for key in given:
        if key not in KEYS:
            raise ValueError(f"{run.model} may return {', '.join(KEYS)}. Received: {key!r}")
    for key in given.keys() & {"validation", "test"}:
        if not isinstance(given[key], int | float | np.number):
            raise ValueError(f"{run.model} must return a number as {key!r}. Received: {given[key]!r}")
    return given
