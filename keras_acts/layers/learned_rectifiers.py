"""Rectifiers whose slopes, thresholds or offsets are learned."""

from typing import Any

from typing_extensions import override

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import params
from keras_acts.core.derivatives import with_partials
from keras_acts.layers import arguments
from keras_acts.layers.at_infinity import times
from keras_acts.layers.base import Initializer, LearnableActivation, SharedAxes, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["TLU", "JumpReLU", "PReLU", "StarReLU"]


@with_partials(lambda x, alpha: (ops.where(x > 0.0, 1.0, alpha), ops.minimum(x, 0.0)))
def _prelu(x: Tensor, alpha: Tensor) -> Tensor:
    # No choice between two values: the int8 converter of LiteRT cuts one to the range of the other.
    return ops.relu(x) - times(ops.relu(-x), alpha)


def _prelu_of_torch(num_parameters: int = 1, init: float = 0.25) -> dict[str, Any]:
    shared = {"shared_axes": "all"} if num_parameters == 1 else {"channels": num_parameters}
    return {"alpha_initializer": init, **shared}


def _prelu_of_keras(alpha_initializer: Any = "zeros", *, shared_axes: Any = None) -> dict[str, Any]:
    return {"alpha_initializer": alpha_initializer, "shared_axes": shared_axes or []}


