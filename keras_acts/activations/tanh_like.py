"""tanh and other odd functions that squash large inputs."""

import math
from typing import Annotated

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.declare import Param, activation, positive

__all__ = ["asinh", "atan", "erf", "hard_tanh", "isru", "lecun_tanh", "penalized_tanh", "softcap", "sqnl"]
__all__ += ["tanh"]


@activation(
    formula="tanh(x)",
    traits={"smooth", "monotonic", "bounded", "odd"},
    aliases={"keras tf jax flax timm hf": "tanh", "torch": "Tanh tanh", "onnx": "Tanh"},
)
def tanh(x: nx.Tensor) -> nx.Tensor:
    """Hyperbolic tangent: a sigmoid centred at zero.

    Its output has mean near zero, which trains better than `sigmoid` in hidden layers.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(tanh(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.964, 0.0, 0.964]
    """
    return ops.tanh(x)


tanh.derivative(nx.sech_squared)
tanh.second_derivative(nx.sech_squared_derivative)


@activation(
    formula="min(max(x, min_val), max_val)",
    traits={"piecewise_linear", "monotonic", "bounded", "single_rounding"},
    aliases={
        "keras jax flax": "hard_tanh",
        "torch": "Hardtanh hardtanh(min_val=-1.0, max_val=1.0, inplace=False)",
        "onnx": {
            "Clip": lambda min=-1.7976931348623157e308, max=1.7976931348623157e308: {"min_val": min, "max_val": max}
        },
    },
    kinks=lambda min_val, max_val: (min_val, max_val),
)
def hard_tanh(
    x: nx.Tensor,
    min_val: Annotated[float, Param("smallest output", below="max_val", any_size=True)] = -1.0,
    max_val: Annotated[float, Param("largest output", any_size=True)] = 1.0,
) -> nx.Tensor:
    """Piecewise linear tanh: the input, clipped.

    The bounds can be set as in torch; Keras and jax fix them. The derivative is 1 at both kinks, as in Keras and jax
    (torch: 0).

    Returns:
        Tensor of the same shape and dtype as x, in [min_val, max_val].

    Example:
        >>> np.asarray(hard_tanh(np.array([-3.0, 0.5, 3.0]))).tolist()
        [-1.0, 0.5, 1.0]

    Reference:
        Collobert 2004, Large Scale Machine Learning.
    """
    return ops.clip(x, min_val, max_val)


@hard_tanh.derivative
def _(x: nx.Tensor, min_val: float, max_val: float) -> nx.Tensor:
    inside = ops.logical_and(x >= min_val, x <= max_val)
    return ops.where(inside, ops.ones_like(x), 0.0)


@activation(formula="erf(x)", traits={"smooth", "monotonic", "bounded", "odd"}, aliases={"dks": "erf", "onnx": "Erf"})
def erf(x: nx.Tensor) -> nx.Tensor:
    """Error function: a sigmoid centred at zero that saturates faster than tanh.

    For networks whose infinite-width kernel is known in closed form; its slope at 0 is 1.128, not 1.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(erf(np.array([-2.0, 0.0, 0.5]))).round(4).tolist()
        [-0.9953, 0.0, 0.5205]
    """
    return nx.erf(x)


erf.derivative(lambda x: nx.times_exp(nx.ERF_PEAK, -ops.square(nx.near(x))))
erf.second_derivative(lambda x: nx.times_exp(-2.0 * nx.ERF_PEAK * nx.near(x), -ops.square(nx.near(x))))


@activation(
    formula="arctan(x)", traits={"smooth", "monotonic", "bounded", "odd"}, aliases={"dks": "atan", "onnx": "Atan"}
)
def atan(x: nx.Tensor) -> nx.Tensor:
    """Arctangent: a sigmoid centred at zero whose tails fall off as 1 / x, not exponentially.

    Returns:
        Tensor of the same shape and dtype as x, in [-pi / 2, pi / 2].

    Example:
        >>> np.asarray(atan(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-1.1071, 0.0, 1.1071]
    """
    return nx.arctan(x)


@atan.derivative
def atan_derivative(x: nx.Tensor) -> nx.Tensor:
    """1 / (1 + x^2); 0 where the square overflows, as it is below the smallest normal number there."""
    return 1.0 / (1.0 + ops.square(x))


@atan.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    # Of the product of two quotients no compiler makes x y^2, where y^2 vanishes too early.
    c = nx.clipped_for_square(x)
    return -2.0 * atan_derivative(x) * (c / (1.0 + ops.square(c)))


