"""Any activation, shifted and scaled so that it keeps mean 0 and variance 1."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts.analysis import moments
from keras_acts.analysis.elementwise import Activation, Elementwise, as_function, is_layer
from keras_acts.core import derivatives, keras_bridge

__all__ = ["StandardizedActivation", "standardize"]


@keras.saving.register_keras_serializable(package="keras_acts", name="initializers.StandardizedActivation")
@dataclass(frozen=True, repr=False)
class StandardizedActivation:
    """A saveable callable: scale f(x) + shift. Made by `keras_acts.initializers.standardize`.

    Args:
        activation: the function f.
        scale: factor.
        shift: summand.
    """

    activation: Any
    scale: float
    shift: float

    def __post_init__(self) -> None:
        keras_bridge.stay_registered()

    @property
    def __name__(self) -> str:
        return f"standardized_{getattr(self.activation, '__name__', type(self.activation).__name__)}"

    def __call__(self, x: Any) -> Any:
        """The activation of a float tensor or KerasTensor."""
        return derivatives.upcast(lambda x: self.scale * self.activation(x) + self.shift)(x)

    def get_config(self) -> dict[str, Any]:
        """The function and both constants."""
        function = keras.activations.serialize(self.activation)
        return {"activation": function, "scale": self.scale, "shift": self.shift}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "StandardizedActivation":
        """The activation that `get_config` describes."""
        function = keras.activations.get(config["activation"])
        return cls(function, config["scale"], config["shift"])

    def __repr__(self) -> str:
        return self.__name__


def standardize(activation: Activation) -> StandardizedActivation:
    """The activation scale f(x) + shift whose outputs have mean 0 and variance 1 for z ~ N(0, 1).

    scale = 1 / std f(z), shift = -E f(z) / std f(z)

    With LeCun's weights, mean 0 and variance 1 are then a fixed point, as for selu. Only where it attracts is the
    result self-normalising: `statistics(standardize("elu")).self_normalizing` is True, for gelu, silu and softplus it
    is False (slopes 1.06, 1.10 and 1.06).

    Args:
        activation: a name, a spec string or a callable of one float tensor.

    Returns:
        A callable for `activation=`, saved with its constants. Its attributes are `activation`, `scale`, `shift`.

    Raises:
        ValueError: for an unknown name, an activation over an axis, one that gives NaN, is constant or has an infinite
            second moment.
        TypeError: for something that is no activation, or is a layer.

    Example:
        >>> tanh = standardize("tanh")
        >>> round(tanh.scale, 6), round(tanh.shift, 6) + 0.0
        (1.592537, 0.0)
        >>> layer = keras.layers.Dense(8, activation=tanh, kernel_initializer="lecun_normal")
    """
    if is_layer(activation):
        raise TypeError(
            "standardize needs a function, as the constants for a layer would not hold once its weights are trained. "
            f"Received: {activation!r}"
        )
    measured = Elementwise(activation)
    mean, second_moment = moments.value_moments(measured)
    scale = moments.inverse_root(second_moment - mean * mean, measured, "variance")
    return StandardizedActivation(as_function(activation), scale, -mean * scale)
