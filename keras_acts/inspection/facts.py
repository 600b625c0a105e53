"""What is worked out about an activation, for `keras_acts.info` and `keras-acts show`: curve and initializer."""

from keras_acts import initializers
from keras_acts.analysis import Landmarks, landmarks
from keras_acts.core.activation import Activation
from keras_acts.core.params import Trait


def curve(record: Activation) -> Landmarks | None:
    """What `keras_acts.analysis.landmarks` finds; None over an axis."""
    return None if Trait.OVER_AXIS in record.traits else landmarks(record.with_params({}))


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


Activation.measured.update(curve=curve, initializer=initializer)
