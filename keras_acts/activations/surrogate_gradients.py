"""Functions whose backward pass takes another function, a surrogate, in place of their derivative.

The derivative of a step is 0, so nothing below it would be trained. The value is exact; the gradient is the surrogate,
and the second derivative that of the surrogate. Everywhere else in keras_acts the derivative is the true one.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import resolve
from keras_acts.core.declare import Param, activation

__all__ = ["bipolar", "step", "ternarize", "trunc_exp"]


# ---- Surrogates ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Surrogate:
    """A function of x - t, where t is the place of the jump, with a parameter p of that name or None.

    Where it has parts, these meet at t and at t +- p, and x is compared with those: x - t is rounded.
    """

    formula: str  # at t = 0
    value: Callable[..., nx.Tensor]  # of x, t, p
    derivative: Callable[..., nx.Tensor]
    parameter: str | None = None
    kinks: Callable[..., tuple[float, ...]] = lambda t, p: ()


def _zeros(x: nx.Tensor, t: float, p: Any) -> nx.Tensor:
    return ops.zeros_like(x)


def _within(x: nx.Tensor, t: float, p: float, left: nx.Tensor | float, right: nx.Tensor | float) -> nx.Tensor:
    """One of two values where |x - t| <= p, 0 elsewhere."""
    inside = ops.where(x < t, left, right * ops.ones_like(x))
    return ops.where(x < t - p, 0.0, ops.where(x > t + p, 0.0, inside))


def _triangular(x: nx.Tensor, t: float, _: Any) -> nx.Tensor:
    return 2.0 * ops.maximum(1.0 - ops.abs(x - t), 0.0)


def _sigmoid_derivative(x: nx.Tensor, t: float, slope: float) -> nx.Tensor:
    z, square = nx.near(slope * (x - t)), slope**2
    # The clip changes nothing; out of it the graph optimiser takes no constant.
    return nx.times_sigmoid_derivative(ops.clip(-square * ops.tanh(0.5 * z), -square, square), z)


def _swish_sign(x: nx.Tensor, t: float, beta: float) -> nx.Tensor:
    z = nx.near(beta * (x - t))
    return nx.times_sigmoid_derivative(4.0 * beta - 2.0 * beta * z * nx.tanh(0.5 * z), z)


def _swish_sign_derivative(x: nx.Tensor, t: float, beta: float) -> nx.Tensor:
    z = nx.near(beta * (x - t))
    tanh = nx.tanh(0.5 * z)
    square = beta**2
    return nx.times_sigmoid_derivative(square * z * (3.0 * ops.square(tanh) - 1.0) - 6.0 * square * tanh, z)


def _fast_sigmoid_derivative(x: nx.Tensor, t: float, slope: float) -> nx.Tensor:
    root = 1.0 / (1.0 + slope * ops.abs(x - t))
    return ops.where(x < t, 2.0, -2.0 * ops.ones_like(x)) * (slope * root) * root * root


def _atan_parts(x: nx.Tensor, t: float, alpha: float) -> tuple[nx.Tensor, nx.Tensor, nx.Tensor]:
    """For q = pi alpha (x - t) / 2: m, n, d with 1 + q^2 = m d and q / (1 + q^2) = n / d, none of which overflows."""
    q = (0.5 * math.pi * alpha) * (x - t)
    m, n = ops.maximum(ops.abs(q), 1.0), ops.clip(q, -1.0, 1.0)
    return m, n, m + ops.square(n) / m


def _atan(x: nx.Tensor, t: float, alpha: float) -> nx.Tensor:
    m, _, d = _atan_parts(x, t, alpha)
    return 0.5 * alpha / m / d


def _atan_derivative(x: nx.Tensor, t: float, alpha: float) -> nx.Tensor:
    m, n, d = _atan_parts(x, t, alpha)
    return (-math.pi * alpha * n / d) * (0.5 * alpha / m / d)


_SURROGATES = {
    "straight_through": _Surrogate("1", lambda x, t, _: ops.ones_like(x), _zeros),
    "clipped": _Surrogate(
        "where(abs(x) <= clip_value, 1, 0)",
        lambda x, t, clip_value: _within(x, t, clip_value, 1.0, 1.0),
        _zeros,
        "clip_value",
        lambda t, clip_value: (t - clip_value, t + clip_value),
    ),
    "triangular": _Surrogate(
        "2 * max(1 - abs(x), 0)",
        _triangular,
        lambda x, t, _: _within(x, t, 1.0, 2.0, -2.0),
        kinks=lambda t, _: (t - 1.0, t, t + 1.0),
    ),
    "swish_sign": _Surrogate(
        "beta * (2 - beta * x * tanh(beta * x / 2)) / (1 + cosh(beta * x))", _swish_sign, _swish_sign_derivative, "beta"
    ),
    "fast_sigmoid": _Surrogate(
        "1 / (1 + slope * abs(x))**2",
        lambda x, t, slope: ops.square(1.0 / (1.0 + slope * ops.abs(x - t))),
        _fast_sigmoid_derivative,
        "slope",
        lambda t, _: (t,),
    ),
    "atan": _Surrogate("alpha / 2 / (1 + (pi * alpha * x / 2)**2)", _atan, _atan_derivative, "alpha"),
    "sigmoid": _Surrogate(
        "slope * sigmoid(slope * x) * sigmoid(-slope * x)",
        lambda x, t, slope: nx.times_sigmoid_derivative(slope, nx.near(slope * (x - t))),
        _sigmoid_derivative,
        "slope",
    ),
}


_NONE = _Surrogate("0", _zeros, _zeros)
_FORMULAS = {f"surrogate={name!r}": each.formula for name, each in _SURROGATES.items()}


def _shifted(formula: str) -> str:
    return re.sub(r"\bx\b", "(x - threshold)", formula).replace("((x - threshold))", "(x - threshold)")


def _chosen(surrogate: str | None, params: dict[str, float]) -> tuple[_Surrogate, float | None]:
    """The surrogate and its parameter."""
    chosen = _SURROGATES.get(str(surrogate), _NONE)
    return chosen, params.get(str(chosen.parameter))


def _gradient(x: nx.Tensor, t: float, surrogate: str | None, params: dict[str, float]) -> nx.Tensor:
    chosen, p = _chosen(surrogate, params)
    return chosen.value(x, t, p)


def _second(x: nx.Tensor, t: float, surrogate: str | None, params: dict[str, float]) -> nx.Tensor:
    chosen, p = _chosen(surrogate, params)
    return chosen.derivative(x, t, p)


def _kinks(t: float, surrogate: str | None, params: dict[str, float]) -> tuple[float, ...]:
    chosen, p = _chosen(surrogate, params)
    return chosen.kinks(t, p)


def _of(parameter: str, meaning: str) -> Param:
    names = tuple(name for name, each in _SURROGATES.items() if each.parameter == parameter)
    return Param(f"{meaning} of {' and '.join(names)}", low=0.0, exclusive=True, needs=("surrogate", names))


SurrogateName = Annotated[str | None, Param("what replaces the derivative, which is 0", choices=(*_SURROGATES,))]
ClipValue = Annotated[float, _of("clip_value", "half-width")]
Beta = Annotated[float, _of("beta", "steepness")]
Slope = Annotated[float, _of("slope", "steepness")]
Alpha = Annotated[float, _of("alpha", "steepness")]


# ---- Steps -----------------------------------------------------------------------------------------------------------


def _two_valued(x: nx.Tensor, threshold: float, below: float, between: float) -> nx.Tensor:
    at = ops.where(x == threshold, between, x)  # NaN is none of the three, and stays
    return ops.where(x > threshold, 1.0, ops.where(x < threshold, below, at))


def _clipped(clip_value: float | None = 1.0) -> dict[str, Any]:
    """larq's straight-through estimators."""
    if clip_value is None:
        return {"surrogate": "straight_through"}
    return {"surrogate": "clipped", "clip_value": clip_value}


