"""Keras' optimizers by name, with options as in "adamw(weight_decay=0.01)"."""

import functools
import inspect
from collections.abc import Callable

import keras

from keras_acts.core import spec
from keras_acts.experiments.task.options import check_options, unknown

__all__ = ["find"]

NOT_BY_NAME = (keras.optimizers.Optimizer, keras.optimizers.LossScaleOptimizer)
OPTIMIZERS: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
    name.lower(): found
    for name, found in vars(keras.optimizers).items()
    if inspect.isclass(found) and issubclass(found, keras.optimizers.Optimizer) and found not in NOT_BY_NAME
}
# The rate is the one of the run; a moving average of weights and scaled losses are for loops of Keras' own.
FIXED = ("learning_rate", "name", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor")


def find(text: str) -> Callable[[float], keras.optimizers.Optimizer]:
    """What makes the optimizer at a learning rate. "sgd" has momentum 0.9 unless it says another.

    Raises:
        ValueError: for an unknown name or option, or a value that Keras refuses.

    Example:
        >>> find("adamw(weight_decay=0.01)")(1e-3).weight_decay
        0.01
    """
    name = spec.parse(text)[0].lower()
    if name not in OPTIMIZERS:
        raise unknown("optimizer", text, OPTIMIZERS)
    options = check_options(text, OPTIMIZERS[name], given=FIXED)
    make = functools.partial(OPTIMIZERS[name], **({"momentum": 0.9} if name == "sgd" else {}) | options)
    make(1e-3)  # now, and not in the first run
    return make
