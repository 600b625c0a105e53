"""Generalized divisive normalization, the activation of learned image compression."""

import math
from collections.abc import Callable
from typing import Any

import keras
from typing_extensions import override

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.core.derivatives import custom_gradient
from keras_acts.layers.at_infinity import times
from keras_acts.layers.base import Initializer, LearnableActivation, Shape, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["GDN"]

PEDESTAL = 2.0**-36  # what a weight is the root of lies so much above what it stands for: at 0 it would not learn


def _raised_to(bound: float) -> Callable[[Tensor], Tensor]:
    """The larger one of a weight and the bound; from below, a gradient that would lower the weight does not pass."""

    def raised(weight: Tensor) -> Any:
        def gradient(*arguments: Tensor, upstream: Tensor = None) -> Tensor:
            upstream = arguments[0] if upstream is None else upstream  # on torch Keras passes it by name
            passes = ops.logical_or(weight >= bound, upstream < 0.0)
            return upstream * ops.cast(passes, upstream.dtype)

        return ops.maximum(weight, bound), gradient

    return custom_gradient(raised)


def _of_compressai(
    in_channels: int, inverse: bool = False, beta_min: float = 1e-6, gamma_init: float = 0.1
) -> dict[str, Any]:
    diagonal = keras.initializers.Identity(params.finite_number("gamma_init", gamma_init, "CompressAI's GDN", low=0.0))
    return {"inverse": inverse, "beta_min": beta_min, "gamma_initializer": diagonal, "channels": in_channels}


@layer(
    formula=r"\frac{x_i}{\sqrt{\beta_i + \sum_j \gamma_{ij} x_j^2}}", aliases={"compressai": {"GDN": _of_compressai}}
)
class GDN(LearnableActivation):
    """Generalized divisive normalization: each channel over the learned energy of all channels at the same place.

    f(x)_i = x_i / sqrt(beta_i + sum_j gamma_ij x_j^2), or x_i sqrt(beta_i + sum_j gamma_ij x_j^2) if `inverse`

    Between the convolutions of an encoder of images; the decoder has the inverse. It makes the statistics of natural
    images nearly those of independent normal numbers, which a code needs.

    The weights are not beta and gamma themselves but, as in CompressAI, w = sqrt(v + 2^-36), and what counts is
    max(w, sqrt(v_min + 2^-36))^2 - 2^-36, with v_min = `beta_min` for beta and 0 for gamma. A weight below its bound
    gets only gradients that raise it. CompressAI's weights can be loaded as they are. tensorflow_compression has the
    transposed gamma, and by default the exponents of GDN1, x_i / (beta_i + sum_j gamma_ij |x_j|), which is another
    function: only its layers with alpha_parameter=2 and epsilon_parameter=0.5 are this one.

    Args:
        inverse: True for the inverse, IGDN.
        beta_min: float > 0, smallest beta.
        beta_initializer: initial beta: a number or an initializer.
        gamma_initializer: initial gamma: a number or an initializer. None for 0.1 on the diagonal, and 0 beside it.

    Input shape:
        (batch, ..., channels), usually (batch, height, width, channels).

    Output shape:
        As the input.

    Example:
        >>> x = np.array([[-2.0, 0.5, 3.0]])
        >>> np.asarray(keras_acts.layers.GDN()(x), "float64").round(4).tolist()
        [[-1.6903, 0.4939, 2.1764]]
        >>> np.asarray(keras_acts.layers.GDN(inverse=True)(x), "float64").round(4).tolist()
        [[-2.3664, 0.5062, 4.1352]]

    Reference:
        arXiv:1511.06281, Density Modeling of Images Using a Generalized Normalization Transformation.
    """

    def __init__(
        self,
        inverse: bool = False,
        beta_min: float = 1e-6,
        beta_initializer: Initializer = 1.0,
        gamma_initializer: Initializer = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.inverse = params.flag("inverse", inverse, "GDN")
        self.beta_min = params.finite_number("beta_min", beta_min, "GDN", low=0.0, exclusive=True)
        diagonal = keras.initializers.Identity(0.1)
        self.add_learnable_parameter("beta", beta_initializer)
        self.add_learnable_parameter("gamma", diagonal if gamma_initializer is None else gamma_initializer)

    @override
    def build(self, input_shape: Shape) -> None:
        channels = self._known_size(input_shape, self._channel_axis(input_shape))
        self._create("beta", (channels,))
        self._create("gamma", (channels, channels))

    @override
    def _start_of(self, name: str) -> Initializer:
        start = super()._start_of(name)
        return lambda shape, dtype=None: ops.sqrt(ops.relu(start(shape, dtype=dtype)) + PEDESTAL)

    @override
    def activate(self, x: Tensor, beta: Tensor, gamma: Tensor) -> Tensor:
        beta, gamma = (
            ops.square(_raised_to(math.sqrt(smallest + PEDESTAL))(weight)) - PEDESTAL
            for weight, smallest in ((beta, self.beta_min), (gamma, 0.0))
        )
        axis = self._channel_axis(x.shape)
        moved = ops.moveaxis(x, axis, -1)
        return ops.moveaxis(self._normalized(moved, beta, ops.transpose(gamma)), -1, axis)

    def _normalized(self, x: Tensor, beta: Tensor, gamma: Tensor) -> Tensor:
        exponent = math.log2(nx.largest(x))
        far, scale = 2.0 ** (0.375 * exponent), 2.0 ** (0.6875 * exponent)
        size, finite = ops.abs(x), nx.finite(x)
        energy = beta + ops.matmul(ops.square(ops.where(size > far, 0.0, finite)), gamma)
        # Squares of what is far would overflow; whoever is coupled to it sees nothing else.
        of_far = ops.matmul(ops.square(ops.where(size > far, finite / scale, 0.0)), gamma)
        coupled = of_far > 0.0
        root = ops.sqrt(ops.where(coupled, of_far, 1.0))
        if self.inverse:
            infinite = ops.equal(nx.max_over_axis(size, -1), math.inf)
            reach = ops.where(infinite, math.inf, scale * root)
            return times(x, ops.where(coupled, reach, ops.sqrt(energy)))
        beside_far = ops.where(size > 1.0, finite / scale / root, finite / root / scale)
        return ops.where(coupled, beside_far, x / ops.sqrt(energy))