def _swish_sign_of_larq(beta: float = 5.0) -> dict[str, Any]:
    return {"surrogate": "swish_sign", "beta": beta}


resolve.REFUSED["snntorch:triangular"] = (
    "snnTorch's 'triangular' is no triangle: it multiplies the gradient by the threshold below 0 and by its negative "
    "above. The triangle is \"step(surrogate='triangular')\"."
)


@activation(
    formula="where(x > threshold, 1, where(x < threshold, 0, at_threshold))",
    surrogate={case: _shifted(formula) for case, formula in _FORMULAS.items()},
    traits={"piecewise_linear", "monotonic", "bounded", "sparse"},
    aliases={
        "mlx": "step(threshold=0.0)",
        "larq": {"ste_heaviside": lambda clip_value=1.0: {**_clipped(clip_value), "at_threshold": 0.0}},
        "snntorch": [
            "fast_sigmoid(slope=25.0, *, at_threshold=0.0, surrogate='fast_sigmoid')",
            "atan(alpha=2.0, *, at_threshold=0.0, surrogate='atan')",
            "sigmoid(slope=25.0, *, at_threshold=0.0, surrogate='sigmoid')",
            "straight_through_estimator(*, at_threshold=0.0, surrogate='straight_through')",
        ],
    },
    kinks=lambda threshold, at_threshold, surrogate, **p: (threshold, *_kinks(threshold, surrogate, p)),
)
def step(
    x: nx.Tensor,
    threshold: Annotated[float, Param("where the value jumps", any_size=True)] = 0.0,
    at_threshold: Annotated[float, Param("value at the threshold", low=0.0, high=1.0)] = 1.0,
    surrogate: SurrogateName = None,
    clip_value: ClipValue = 1.0,
    beta: Beta = 5.0,
    slope: Slope = 25.0,
    alpha: Alpha = 2.0,
) -> nx.Tensor:
    """Heaviside step: the first artificial neuron, and the spike of spiking networks.

    The derivative is 0, so nothing below it is trained unless a surrogate takes its place in the backward pass, as
    written in the papers and in larq and snnTorch, without a factor of ours. At the threshold the value is 1 as in mlx;
    snnTorch has 0.

    Returns:
        Tensor of the same shape and dtype as x, of 0 and 1.

    Example:
        >>> np.asarray(step(np.array([-2.0, 0.0, 3.0]))).tolist()
        [0.0, 1.0, 1.0]
        >>> keras_acts.get("snntorch:fast_sigmoid(slope=10)")
        step(at_threshold=0.0, surrogate='fast_sigmoid', slope=10.0)

    Reference:
        McCulloch & Pitts 1943, A Logical Calculus of the Ideas Immanent in Nervous Activity;
        arXiv:1901.09948, Surrogate Gradient Learning in Spiking Neural Networks.
    """
    return _two_valued(x, threshold, 0.0, at_threshold)


