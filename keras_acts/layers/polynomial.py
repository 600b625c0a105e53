"""Learned polynomials of an activation, of degree 1 and 3, and quotients of polynomials: Padé activation units."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from typing_extensions import override

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core import params, resolve
from keras_acts.layers import rational_fit
from keras_acts.layers.at_infinity import product
from keras_acts.layers.base import LearnableActivation, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["LearnableAffine", "PolyNorm", "PolyReLU", "Rational"]

DEGREE = 3  # of PolyReLU and PolyNorm, in the paper's experiments and code


@layer(formula=r"s f(x) + b", aliases={"timm hf": "LearnableAffineBlock(*, activation='identity')"})
class LearnableAffine(LearnableActivation):
    """Any activation with a learned scale and offset of its output, as in the lightweight networks PP-LCNet and HGNet.

    f(x) = scale activation(x) + bias

    Args:
        activation: name, spec string or callable, such as "relu" or "elu(alpha=0.5)".

    Input shape:
        Any.

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.LearnableAffine("hard_silu")
        >>> np.asarray(layer(np.array([[-1.5, 4.0]]))).tolist()
        [[-0.375, 4.0]]
    """

    def __init__(self, activation: Any = "relu", **kwargs: Any) -> None:
        super().__init__(shared_axes="all", learned=("scale", "bias"), **kwargs)
        self.activation = self._hold(activation)
        self.add_learnable_parameter("scale", 1.0)
        self.add_learnable_parameter("bias", 0.0)

    @override
    def activate(self, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        return product(self.activation(x), scale) + bias


class _Polynomial(LearnableActivation):
    """A weight for each power, all 1/3 at first, and an offset of 0; the same for all channels."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(shared_axes="all", learned=("weight", "bias"), **kwargs)
        self.add_learnable_parameter("weight", 1.0 / DEGREE, copies=DEGREE)
        self.add_learnable_parameter("bias", 0.0)