def _scaled_tanh(x: nx.Tensor, scale: float, reach: float) -> nx.Tensor:
    """scale tanh(x / reach). Near 0 by its tangent: x / reach may fall below the smallest normal number there."""
    return ops.where(ops.abs(x) < 1e-10 * reach, x * (scale / reach), scale * ops.tanh(x / reach))


def _scaled_tanh_derivative(x: nx.Tensor, scale: float, reach: float) -> nx.Tensor:
    return nx.times_sech_squared(scale / reach, x / reach)


def _scaled_tanh_second_derivative(x: nx.Tensor, scale: float, reach: float) -> nx.Tensor:
    z, factor = x / reach, 2.0 * scale / reach / reach
    bend = -factor * ops.tanh(z)
    return nx.times_sech_squared(ops.clip(bend, -factor, factor) if factor > 4.0 else bend, z)  # see core.numerics


@activation(
    formula="cap * tanh(x / cap)",
    traits={"smooth", "monotonic", "bounded", "odd"},
    aliases={"x_transformers": {"softclamp": lambda value: {"cap": value}}},
)
def softcap(x: nx.Tensor, cap: Annotated[float, positive("bound of the output")] = 30.0) -> nx.Tensor:
    """Soft cap on logits: the identity for small inputs, bounded by +-cap.

    Gemma 2 caps its final logits at 30 (taken here) and its attention logits at 50.

    Returns:
        Tensor of the same shape and dtype as x, in [-cap, cap].

    Example:
        >>> np.asarray(softcap(np.array([-100.0, 0.0, 10.0]))).round(4).tolist()
        [-29.9237, 0.0, 9.6454]

    Reference:
        Gemma Team 2024, Gemma 2: Improving Open Language Models at a Practical Size.
    """
    return _scaled_tanh(x, cap, cap)


softcap.derivative(lambda x, cap: _scaled_tanh_derivative(x, cap, cap))
softcap.second_derivative(lambda x, cap: _scaled_tanh_second_derivative(x, cap, cap))


LECUN_SCALE, LECUN_REACH = 1.7159, 1.5


@activation(formula="1.7159 * tanh(2 * x / 3)", traits={"smooth", "monotonic", "bounded", "odd"})
def lecun_tanh(x: nx.Tensor) -> nx.Tensor:
    """Tanh rescaled so that +-1 maps to +-1 and unit variance is about kept.

    Made for targets of +-1, which it reaches where it bends most and not only at infinity.

    Returns:
        Tensor of the same shape and dtype as x, in [-1.7159, 1.7159].

    Example:
        >>> np.asarray(lecun_tanh(np.array([-1.0, 0.0, 2.0]))).round(4).tolist()
        [-1.0, 0.0, 1.4929]

    Reference:
        LeCun et al. 1998, Efficient BackProp.
    """
    return _scaled_tanh(x, LECUN_SCALE, LECUN_REACH)


lecun_tanh.derivative(lambda x: _scaled_tanh_derivative(x, LECUN_SCALE, LECUN_REACH))
lecun_tanh.second_derivative(lambda x: _scaled_tanh_second_derivative(x, LECUN_SCALE, LECUN_REACH))


def _one_sided(x: nx.Tensor, alpha: float) -> nx.Tensor:
    """1 for x >= 0, else alpha."""
    return ops.where(x >= 0.0, ops.ones_like(x), alpha)


@activation(formula="max(tanh(x), 0) + alpha * min(tanh(x), 0)", traits={"monotonic", "bounded"}, kinks=(0.0,))
def penalized_tanh(
    x: nx.Tensor, alpha: Annotated[float, Param("scale of the negative branch", low=0.0)] = 0.25
) -> nx.Tensor:
    """Tanh with a damped negative branch: to tanh what leaky ReLU is to the identity.

    Some surveys write the branch as tanh(x) / alpha with alpha = 4.
    The derivative at 0 is 1.

    Returns:
        Tensor of the same shape and dtype as x, in [-alpha, 1].

    Example:
        >>> np.asarray(penalized_tanh(np.array([-2.0, 0.0, 2.0]))).round(4).tolist()
        [-0.241, 0.0, 0.964]

    Reference:
        arXiv:1602.05980, Revise Saturated Activation Functions.
    """
    y = ops.tanh(x)
    return ops.where(x > 0.0, y, alpha * y)


penalized_tanh.derivative(lambda x, alpha: nx.times_sech_squared(_one_sided(x, alpha), x))
penalized_tanh.second_derivative(lambda x, alpha: nx.times_sech_squared(_one_sided(x, alpha) * (-2.0 * ops.tanh(x)), x))