step.derivative(lambda x, threshold, at_threshold, surrogate, **p: _gradient(x, threshold, surrogate, p))
step.second_derivative(lambda x, threshold, at_threshold, surrogate, **p: _second(x, threshold, surrogate, p))


@activation(
    formula="where(x > 0, 1, where(x < 0, -1, at_zero))",
    surrogate=_FORMULAS,
    traits={"piecewise_linear", "monotonic", "bounded"},
    aliases={
        "larq": {
            "ste_sign": _clipped,
            "approx_sign": lambda: {"surrogate": "triangular"},
            "swish_sign": _swish_sign_of_larq,
        }
    },
    kinks=lambda at_zero, surrogate, **p: (0.0, *_kinks(0.0, surrogate, p)),
)
def bipolar(
    x: nx.Tensor,
    at_zero: Annotated[float, Param("value at 0", low=-1.0, high=1.0)] = 1.0,
    surrogate: SurrogateName = None,
    clip_value: ClipValue = 1.0,
    beta: Beta = 5.0,
    slope: Slope = 25.0,
    alpha: Alpha = 2.0,
) -> nx.Tensor:
    """Sign of the input, as binary networks take it: never 0.

    The derivative is 0, so nothing below it is trained unless a surrogate takes its place in the backward pass. larq's
    names: `ste_sign` is clipped, `approx_sign` triangular. At 0 the value is 1 as in larq; ActTensor gives -1.

    Returns:
        Tensor of the same shape and dtype as x, of -1 and 1.

    Example:
        >>> np.asarray(bipolar(np.array([-2.0, 0.0, 3.0]))).tolist()
        [-1.0, 1.0, 1.0]
        >>> layer = keras.layers.Dense(8, activation="bipolar(surrogate='triangular')")

    Reference:
        arXiv:1602.02830, Binarized Neural Networks; arXiv:1808.00278, Bi-Real Net (triangular);
        arXiv:1812.11800, BNN+ (swish_sign).
    """
    return _two_valued(x, 0.0, -1.0, at_zero)


