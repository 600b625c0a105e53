"""What is worked out about an activation, for `keras_acts.info` and `keras-acts show`: range and initializer."""

import numpy as np

from keras_acts import initializers
from keras_acts.analysis import elementwise
from keras_acts.core.activation import Activation
from keras_acts.core.params import Trait

_FAR = 10.0 ** np.arange(2.0, 300.0, 2.0)
_SAMPLE = np.concatenate([np.linspace(-50.0, 50.0, 40001), _FAR, -_FAR, [np.inf, -np.inf]])


def value_range(record: Activation) -> tuple[float, float] | None:
    """The smallest and the largest value, to six digits, on a fine grid and far out; None over an axis."""
    if Trait.OVER_AXIS in record.traits:
        return None
    (values,) = elementwise.evaluate(record.with_params({}), _SAMPLE)
    low, high = np.nanmin(values), np.nanmax(values)  # what swings for ever is NaN at infinity
    return -np.inf if low < -1e30 else _rounded(low), np.inf if high > 1e30 else _rounded(high)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}") + 0.0


def initializer(record: Activation) -> str:
    """The kernel initializer that `paired` gives, and the gain behind it."""
    function = record.with_params({})
    try:
        gain = initializers.gain(function)
    except ValueError:  # over an axis, zero almost everywhere, or too large for normal inputs
        return "none: it has no gain"
    kernel = initializers.paired(function)["kernel_initializer"]
    name = type(kernel).__name__  # that of Keras, also where an older Keras needs a class of ours in its place
    scale = f"(scale={kernel.scale:.5g})" if name == "VarianceScaling" else ""
    return f"{name}{scale} by keras_acts.paired; gain {gain:.5g}"


Activation.measured.update(range=value_range, initializer=initializer)
