"""Smooth switches between two lines, with a learned sharpness: Swish and the ACON family."""

from typing import Any

import keras
from typing_extensions import override

from keras_acts.core import keras_bridge, params
from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import with_partials
from keras_acts.layers import pooling
from keras_acts.layers.at_infinity import FAR, times
from keras_acts.layers.base import Initializer, LearnableActivation, Shape, SharedAxes, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["ACONC", "MetaACON", "Swish"]


def _swish_partials(x: Tensor, beta: Tensor) -> tuple[Tensor, ...]:
    w = beta * x
    return nx.sigmoid_gated_derivative(nx.near(w), w), x * nx.times_sigmoid_derivative(x, w)


@with_partials(_swish_partials)
def _swish(x: Tensor, beta: Tensor) -> Tensor:
    sign = ops.where(beta < 0.0, -1.0, ops.ones_like(beta))  # the gate must open with x
    return ops.where(beta == 0.0, 0.5 * x, sign * nx.sigmoid_gated(sign * x, beta * nx.finite(x)))


@layer(formula=r"x \sigma(\beta x)")
class Swish(LearnableActivation):
    """Swish with a learned beta: x / 2 at beta = 0, `silu` at 1, towards ReLU as beta grows.

    f(x) = x sigmoid(beta x)

    For a fixed beta use `activation="swish_beta(beta=1.5)"`.

    Args:
        beta_initializer: initial beta: a number or an initializer.
        shared_axes: "all" for one beta in all; None for one per channel; or axes along which it is shared.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.Swish(beta_initializer=1.5)
        >>> np.asarray(layer(np.array([[-1.0, 0.0, 2.0]])), "float64").round(4).tolist()
        [[-0.1824, 0.0, 1.9051]]

    Reference:
        arXiv:1710.05941, Searching for Activation Functions.
    """

    def __init__(self, beta_initializer: Initializer = 1.0, shared_axes: SharedAxes = "all", **kwargs: Any) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.add_learnable_parameter("beta", beta_initializer)

    activate = staticmethod(_swish)


