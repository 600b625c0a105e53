"""Biases as torch's layers have them."""

import math
from typing import Any

import keras

from keras_acts.core import keras_bridge, params

__all__ = ["FanInUniform"]

KERNELS = ("kernel", "pointwise_kernel")  # the last one before the bias is added


@keras.saving.register_keras_serializable(package="keras_acts", name="initializers.FanInUniform")
class FanInUniform(keras.initializers.RandomUniform):
    """Biases in the range that torch's Linear and Conv layers draw them from: by the inputs of each output.

    b ~ U(-1 / sqrt(fan_in), +1 / sqrt(fan_in))

    Keras tells an initializer the shape of the bias only, so the inputs are those of the kernel beside it, in the layer
    whose `bias_initializer` this is. Coordinate networks need such biases: `keras_acts.paired("finer")` gives them.

    Args:
        fan_in: int >= 1, number of inputs of each output; None to find it.
        seed: int, `keras.random.SeedGenerator` or None. As in Keras' own initializers, an int or None gives the same
            values at each call.

    Raises:
        ValueError: if fan_in is None, when called outside of a layer with a kernel, or for one of several layers of a
            subclassed model that share it and have different numbers of inputs.

    Example:
        >>> layer = keras.layers.Dense(512, bias_initializer=FanInUniform(seed=0))
        >>> layer.build((None, 100))
        >>> round(float(np.abs(layer.bias).max()), 2)
        0.1
    """

    def __init__(self, fan_in: int | None = None, seed: Any = None) -> None:
        keras_bridge.stay_registered()
        self.fan_in = None if fan_in is None else params.integer("fan_in", fan_in, "FanInUniform", low=1)
        super().__init__(-1.0, 1.0, seed)

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """A bias of this shape."""
        fan_in = self._of_kernel(tuple(shape)) if self.fan_in is None else self.fan_in
        return super().__call__(shape, dtype=dtype) / math.sqrt(fan_in)

    def _of_kernel(self, shape: tuple[int, ...]) -> int:
        asking = keras_bridge.enclosing_layer(self)
        # Keras makes the weights of a model that is built by running it at the end of that run: the model asks then.
        layers = [] if asking is None else [asking, *keras_bridge.sublayers(asking, recursive=True)]
        found = set()
        for layer in layers:
            by_name = {weight.name: tuple(weight.shape) for weight in layer.weights}
            kernels = [by_name[name] for name in KERNELS if name in by_name]
            if getattr(layer, "bias_initializer", None) is self and by_name.get("bias", shape) == shape and kernels:
                found.add(math.prod(kernels[-1]) // math.prod(shape))
        if len(found) != 1:
            beside = f"kernels with {sorted(found)} inputs" if found else "no kernel"
            raise ValueError(
                "FanInUniform must be the bias_initializer of one layer with a kernel, or be given fan_in, the inputs "
                f"of each output. Give each layer one of its own. Received: shape={shape} beside {beside}"
            )
        return found.pop()

    def get_config(self) -> dict[str, Any]:
        """All arguments."""
        return {"fan_in": self.fan_in, "seed": super().get_config()["seed"]}