bipolar.derivative(lambda x, at_zero, surrogate, **p: _gradient(x, 0.0, surrogate, p))
bipolar.second_derivative(lambda x, at_zero, surrogate, **p: _second(x, 0.0, surrogate, p))


def _ste_tern(
    threshold_value: float = 0.05, ternary_weight_networks: bool = False, clip_value: float | None = 1.0
) -> dict[str, Any]:
    if ternary_weight_networks:
        raise TypeError("`ternary_weight_networks` takes the threshold from a whole tensor, which no activation sees")
    return {"threshold": threshold_value, **_clipped(clip_value)}


@activation(
    formula="where(x >= threshold, 1, where(x <= -threshold, -1, 0))",
    surrogate=_FORMULAS,
    traits={"piecewise_linear", "monotonic", "bounded", "odd", "sparse"},
    aliases={"larq": {"ste_tern": _ste_tern}},
    kinks=lambda threshold, surrogate, **p: (-threshold, threshold, *_kinks(0.0, surrogate, p)),
)
def ternarize(
    x: nx.Tensor,
    threshold: Annotated[
        float, Param("smallest magnitude that is not made 0", low=0.0, exclusive=True, any_size=True)
    ] = 0.05,
    surrogate: SurrogateName = None,
    clip_value: ClipValue = 1.0,
    beta: Beta = 5.0,
    slope: Slope = 25.0,
    alpha: Alpha = 2.0,
) -> nx.Tensor:
    """Sign of the input, and 0 for small ones, as ternary networks take it.

    The derivative is 0, so nothing below it is trained unless a surrogate takes its place in the backward pass. It is a
    function of x, as in larq, and not of the distance from a threshold.

    Returns:
        Tensor of the same shape and dtype as x, of -1, 0 and 1.

    Example:
        >>> np.asarray(ternarize(np.array([-2.0, 0.04, 0.05]))).tolist()
        [-1.0, 0.0, 1.0]

    Reference:
        arXiv:1605.04711, Ternary Weight Networks.
    """
    inner = ops.where(ops.abs(x) < threshold, 0.0, x)  # NaN stays
    return ops.where(x >= threshold, 1.0, ops.where(x <= -threshold, -1.0, inner))


ternarize.derivative(lambda x, threshold, surrogate, **p: _gradient(x, 0.0, surrogate, p))
ternarize.second_derivative(lambda x, threshold, surrogate, **p: _second(x, 0.0, surrogate, p))


# ---- The exponential -------------------------------------------------------------------------------------------------


_TRUNCATED = 15.0


@activation(
    formula="exp(x)",
    surrogate="exp(clip(x, -15, 15))",
    traits={"monotonic"},
    aliases={"nerfstudio": "trunc_exp"},
    kinks=(-_TRUNCATED, _TRUNCATED),
)
def trunc_exp(x: nx.Tensor) -> nx.Tensor:
    """Exponential function for the density of radiance fields, whose gradient neither vanishes nor explodes.

    The value is not truncated; the gradient is that at -15 below it and that at 15 above.

    Returns:
        Tensor of the same shape and dtype as x, in [0, inf].

    Example:
        >>> np.asarray(trunc_exp(np.array([-1.0, 0.0, 1.0]))).round(4).tolist()
        [0.3679, 1.0, 2.7183]

    Reference:
        arXiv:2302.04264, Nerfstudio: A Modular Framework for Neural Radiance Field Development.
    """
    return ops.exp(x)


trunc_exp.derivative(lambda x: ops.exp(ops.clip(x, -_TRUNCATED, _TRUNCATED)))
trunc_exp.second_derivative(
    lambda x: ops.where(ops.abs(x) <= _TRUNCATED, ops.exp(ops.clip(x, -_TRUNCATED, _TRUNCATED)), 0.0)
)