@layer(
    formula=r"\max(x, 0) + \alpha \min(x, 0)",
    aliases={
        "keras": {"PReLU": _prelu_of_keras},
        "torch paddle mmcv": {"PReLU": _prelu_of_torch},
        "torch paddle": {"prelu": lambda weight=0.25: _prelu_of_torch(init=weight)},
        "onnx": {"PRelu": lambda slope=0.25: _prelu_of_torch(init=slope)},
        "timm hf": {"prelu": _prelu_of_torch},
        "flax": {"PReLU": lambda negative_slope_init=0.01: _prelu_of_torch(init=negative_slope_init)},
    },
)
class PReLU(LearnableActivation):
    """Leaky ReLU whose slope for negative inputs is learned.

    f(x) = x if x > 0, else alpha x

    One slope per channel that starts at 0.25, as in the paper. `keras.layers.PReLU` starts at 0 and has one slope per
    element, which is 3.2 million of them after a convolution of 64 channels on 224 x 224 pixels, and cannot be built
    on images of unknown size. torch's `PReLU(num_parameters=1)`, its default, is `shared_axes="all"`; its
    `num_parameters=C` is the default here. Where torch's function and ONNX take a tensor of slopes, "torch:prelu(0.1)"
    and "onnx:PRelu(slope=0.1)" take a number, from which one slope starts. The derivative at 0 is alpha.

    A number here is the slope, also in PReLU(64): what torch means by that is
    `keras_acts.layers.get("torch:PReLU(64)")`.

    Args:
        alpha_initializer: initial slope: a number or an initializer.
        alpha_regularizer: regularizer of the slopes, or None. The paper uses none; see `learnable_parameters`.
        alpha_constraint: constraint on the slopes, or None.
        shared_axes: None for one slope per channel; axes along which it is shared, as in `keras.layers.PReLU`, such as
            `[1, 2]` for images; or "all" for one slope in all.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.PReLU()
        >>> np.asarray(layer(np.array([[-4.0, 2.0]]))).tolist()
        [[-1.0, 2.0]]
        >>> layer.count_params()
        2

    Reference:
        arXiv:1502.01852, Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification.
    """

    def __init__(
        self,
        alpha_initializer: Initializer = 0.25,
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        rules = {"alpha_regularizer": alpha_regularizer, "alpha_constraint": alpha_constraint}
        super().__init__(shared_axes=shared_axes, **rules, **kwargs)
        self.add_learnable_parameter("alpha", alpha_initializer)

    activate = staticmethod(_prelu)


def _star_relu_partials(x: Tensor, scale: Tensor) -> tuple[Tensor, ...]:
    positive = ops.relu(nx.finite(x))
    return 2.0 * scale * positive, ops.square(positive)


@with_partials(_star_relu_partials)
def _star_relu(x: Tensor, scale: Tensor) -> Tensor:
    positive = ops.relu(nx.finite(x))  # 0 times infinity would be NaN
    return positive * (scale * positive)


def _star_relu_of_timm(scale_value: float = 1.0, bias_value: float = 0.0) -> dict[str, float]:
    return {"scale_initializer": scale_value, "bias_initializer": bias_value}


@layer(formula=r"s \max(x, 0)^2 + b", aliases={"timm": {"StarReLU": _star_relu_of_timm}})
class StarReLU(LearnableActivation):
    """Squared ReLU with a learned scale and offset: the activation of MetaFormer.

    f(x) = scale max(x, 0)^2 + bias

    It starts at 1 and 0, as in the authors' code; the paper derives 0.8944 and -0.4472, with which normal inputs keep
    mean 0 and variance 1 (`keras_acts.activations.star_relu`).

    Args:
        scale_initializer: initial scale: a number or an initializer.
        bias_initializer: initial offset: a number or an initializer.
        shared_axes: "all" for one pair in all; None for one pair per channel; or axes along which it is shared.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.StarReLU()(np.array([[-4.0, 3.0]]))).tolist()
        [[0.0, 9.0]]

    Reference:
        arXiv:2210.13452, MetaFormer Baselines for Vision.
    """

    def __init__(
        self,
        scale_initializer: Initializer = 1.0,
        bias_initializer: Initializer = 0.0,
        shared_axes: SharedAxes = "all",
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.add_learnable_parameter("scale", scale_initializer)
        self.add_learnable_parameter("bias", bias_initializer)

    @override
    def activate(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        return _star_relu(x, scale) + bias


def _tlu_partials(x: Tensor, alpha: Tensor, tau: Tensor) -> tuple[Tensor, ...]:
    above = x > times(x, alpha) + tau
    return ops.where(above, 1.0, alpha), ops.where(above, 0.0, x), ops.where(above, 0.0, ops.ones_like(x))


@with_partials(_tlu_partials)
def _tlu(x: Tensor, alpha: Tensor, tau: Tensor) -> Tensor:
    return ops.maximum(x, times(x, alpha) + tau)


@layer(
    formula=r"\max(x, \alpha x + \tau)",
    aliases={"tfa": "TLU(affine=False, tau_initializer='zeros', *, alpha_initializer='zeros', shared_axes=[])"},
)
class TLU(LearnableActivation):
    """Thresholded linear unit: ReLU with a learned threshold in place of 0.

    f(x) = max(x, tau), or max(x, alpha x + tau) if `affine`

    Made to follow filter response normalization, whose outputs are not centred. It starts as ReLU. TF Addons has one
    threshold per element, the paper and this layer one per channel.

    Args:
        affine: True to learn the slope alpha below the threshold too.
        tau_initializer: initial threshold: a number or an initializer.
        alpha_initializer: initial slope, used if `affine`: a number or an initializer.
        shared_axes: None for one weight per channel; axes along which it is shared, such as `[1, 2]` for images; or
            "all" for one in all.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.TLU(tau_initializer=-1.0)
        >>> np.asarray(layer(np.array([[-4.0, -0.5, 2.0]]))).tolist()
        [[-1.0, -0.5, 2.0]]

    Reference:
        arXiv:1911.09737, Filter Response Normalization Layer.
    """

    def __init__(
        self,
        affine: bool = False,
        tau_initializer: Initializer = 0.0,
        alpha_initializer: Initializer = 0.0,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.affine = params.flag("affine", affine, "TLU")
        self.add_learnable_parameter("tau", tau_initializer)
        self.alpha_initializer = arguments.initializer(alpha_initializer)
        if self.affine:
            self.add_learnable_parameter("alpha", alpha_initializer)

    @override
    def activate(self, x: Tensor, tau: Tensor, alpha: Tensor | None = None) -> Tensor:
        return _tlu(x, ops.zeros_like(tau) if alpha is None else alpha, tau)


def _jump(x: Tensor, threshold: Tensor, bandwidth: float) -> Tensor:
    def partials(x: Tensor, threshold: Tensor) -> tuple[Tensor, Tensor]:
        is_near = ops.abs(x - threshold) < 0.5 * bandwidth
        return ops.where(x > threshold, ops.ones_like(x), 0.0), ops.where(is_near, -threshold / bandwidth, 0.0)

    return with_partials(partials)(lambda x, threshold: ops.where(x <= threshold, 0.0, x))(x, threshold)


@layer(
    formula=r"x \text{ if } x > \theta, \text{ else } 0",
    surrogates={"threshold": "where(abs(x - threshold) < bandwidth / 2, -threshold / bandwidth, 0)"},
)
class JumpReLU(LearnableActivation):
    """Off up to a learned threshold, where it jumps: the activation of JumpReLU sparse autoencoders.

    f(x) = x if x > threshold, else 0

    One threshold per channel, as the published autoencoders have: give their thresholds to `set_weights`, and the
    exponential of those that are kept as logarithms. The output says of a threshold only in steps, so training takes
    the paper's surrogate for the derivative by it, which is -threshold / bandwidth for the inputs that are nearer to it
    than bandwidth / 2, and 0 for others; that with respect to x is the true one. `keras_acts.activations.jump_relu` has
    a fixed threshold.

    Args:
        threshold_initializer: initial threshold: a number or an initializer.
        bandwidth: float > 0, width of the range of inputs from which a threshold learns.
        shared_axes: None for one threshold per channel; axes along which it is shared; or "all" for one in all.

    Input shape:
        Any, (batch, ..., channels).

    Output shape:
        As the input.

    Raises:
        ValueError: if the bandwidth is not a positive number.

    Example:
        >>> layer = keras_acts.layers.JumpReLU(threshold_initializer=0.5)
        >>> np.asarray(layer(np.array([[-4.0, 0.5, 0.75]]))).tolist()
        [[0.0, 0.0, 0.75]]

    Reference:
        arXiv:2407.14435, Jumping Ahead: Improving Reconstruction Fidelity with JumpReLU Sparse Autoencoders.
    """

    def __init__(
        self,
        threshold_initializer: Initializer = 0.001,
        bandwidth: float = 0.001,
        shared_axes: SharedAxes = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes=shared_axes, **kwargs)
        self.bandwidth = params.finite_number("bandwidth", bandwidth, "JumpReLU", low=0.0, exclusive=True)
        self.add_learnable_parameter("threshold", threshold_initializer)

    @override
    def activate(self, x: Tensor, threshold: Tensor) -> Tensor:
        return _jump(x, threshold, self.bandwidth)