def _acon_partials(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> tuple[Tensor, ...]:
    derivative, of_beta = _swish_partials((p1 - p2) * x, beta)
    return (p1 - p2) * derivative + p2, x * derivative, x * (1.0 - derivative), of_beta


@with_partials(_acon_partials)
def _acon(x: Tensor, p1: Tensor, p2: Tensor, beta: Tensor) -> Tensor:
    far = ops.abs(x) > FAR
    open_gate = ops.sigmoid(beta * (p1 - p2) * nx.finite(x))
    near = ops.where(far, 0.0, x)
    line = times(x, p1 * open_gate + p2 * (1.0 - open_gate))
    return ops.where(far, line, _swish((p1 - p2) * near, beta) + p2 * near)


_ACON_C = {"AconC": lambda width=None: {"channels": width}}


@layer(formula=r"(p_1 - p_2) x \sigma(\beta (p_1 - p_2) x) + p_2 x", aliases={"acon": _ACON_C})
class ACONC(LearnableActivation):
    """ACON-C: a smooth maximum of two learned lines, with a learned sharpness.

    f(x) = (p1 - p2) x sigmoid(beta (p1 - p2) x) + p2 x

    Each channel learns whether to activate at all: at beta = 0 it is the mean of both lines.

    Args:
        p1_initializer: initial slope of one line: a number or an initializer.
        p2_initializer: initial slope of the other line: a number or an initializer.
        beta_initializer: initial sharpness: a number or an initializer.
        shared_axes: None for one weight of each kind per channel; axes along which it is shared, such as `[1, 2]` for
            images; or "all" for one in all.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.ACONC(p1_initializer=1.0, p2_initializer=0.0)  # starts as silu
        >>> np.asarray(layer(np.array([[-1.0, 0.0, 2.0]])), "float64").round(4).tolist()
        [[-0.2689, 0.0, 1.7616]]

    Reference:
        arXiv:2009.04759, Activate or Not: Learning Customized Activation.
    """

    def __init__(
        self,
        p1_initializer: Initializer = None,
        p2_initializer: Initializer = None,
        beta_initializer: Initializer = 1.0,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.add_learnable_parameter("p1", _slope_initializer(p1_initializer))
        self.add_learnable_parameter("p2", _slope_initializer(p2_initializer))
        self.add_learnable_parameter("beta", beta_initializer)

    activate = staticmethod(_acon)


def _slope_initializer(initializer: Initializer) -> Initializer:
    return keras.initializers.RandomNormal(stddev=1.0) if initializer is None else initializer


def _of_authors(width: Any = None, r: int = 16) -> dict[str, Any]:
    return {"reduction": r, "epsilon": 1e-5, "momentum": 0.9, "channels": width}


@layer(
    formula=r"(p_1 - p_2) x \sigma(\beta (p_1 - p_2) x) + p_2 x, \quad "
    r"\beta = \sigma(BN(W_2 BN(W_1 \bar{x})))",
    aliases={"acon": {"MetaAconC": _of_authors}},
)
class MetaACON(LearnableActivation):
    """Meta-ACON: ACON-C whose sharpness a small network computes for each sample and channel.

    f(x) = (p1 - p2) x sigmoid(beta (p1 - p2) x) + p2 x, beta = sigmoid(BN(W2 BN(W1 mean(x) + b1) + b2))

    The mean is taken over all axes but batch and channels, where a mask keeps them. As the authors' code, there is no
    activation between the two dense maps, and max(r, channels // r) units. It costs about 2 channels^2 / r weights.

    Args:
        reduction: int >= 1, the r above.
        p1_initializer: initial slope of one line: a number, an initializer, or None for a normal distribution.
        p2_initializer: initial slope of the other line, likewise.
        batch_norm: False to leave BN out, as other copies of the code do.
        epsilon: float > 0, of the normalizations. That of torch is 1e-5.
        momentum: float in [0, 1], of the normalizations. torch's default, 0.1 there, is 0.9.

    Input shape:
        (batch, ..., channels), usually (batch, height, width, channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.MetaACON(p1_initializer=1.0, p2_initializer=0.0)
        >>> layer(np.ones((2, 8, 8, 32))).shape
        TensorShape([2, 8, 8, 32])

    Reference:
        arXiv:2009.04759, Activate or Not: Learning Customized Activation.
    """

    def __init__(
        self,
        reduction: int = 16,
        p1_initializer: Initializer = None,
        p2_initializer: Initializer = None,
        batch_norm: bool = True,
        epsilon: float = 1e-3,
        momentum: float = 0.99,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.batch_norm = params.flag("batch_norm", batch_norm, "MetaACON")
        self.epsilon = params.finite_number("epsilon", epsilon, "MetaACON", low=0.0, exclusive=True)
        self.momentum = params.finite_number("momentum", momentum, "MetaACON", low=0.0, high=1.0)
        self.reduction = params.integer("reduction", reduction, "MetaACON", low=1)
        self.add_learnable_parameter("p1", _slope_initializer(p1_initializer))
        self.add_learnable_parameter("p2", _slope_initializer(p2_initializer))

    @override
    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        channels = self._known_size(input_shape, self._channel_axis(input_shape))
        hidden = max(self.reduction, channels // self.reduction)
        norm, settings = keras.layers.Identity, {}
        if self.batch_norm:
            norm, settings = keras_bridge.BatchNormalization, {"epsilon": self.epsilon, "momentum": self.momentum}
        self.squeeze = self._inner(pooling.SmallDense, (None, channels), hidden, name="squeeze")
        self.squeeze_norm = self._inner(norm, (None, hidden), name="squeeze_norm", **settings)
        self.expand = self._inner(pooling.SmallDense, (None, hidden), channels, name="expand")
        self.expand_norm = self._inner(norm, (None, channels), name="expand_norm", **settings)

    @override
    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        axis = self._channel_axis(inputs.shape)

        def activate(x: Tensor, p1: Tensor, p2: Tensor) -> Tensor:
            z = pooling.mean_of_channels(x, axis, mask)
            z = pooling.normalized(self.squeeze_norm, self.squeeze(z), training)
            z = pooling.normalized(self.expand_norm, self.expand(z), training)
            beta = ops.sigmoid(nx.near(z))  # without a slope far out, where 0 times an infinite gradient would be NaN
            return _acon(x, p1, p2, pooling.over_space(beta, x, axis))

        return self.upcast(activate, inputs)
