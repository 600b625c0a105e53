"""Activations that look beyond the element: at its neighbours, or at the whole sample."""

import functools
from collections.abc import Callable
from typing import Any

import keras
from typing_extensions import override

from keras_acts.core import keras_bridge, params
from keras_acts.core import operations as ops
from keras_acts.layers import pooling
from keras_acts.layers.at_infinity import product
from keras_acts.layers.base import ActivationLayer, Shape, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["DynamicReLU", "FReLU"]


@layer(
    formula=r"\max(x, BN(DWConv_{k \times k}(x)))",
    aliases={"echo": {"Funnel": lambda in_channels=None: {"epsilon": 1e-5, "momentum": 0.9, "channels": in_channels}}},
)
class FReLU(ActivationLayer):
    """Funnel ReLU: the threshold of each pixel is a learned function of its neighbourhood.

    f(x) = max(x, BN(depthwise convolution of x))

    For convolutional networks that need spatial detail, such as segmentation. It costs kernel_size^2 + 2 weights per
    channel. Flexible ReLU, max(x, 0) + b, goes by the same short name elsewhere.

    Args:
        kernel_size: int >= 1, height and width of the neighbourhood in pixels.
        epsilon: float > 0, of the normalization. That of torch is 1e-5.
        momentum: float in [0, 1], of the normalization. torch's default, 0.1 there, is 0.9.

    Input shape:
        (batch, height, width, channels), or (batch, channels, height, width) where image_data_format says so.

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.FReLU()
        >>> layer(np.ones((2, 8, 8, 4))).shape
        TensorShape([2, 8, 8, 4])
        >>> layer.count_params()  # 9 weights of the kernel and 4 of the normalization per channel
        52

    Reference:
        arXiv:2007.11824, Funnel Activation for Visual Recognition.
    """

    def __init__(self, kernel_size: int = 3, epsilon: float = 1e-3, momentum: float = 0.99, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = params.finite_number("epsilon", epsilon, "FReLU", low=0.0, exclusive=True)
        self.momentum = params.finite_number("momentum", momentum, "FReLU", low=0.0, high=1.0)
        self.kernel_size = params.integer("kernel_size", kernel_size, "FReLU", low=1)

    @override
    def build(self, input_shape: Shape) -> None:
        if len(input_shape) != 4:
            raise ValueError(
                "FReLU needs images of shape (batch, height, width, channels). "
                f"Received: input_shape={tuple(input_shape)}"
            )
        channels = self._known_size(input_shape, self._channel_axis(input_shape))
        shape = (None, None, None, channels)
        plain = {"padding": "same", "data_format": "channels_last", "use_bias": False}  # the normalization has one
        self.conv = self._inner(keras.layers.DepthwiseConv2D, shape, self.kernel_size, name="conv", **plain)
        self.norm = self._inner(
            keras_bridge.BatchNormalization, shape, epsilon=self.epsilon, momentum=self.momentum, name="norm"
        )

    @override
    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        axis = self._channel_axis(inputs.shape)

        def activate(x: Tensor) -> Tensor:
            z, inside = x, None
            if mask is not None:  # what is padded counts as what lies beyond the border: 0
                z = ops.where(pooling.kept(mask, x), x, 0.0)
                inside = ops.broadcast_to(pooling.kept(mask, x)[..., 0], ops.shape(x)[:-1])
            z = z if axis == 3 else ops.moveaxis(z, axis, -1)
            # Of an empty batch, TensorFlow's gradient of the kernel is whatever was in memory.
            z = z * self.conv.kernel[0, 0, :, 0] if 0 in tuple(z.shape) else self.conv(z)
            z = pooling.normalized(self.norm, z, training, inside)
            return ops.maximum(x, z if axis == 3 else ops.moveaxis(z, -1, axis))

        return self.upcast(activate, inputs)


def _of_authors(**fixed: Any) -> Callable[..., dict[str, Any]]:
    return lambda channels=None, reduction=4, k=2: {**fixed, "pieces": k, "reduction": reduction, "channels": channels}


@layer(
    formula=r"\max_k (a_k(x) x + b_k(x))",
    aliases={"dyrelu": {"DyReLUA": _of_authors(per_channel=False), "DyReLUB": _of_authors()}},
)
class DynamicReLU(ActivationLayer):
    """Dynamic ReLU: the slopes and offsets of each sample are computed from the sample.

    f(x) = maximum over k of a_k x + b_k

    a_k and b_k come from the mean of each channel, where a mask keeps it, by two dense maps with a ReLU between,
    squeezed by 2 sigmoid(z) - 1 into a_1 in (0, 2), other a_k in (-1, 1) and b_k in (-0.5, 0.5): around ReLU. It
    costs about 2 pieces channels^2 / reduction weights.

    Args:
        pieces: int >= 1, number of lines.
        reduction: int >= 1; the first dense map has channels // reduction units.
        per_channel: True for coefficients for each channel (version B of the paper), False for coefficients that all
            channels share (version A).

    Input shape:
        (batch, ..., channels), usually (batch, height, width, channels).

    Output shape:
        As the input.

    Example:
        >>> keras_acts.layers.DynamicReLU()(np.ones((2, 8, 8, 32))).shape
        TensorShape([2, 8, 8, 32])

    Reference:
        arXiv:2003.10027, Dynamic ReLU.
    """

    def __init__(self, pieces: int = 2, reduction: int = 8, per_channel: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pieces = params.integer("pieces", pieces, "DynamicReLU", low=1)
        self.reduction = params.integer("reduction", reduction, "DynamicReLU", low=1)
        self.per_channel = params.flag("per_channel", per_channel, "DynamicReLU")

    @override
    def build(self, input_shape: Shape) -> None:
        channels = self._known_size(input_shape, self._channel_axis(input_shape))
        hidden = max(1, channels // self.reduction)
        lines = 2 * self.pieces * (channels if self.per_channel else 1)
        self.squeeze = self._inner(pooling.SmallDense, (None, channels), hidden, activation="relu", name="squeeze")
        self.expand = self._inner(pooling.SmallDense, (None, hidden), lines, name="expand")

    @override
    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        axis = self._channel_axis(inputs.shape)

        def activate(x: Tensor) -> Tensor:
            z = self.expand(self.squeeze(pooling.mean_of_channels(x, axis, mask)))
            lines = ops.tanh(0.5 * z)  # 2 sigmoid(z) - 1
            coefficients = [pooling.over_space(part, x, axis) for part in ops.split(lines, 2 * self.pieces, axis=-1)]
            slopes, offsets = coefficients[: self.pieces], coefficients[self.pieces :]
            slopes[0] = 1.0 + slopes[0]
            pieces = [product(x, a) + 0.5 * b for a, b in zip(slopes, offsets, strict=True)]
            return functools.reduce(ops.maximum, pieces)

        return self.upcast(activate, inputs)
