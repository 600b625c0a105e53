"""Activations between two resamplings, so that they bring no frequencies that the sampling cannot hold."""

from typing import Any

import numpy as np
from typing_extensions import override

from keras_acts.core import keras_bridge
from keras_acts.core import operations as ops
from keras_acts.layers.base import ActivationLayer, Shape, Tensor
from keras_acts.layers.channels import axis_after_batch, axis_argument
from keras_acts.layers.layer_registry import layer

__all__ = ["AntiAliased"]

RATIO, TAPS = 2, 12


def _low_pass() -> np.ndarray:
    """The taps of a windowed sinc with the cutoff 0.5 / RATIO and a transition of 0.6 / RATIO on either side.

    With Kaiser's formula for the window that attenuates what is beyond by so many decibels.
    """
    attenuation = 2.285 * (TAPS // 2 - 1) * np.pi * 4.0 * (0.6 / RATIO) + 7.95
    times = np.arange(TAPS) - 0.5 * (TAPS - 1)
    taps = np.kaiser(TAPS, 0.1102 * (attenuation - 8.7)) * np.sinc(times / RATIO)
    return taps / taps.sum()


LOW_PASS = _low_pass()
# Each new sample is a sum of six old ones: those of even and odd numbers by every second tap.
UPWARDS = RATIO * np.stack([np.append(LOW_PASS[0::2], 0.0), np.append(0.0, LOW_PASS[1::2])], axis=-1)


def _extended(x: Tensor, before: int, after: int) -> Tensor:
    """(signals, time), with the first and the last sample repeated."""
    return ops.concatenate([*[x[:, :1]] * before, x, *[x[:, -1:]] * after], axis=1)


def _filtered(x: Tensor, taps: np.ndarray, stride: int = 1) -> Tensor:
    """(signals, time, filters) of (signals, time)."""
    kernel = ops.convert_to_tensor(taps.reshape(len(taps), 1, -1), x.dtype)
    return ops.conv(x[:, :, None], kernel, stride, padding="valid", data_format="channels_last")


def _up(x: Tensor) -> Tensor:
    """(signals, time) -> (signals, 2 time)."""
    return ops.reshape(_filtered(_extended(x, 3, 3), UPWARDS), (-1, RATIO * ops.shape(x)[1]))


def _down(x: Tensor) -> Tensor:
    """(signals, 2 time) -> (signals, time)."""
    return _filtered(_extended(x, 5, 6), LOW_PASS, stride=RATIO)[:, :, 0]


def _carried_on(x: Tensor, mask: Tensor) -> Tensor:
    """(batch, time, ...) with the last sample kept before it in place of each that the mask leaves out.

    Before the first one kept, that one.
    """
    time = ops.broadcast_to(ops.arange(ops.shape(mask)[1], dtype="int32"), ops.shape(mask))
    kept_first = ops.argsort(ops.where(mask, time, time + ops.shape(mask)[1]), axis=1)
    number = ops.cumsum(ops.cast(mask, "int32"), axis=1) - 1
    place = ops.take_along_axis(ops.cast(kept_first, "int32"), ops.maximum(number, 0), axis=1)
    return ops.take_along_axis(x, ops.expand_dims(place, tuple(range(2, len(x.shape)))), axis=1)


@layer(formula=r"\downarrow_2 f(\uparrow_2 x)")
class AntiAliased(ActivationLayer):
    """Any activation at twice the sampling rate: for signals, as in the vocoder BigVGAN and in neural codecs.

    f(x) = down(activation(up(x)))

    An activation makes frequencies that the sampling cannot hold, which fold back and are heard. Here the signal is
    sampled up by 2, activated, and sampled down, by low-pass filters of 12 taps (windowed sinc, by Kaiser's formula),
    beyond whose ends the first and the last sample go on. As BigVGAN's Activation1d; the filters are fixed, and no
    weights. Where a mask leaves samples out, the last one kept goes on. Beside an infinite sample there are NaN, as in
    any convolution.

    Args:
        activation: name, spec string, callable or layer, such as "snake" or `keras_acts.layers.SnakeBeta()`. It gets a
            tensor with twice the length.
        axis: int, axis of the time.

    Input shape:
        (batch, time, channels), or with the time along `axis` of any shape.

    Output shape:
        As the input.

    Example:
        >>> x = np.array([[[-2.0], [0.5], [3.0]]])
        >>> np.asarray(keras_acts.layers.AntiAliased("snake")(x), "float64").round(4).ravel().tolist()
        [-1.218, 1.0503, 3.1572]

    Reference:
        arXiv:2206.04658, BigVGAN: A Universal Neural Vocoder with Large-Scale Training.
    """

    def __init__(self, activation: Any = "snake", axis: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = self._hold(activation)
        self.axis = axis_argument(axis, "AntiAliased")
        self.built = not keras_bridge.sublayers(self)

    @override
    def build(self, input_shape: Shape) -> None:
        axis = axis_after_batch(self.axis, input_shape, "AntiAliased")
        length = input_shape[axis]
        self._build_held((*input_shape[:axis], length and RATIO * length, *input_shape[axis + 1 :]))

    @override
    def call(self, inputs: Tensor, mask: Tensor | None = None) -> Tensor:
        axis = axis_after_batch(self.axis, inputs.shape, "AntiAliased")
        if mask is not None and (axis != 1 or len(mask.shape) != 2):
            mask = None  # which says nothing of the time

        def activate(x: Tensor) -> Tensor:
            if mask is not None:
                x = _carried_on(x, mask)
            dense = _along(axis, _up, x)
            if mask is not None:
                dense = _carried_on(dense, ops.repeat(mask, RATIO, axis=1))
            return _along(axis, _down, self.activation(dense))

        return self.upcast(activate, inputs)


def _along(axis: int, resample: Any, x: Tensor) -> Tensor:
    """What `resample` makes of the signals along an axis."""
    if 0 in tuple(x.shape):
        return x  # TensorFlow has no convolution of nothing
    last = ops.moveaxis(x, axis, -1)
    shape = ops.shape(last)
    made = resample(ops.reshape(last, (-1, shape[-1])))
    return ops.moveaxis(ops.reshape(made, (*shape[:-1], ops.shape(made)[1])), -1, axis)  # -1 of nothing would be 0
