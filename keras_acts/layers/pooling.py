"""What a whole sample says about each channel, for activations that depend on it."""

from typing import Any

import keras
from typing_extensions import override

from keras_acts.core import operations as ops
from keras_acts.layers.at_infinity import FAR
from keras_acts.layers.base import Tensor

__all__ = ["SmallDense", "kept", "mean_of_channels", "normalized", "over_space"]


class SmallDense(keras.layers.Dense):
    """A map of such means. Like all weights of activations it stays as it is in `model.quantize`."""

    @override
    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Nothing, as the layer that holds this one could not say in its config what was done."""


def normalized(norm: keras.layers.Layer, z: Tensor, training: bool | None, mask: Tensor | None = None) -> Tensor:
    """z after a `BatchNormalization` of the bridge; as it is after another layer."""
    learns = training and 0 not in tuple(z.shape)  # its moving statistics then stay to the last bit
    return norm(z, training=learns, mask=mask) if isinstance(norm, keras.layers.BatchNormalization) else z


def kept(mask: Tensor, x: Tensor) -> Tensor:
    """A mask of the first axes, which broadcasts against x."""
    return ops.expand_dims(mask, tuple(range(len(mask.shape), len(x.shape))))


def mean_of_channels(x: Tensor, axis: int, mask: Tensor | None = None) -> Tensor:
    """(batch, channels): the mean of what the mask keeps over all axes but the first and that of the channels."""
    x = ops.clip(x, -FAR, FAR)  # infinities of both signs would have no mean
    between = tuple(other for other in range(1, len(x.shape)) if other != axis)
    if not between:
        return x
    if mask is None:
        return ops.mean(x, axis=between)
    share = ops.mean(ops.cast(kept(mask, x), x.dtype), axis=between)
    return ops.mean(ops.where(kept(mask, x), x, 0.0), axis=between) / ops.where(share == 0.0, 1.0, share)


def over_space(z: Tensor, x: Tensor, axis: int) -> Tensor:
    """(batch, n) -> (batch, 1, ..., n, ..., 1), which broadcasts against x."""
    return ops.expand_dims(z, tuple(other for other in range(1, len(x.shape)) if other != axis))