def _isru_argument(x: nx.Tensor, alpha: float) -> tuple[nx.Tensor, nx.Tensor]:
    """x, clipped to where 1 + alpha x^2 is finite, and u = sqrt(alpha) x."""
    scale = math.sqrt(alpha)
    bound = min(0.5 * math.sqrt(nx.largest(x)) / scale, nx.largest(x))
    finite = ops.clip(x, -bound, bound)
    return finite, finite if scale == 1.0 else scale * finite


@activation(
    formula="x / sqrt(1 + alpha * x**2)",
    traits={"smooth", "monotonic", "bounded", "odd"},
    aliases={"echo": "ISRU(alpha=1.0)"},
)
def isru(x: nx.Tensor, alpha: Annotated[float, positive("inverse square of the bound")] = 1.0) -> nx.Tensor:
    """Inverse square root unit: a sigmoid without exponentials, for recurrent networks.

    Returns:
        Tensor of the same shape and dtype as x, in [-1 / sqrt(alpha), 1 / sqrt(alpha)].

    Example:
        >>> np.asarray(isru(np.array([-2.0, 0.0, 0.75]))).round(4).tolist()
        [-0.8944, 0.0, 0.6]

    Reference:
        arXiv:1710.09967, Improving Deep Learning by Inverse Square Root Linear Units (ISRLUs).
    """
    finite, u = _isru_argument(x, alpha)
    return finite / nx.square_and_root(u)[1]


@isru.derivative
def isru_derivative(x: nx.Tensor, alpha: float) -> nx.Tensor:
    """(1 + alpha x^2)^(-3/2)."""
    return nx.algebraic_sigmoid_derivative(_isru_argument(x, alpha)[1])


@isru.second_derivative
def isru_second_derivative(x: nx.Tensor, alpha: float) -> nx.Tensor:
    """-3 alpha x (1 + alpha x^2)^(-5/2)."""
    return nx.algebraic_sigmoid_second_derivative(_isru_argument(x, alpha)[1], math.sqrt(alpha))


VAST = 1e9  # beyond it 1 + x^2 is x^2 to the last bit of float64, and below it x^6 still fits into float32


@activation(formula="asinh(x)", traits={"smooth", "monotonic", "odd"}, aliases={"dks": "asinh", "onnx": "Asinh"})
def asinh(x: nx.Tensor) -> nx.Tensor:
    """Inverse hyperbolic sine: linear near 0, a logarithm of either sign far out.

    It compresses outliers as tanh does but never saturates: its derivative falls off only as 1 / |x|.

    Returns:
        Tensor of the same shape and dtype as x.

    Example:
        >>> np.asarray(asinh(np.array([-10.0, 0.0, 2.0]))).round(4).tolist()
        [-2.9982, 0.0, 1.4436]
    """
    # From |x|, as the sum cancels for x < 0; log1p, as it loses all digits near 0; the logarithm where x^2 overflows.
    t = ops.abs(x)
    c = ops.minimum(t, VAST)
    square = ops.square(c)
    near = nx.log1p(c + square / (1.0 + ops.sqrt(1.0 + square)))
    far = math.log(2.0) + ops.log(ops.maximum(t, 1.0))
    size = ops.where(t < VAST, near, far)
    return ops.where(x < 0.0, -size, size)


@asinh.derivative
def _asinh_derivative(x: nx.Tensor) -> nx.Tensor:
    return 1.0 / nx.hypotenuse(x)


@asinh.second_derivative
def _(x: nx.Tensor) -> nx.Tensor:
    slope = _asinh_derivative(x)
    return -(nx.algebraic_sigmoid(nx.clipped_for_square(x)) * slope) * slope


@activation(
    formula="where(abs(x) > 2, sign(x), x - x * abs(x) / 4)",
    traits={"monotonic", "bounded", "odd"},
    aliases={"echo": "SQNL"},
    kinks=(-2.0, 0.0, 2.0),
)
def sqnl(x: nx.Tensor) -> nx.Tensor:
    """Square nonlinearity: a sigmoid from one multiplication, for small devices.

    Returns:
        Tensor of the same shape and dtype as x, in [-1, 1].

    Example:
        >>> np.asarray(sqnl(np.array([-3.0, 0.0, 1.0]))).tolist()
        [-1.0, 0.0, 0.75]

    Reference:
        Wuraola & Patel 2018, SQNL: A New Computationally Efficient Activation Function.
    """
    u = ops.clip(x, -2.0, 2.0)
    return u * (1.0 - 0.25 * ops.abs(u))


sqnl.derivative(lambda x: 1.0 - 0.5 * ops.minimum(ops.abs(x), 2.0))
sqnl.second_derivative(lambda x: ops.where(ops.abs(x) < 2.0, -0.5 * ops.sign(x), 0.0))