@layer(formula=r"\sum_{i=1}^3 w_i \max(x, 0)^i + b", aliases={"polycom": "PolyReLU"})
class PolyReLU(_Polynomial):
    """A learned cubic polynomial of ReLU, for feed-forward blocks of transformers.

    f(x) = w_1 r + w_2 r^2 + w_3 r^3 + b, with r = max(x, 0)

    Input shape:
        Any.

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.PolyReLU()(np.array([[-1.0, 1.0, 3.0]])), "float64").round(4).tolist()
        [[0.0, 1.0, 13.0]]

    Reference:
        arXiv:2411.03884, Polynomial Composition Activations.
    """

    @override
    def activate(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        r = ops.relu(x)
        return product(r, weight[0] + product(r, weight[1] + product(r, weight[2]))) + bias


@layer(
    formula=r"w_0 \, n(x^3) + w_1 \, n(x^2) + w_2 \, n(x) + b, \quad n(v) = v / \sqrt{\overline{v^2} + \epsilon}",
    aliases={"polycom": {"PolyNorm": lambda eps=1e-6: {"epsilon": eps}}},
)
class PolyNorm(_Polynomial):
    """A learned cubic polynomial whose powers are each normalized, for feed-forward blocks of transformers.

    f(x) = w_0 n(x^3) + w_1 n(x^2) + w_2 n(x) + b, with n(v) = v / sqrt(mean(v^2) + epsilon)

    The mean is taken over the last axis. The weight of the cube comes first, as in the authors' code.

    Args:
        epsilon: float > 0, keeps the division safe.

    Input shape:
        (batch, ..., channels).

    Output shape:
        As the input.

    Example:
        >>> np.asarray(keras_acts.layers.PolyNorm()(np.array([[-1.0, 1.0, 1.0]])), "float64").round(4).tolist()
        [[-0.3333, 1.0, 1.0]]

    Reference:
        arXiv:2411.03884, Polynomial Composition Activations.
    """

    def __init__(self, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = params.finite_number("epsilon", epsilon, "PolyNorm", low=0.0, high=1.0, exclusive=True)

    @override
    def activate(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x = nx.finite(x)
        # The sixth power of a large x overflows. The value does not change if x is divided by any m and epsilon by
        # m^(2k); so nothing flows back through m.
        m = ops.maximum(nx.max_over_axis(ops.abs(x), -1), 1.0)
        u = x / m
        total = bias
        for power in range(1, DEGREE + 1):
            v = u**power
            small = self.epsilon * (1.0 / m) ** (2 * power)
            norm = ops.sqrt(ops.mean(ops.square(v), axis=-1, keepdims=True) + small)
            total = total + weight[DEGREE - power] * (v / norm)
        return total


@layer(formula=r"\frac{\sum_{j=0}^m a_j x^j}{1 + |\sum_{k=1}^n b_k x^k|}")
class Rational(LearnableActivation):
    """Padé activation unit (PAU): a learned quotient of polynomials without poles, which can take almost any shape.

    f(x) = (a_0 + a_1 x + ... + a_m x^m) / (1 + |b_1 x + ... + b_n x^n|)

    It starts as the least-squares approximation of a known activation on [-reach, reach]. The package
    rational_activations calls this version B; its default, A, takes the absolute value of each term.

    Args:
        approximates: name or spec string of the elementwise activation to start from, such as "gelu".
        degrees: two ints, m >= 0 of the numerator and n >= 0 of the denominator. With m = n + 1 it grows like a line.
        reach: float > 0, half the length of the interval of the approximation.

    Input shape:
        Any. All channels share one function.

    Output shape:
        As the input.

    Example:
        >>> layer = keras_acts.layers.Rational("gelu")
        >>> np.asarray(layer(np.array([[-1.0, 0.0, 2.0]])), "float64").round(2).tolist()
        [[-0.16, -0.0, 1.95]]
        >>> layer.count_params()
        10

    Reference:
        arXiv:1907.06732, Padé Activation Units: End-to-end Learning of Flexible Activation Functions in Deep Networks.
    """

    def __init__(
        self, approximates: str = "leaky_relu(0.01)", degrees: Sequence[int] = (5, 4), reach: float = 3.0, **kwargs: Any
    ) -> None:
        super().__init__(shared_axes="all", learned=("numerator", "denominator"), **kwargs)
        self.approximates = approximates
        pair = isinstance(degrees, Sequence) and len(degrees) == 2 and not isinstance(degrees, str)
        if not pair or not all(isinstance(degree, int) and 0 <= degree <= 20 for degree in degrees):
            expected = "two integers in [0, 20]: of the numerator and of the denominator"
            raise ValueError(params.illegal("degrees", degrees, "Rational", expected))
        self.degrees = degrees[0], degrees[1]
        self.reach = params.finite_number("reach", reach, "Rational", low=0.0, high=100.0, exclusive=True)
        numerator, denominator = _coefficients(approximates, self.degrees, self.reach)
        for name, values in (("numerator", numerator), ("denominator", denominator)):
            self.add_fixed_parameter(name, keras.initializers.Constant(values), shape=values.shape)

    @override
    def activate(self, x: Tensor, numerator: Tensor, denominator: Tensor) -> Tensor:
        m, n = self.degrees
        # Beyond 1 in powers of t = 1 / x, which do not overflow: f = x^(m - n) P(x) x^-m / (Q(x) x^-n).
        far = ops.abs(x) > 1.0
        t = ops.where(far, 1.0 / ops.where(far, x, 1.0), x)
        zeros = ops.zeros_like(x)
        inside, outside, q_inside, q_outside = zeros, zeros, zeros, zeros
        for j in range(m + 1):
            inside, outside = inside * t + numerator[m - j], outside * t + numerator[j]
        for k in range(n):
            q_inside, q_outside = (q_inside + denominator[n - 1 - k]) * t, q_outside * t + denominator[k]
        below = ops.where(far, ops.abs(t) ** n + ops.abs(q_outside), 1.0 + ops.abs(q_inside))
        grown = product(ops.where(far, x, 1.0) ** (m - n), outside) if m > n else t ** (n - m) * outside
        sign = ops.where(x < 0.0, -ops.ones_like(x), 1.0) if n % 2 else 1.0  # |x^n| was divided out below, x^n above
        return ops.where(far, sign * grown, inside) / ops.maximum(below, 2.0**-126)  # a polynomial, far out


@functools.lru_cache(maxsize=256)
def _coefficients(approximates: str, degrees: tuple[int, int], reach: float) -> tuple[np.ndarray, np.ndarray]:
    function = resolve.get(approximates)
    declaration, _ = resolve.declaration_of(function)
    if declaration is None or params.Trait.OVER_AXIS in declaration.traits:
        expected = "the name or spec string of an elementwise activation"
        raise ValueError(params.illegal("approximates", approximates, "Rational", expected))
    return rational_fit.fit(lambda x: ops.convert_to_numpy(function(x)), degrees, reach)
