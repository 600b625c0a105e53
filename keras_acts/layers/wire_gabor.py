"""The Gabor wavelet of coordinate networks, of two matrix products."""

import math
from typing import Any

import keras
from typing_extensions import override

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.layers.base import Initializer, Shape, Tensor
from keras_acts.layers.channels import ChannelChanging
from keras_acts.layers.fused_dense import FusedDense
from keras_acts.layers.layer_registry import layer

__all__ = ["WireGabor"]


class _Gabor(ChannelChanging):
    """cos(w0 u) exp(-(s0 v)^2), where u and v are the halves of the channels."""

    _pieces = 2

    def __init__(self, w0: float, s0: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.w0, self.s0 = w0, s0

    @override
    def activate(self, x: Tensor) -> Tensor:
        u, v = self._parts(x, len(x.shape) - 1)
        return nx.times_exp(nx.cosine(nx.finite(u), self.w0), -ops.square(nx.near(self.s0 * v)))


def _of_wire(
    in_features: int,
    out_features: int,
    bias: bool = True,
    is_first: bool = False,
    omega0: float = 10.0,
    sigma0: float = 10.0,
) -> dict[str, Any]:
    return {"units": out_features, "w0": omega0, "s0": sigma0, "use_bias": bias, "channels": in_features}


@layer(formula=r"\cos(\omega_0 x^T W_u) \, e^{-(s_0 x^T W_v)^2}", aliases={"wire": {"RealGaborLayer": _of_wire}})
class WireGabor(FusedDense):
    """Gabor wavelet of WIRE, with its two Dense layers: for images, sounds and fields as functions of coordinates.

    f(x) = cos(w0 u) exp(-(s0 v)^2), u = x^T W_u + b_u, v = x^T W_v + b_v

    A wave within a window, both of learned direction and place. This is the real wavelet of the paper. Its experiments
    have the complex one, exp(i w0 z - |s0 z|^2) of complex weights, which Keras' variables cannot be. W_u is the first
    `units` columns of the kernel, W_v the others. Weights and biases start uniform within +-1 / sqrt(inputs), as in the
    authors' code, and not as those of SIREN.

    Args:
        units: int >= 1, number of outputs.
        w0: float > 0, frequency of the wave. It is not learned.
        s0: float > 0, inverse width of the window. It is not learned.
        use_bias: True for biases.
        kernel_initializer: a number, name or initializer, for both kernels side by side, as one matrix; None for the
            above.
        bias_initializer: the same for both biases.
        **kwargs: other arguments of `keras.layers.Dense`, such as kernel_regularizer or lora_rank.

    Input shape:
        (batch, ..., channels).

    Output shape:
        (batch, ..., units).

    Example:
        >>> layer = keras_acts.layers.WireGabor(1, kernel_initializer=0.1, use_bias=False)
        >>> np.asarray(layer(np.array([[-2.0], [0.5], [3.0]])), "float64").round(4).ravel().tolist()
        [-0.0076, 0.6835, -0.0001]

    Reference:
        arXiv:2301.05187, WIRE: Wavelet Implicit Neural Representations.
    """

    bias_initializer: Any

    def __init__(
        self,
        units: int,
        w0: float = 10.0,
        s0: float = 10.0,
        use_bias: bool = True,
        kernel_initializer: Initializer = None,
        bias_initializer: Initializer = None,
        **kwargs: Any,
    ) -> None:
        outputs = params.integer("units", units, "WireGabor", low=1)
        self.w0 = params.finite_number("w0", w0, "WireGabor", low=0.0, exclusive=True)
        self.s0 = params.finite_number("s0", s0, "WireGabor", low=0.0, exclusive=True)
        within = keras.initializers.VarianceScaling(1.0 / 3.0, "fan_in", "uniform")
        super().__init__(
            2 * outputs,
            _Gabor(self.w0, self.s0),
            use_bias=use_bias,
            kernel_initializer=within if kernel_initializer is None else kernel_initializer,
            bias_initializer=bias_initializer,
            **kwargs,
        )

    @override
    def build(self, input_shape: Shape) -> None:
        given = self.bias_initializer
        if given is None and input_shape[-1]:
            limit = 1.0 / math.sqrt(input_shape[-1])
            self.bias_initializer = keras.initializers.RandomUniform(-limit, limit)
        super().build(input_shape)
        self.bias_initializer = given  # so that the config has what was asked for

    @override
    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units // 2, "w0": self.w0, "s0": self.s0}
