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
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from keras_acts.experiments.runs.records import HISTORY, Record, Run, SplitRecord
from keras_acts.experiments.task import networks, user_functions

__all__ = ["train"]


def train(run: Run, versions: Mapping[str, str]) -> Record:
    """One run, by the function that `run.model` names.

    Raises:
        ValueError: if what the function returns is not as above.
    """
    function = user_functions.resolve(run.model)
    activation = networks.ActivationFactory(run.activation, run.paired)
    keras.utils.set_random_seed(run.seed)
    start = time.perf_counter()
    try:
        returned = function(activation, activation.paired(), run.learning_rate, run.seed)
    except Exception as error:
        raise RuntimeError(
            f"{run.model}, called with an activation, its initializers, a learning rate and a seed, failed with "
            f"{type(error).__name__}: {error}"
        ) from error
    given = _checked(returned, run)
    seconds = time.perf_counter() - start
    score = float(given["validation" if run.tuning else "test"])
    trained, tested = map(int, given.get("rows", (0, 0)))
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
    if _is_number(given) and not run.tuning:
        return {"test": given}
    wanted = "validation" if run.tuning else "test"
    if not isinstance(given, Mapping) or wanted not in given:
        raise ValueError(
            f"{run.model} must return a mapping with a score {wanted!r}"
            + (", by which the learning rate is chosen" if run.tuning else ", or a number")
            + f". Received: {given!r}"
        )
    for key in given:
        if key not in CHECKS:
            raise ValueError(f"{run.model} may return {', '.join(CHECKS)}. Received: {key!r}")
    for key, value in given.items():
        fits, expected = CHECKS[key]
        if not fits(value):
            raise ValueError(f"{run.model} must return {expected} as {key!r}. Received: {value!r}")
    return given


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _are_rows(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(each, int | np.integer) and not isinstance(each, bool) and each > 0 for each in value)
    )


def _are_curves(value: Any) -> bool:
    curves = value.values() if isinstance(value, Mapping) else [None]
    return all(isinstance(curve, list | tuple | np.ndarray) and all(map(_is_number, curve)) for curve in curves)


CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "validation": (_is_number, "a number"),
    "test": (_is_number, "a number"),
    "metric": (lambda value: isinstance(value, str), "a name"),
    "higher_is_better": (lambda value: isinstance(value, bool | np.bool_), "True or False"),
    "rows": (_are_rows, "two counts, trained on and tested on,"),
    "history": (_are_curves, "curves of numbers by name"),
}
