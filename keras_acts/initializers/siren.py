"""The weights of networks with sine activations."""

import math
from typing import Any

import keras

from keras_acts.core import keras_bridge, params
from keras_acts.initializers.scaling import check_kernel_shape

__all__ = ["Siren"]


@keras.saving.register_keras_serializable(package="keras_acts", name="initializers.Siren")
class Siren(keras.initializers.RandomUniform):
    """Kernels for sin(w0 x), with which implicit neural representations train.

    w ~ U(-sqrt(6 / fan_in) / w0, +sqrt(6 / fan_in) / w0), in the first layer U(-1 / fan_in, +1 / fan_in)

    For inputs in [-1, 1]. The variance of w0 x settles at 0.7968 = 1 - exp(-2 * 0.7968) and stays there at any depth. A
    hidden layer may as well have `keras.initializers.VarianceScaling(2 / w0**2, "fan_in", "uniform")`, which files
    without keras_acts can name; `keras_acts.paired("sin(w0=30.0)")` gives it.

    Args:
        w0: float > 0, the frequency of the activation.
        first_layer: True for the layer that sees the coordinates.
        seed: int, `keras.random.SeedGenerator` or None. As in Keras' own initializers, an int or None gives the same
            values at each call.

    Raises:
        ValueError: if w0 is not a finite number > 0; when called, for a shape that is no kernel's or has a fan of 0.

    Example:
        >>> kernel = Siren(w0=30.0, seed=0)((600, 600))
        >>> bool(abs(np.asarray(kernel)).max() <= 0.1 / 30.0)
        True

    Reference:
        arXiv:2006.09661, Implicit Neural Representations with Periodic Activation Functions.
    """

    def __init__(self, w0: float = 30.0, first_layer: bool = False, seed: Any = None) -> None:
        keras_bridge.stay_registered()
        self.w0 = params.finite_number("w0", w0, "Siren", low=0.0, exclusive=True)
        super().__init__(-1.0, 1.0, seed)
        self.first_layer = params.flag("first_layer", first_layer, "Siren")

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """A kernel of this shape."""
        shape = check_kernel_shape(shape, "Siren")
        fan_in = math.prod(shape[:-1])
        limit = 1.0 / fan_in if self.first_layer else math.sqrt(6.0 / fan_in) / self.w0
        return super().__call__(shape, dtype=dtype) * limit

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        return {"w0": self.w0, "first_layer": self.first_layer, "seed": super().get_config()["seed"]}
