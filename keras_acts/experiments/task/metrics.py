"""Keras' metrics by name, with options as in "F1Score(average='macro')", computed from a network's answers."""

import inspect
import re
from typing import Any

import keras
import numpy as np

from keras_acts.core import keras_bridge, spec
from keras_acts.experiments.task.options import check_options, unknown

__all__ = ["find", "higher_is_better", "score"]

METRICS = {
    name.lower(): found
    for name, found in vars(keras.metrics).items()
    if inspect.isclass(found) and issubclass(found, keras.metrics.Metric) and found is not keras.metrics.Metric
}
SHORT = {"mae": "MeanAbsoluteError", "mse": "MeanSquaredError", "rmse": "RootMeanSquaredError", "r2": "R2Score"}
OF_NUMBERS = (
    *("MeanAbsoluteError", "MeanSquaredError", "RootMeanSquaredError", "R2Score", "LogCoshError"),
    *("ConcordanceCorrelation", "PearsonCorrelation"),
)
OF_LABELS = ("Accuracy", "IoU", "MeanIoU")
OF_ONE_HOT = ("Categorical", "TopKCategorical", "OneHot", "KLDivergence", "CosineSimilarity")


def find(given: Any) -> keras.metrics.Metric:
    """The metric of a name or spec string; an object as it is.

    Raises:
        ValueError: for an unknown name or option, or a metric of which nobody knows whether more is better.

    Example:
        >>> find("auc(num_thresholds=50)").num_thresholds
        50
    """
    if isinstance(given, keras.metrics.Metric):
        higher_is_better(given)
        return given
    if not isinstance(given, str):
        raise ValueError(
            "`metric` must be a metric of Keras or its name, such as 'AUC' or \"F1Score(average='macro')\". "
            f"Received: {given!r}"
        )
    name = spec.parse(given)[0].replace("_", "").lower()
    name = SHORT.get(name, name).lower()
    if name not in METRICS:
        raise unknown("metric", given, [found.__name__ for found in METRICS.values()])
    try:
        # Keras counts the metrics of a process in their names.
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", METRICS[name].__name__).lower()
        made = METRICS[name](**{"name": plain} | check_options(given, METRICS[name], given=("dtype",)))
    except TypeError as error:  # an option that has no default
        raise ValueError(f"The metric {given!r} cannot be made: {error}") from error
    higher_is_better(made)
    return made


def higher_is_better(metric: keras.metrics.Metric) -> bool:
    """The direction of a metric.

    Raises:
        ValueError: if neither Keras nor an attribute `higher_is_better` of the metric's own says it.
    """
    own = getattr(metric, "higher_is_better", None)
    found = keras_bridge.metric_rises(metric) if own is None else bool(own)
    if found is None:
        raise ValueError(
            "A comparison must know whether more of a metric is better: give a metric of your own the attribute "
            f"`higher_is_better`. Received: {type(metric).__name__}"
        )
    return found


def score(metric: keras.metrics.Metric, y: np.ndarray, answers: np.ndarray, classes: int | None) -> float:
    """The metric of a network's answers.

    Args:
        metric: as `find` gives it.
        y: class numbers, or target values of shape (n, outputs).
        answers: probabilities of shape (n, classes), or values of the shape of `y`.
        classes: how many; None where the targets are numbers.

    Raises:
        ValueError: if the metric is one of classes and the targets are numbers.
    """
    # What a subclass of a user's takes is what Keras' class takes.
    known = [each.__name__ for each in type(metric).__mro__ if each.__name__ in METRICS_OF_KERAS]
    name = known[0] if known else type(metric).__name__
    if classes is None:
        if name in METRICS_OF_KERAS and name not in OF_NUMBERS:
            raise ValueError(
                f"The targets are numbers: `metric` must be one of {', '.join(OF_NUMBERS)}. Received: {name}"
            )
    elif name in OF_LABELS:
        answers = answers.argmax(axis=-1)
    elif not name.startswith("Sparse"):
        # Of two classes what Keras calls the prediction is the probability of the second one, as precision, recall and
        # AUC mean it; F1 without a threshold takes the larger of all.
        whole = name.startswith(OF_ONE_HOT) or getattr(metric, "threshold", 0.5) is None or classes > 2
        y = np.eye(classes, dtype="float32")[y] if whole else y[:, np.newaxis]
        answers = answers if whole else answers[:, 1:]
    metric.reset_state()
    metric.update_state(y, answers)
    return float(np.asarray(keras.ops.convert_to_numpy(metric.result())).mean())


METRICS_OF_KERAS = frozenset(found.__name__ for found in METRICS.values())
