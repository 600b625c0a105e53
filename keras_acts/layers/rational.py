"""Padé activation units: learned rational functions."""

import functools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from typing_extensions import override

from keras_acts.core import operations as ops
from keras_acts.core import params, resolve
from keras_acts.core.params import Trait
from keras_acts.layers import rational_fit
from keras_acts.layers.at_infinity import product
from keras_acts.layers.base import LearnableActivation, Tensor
from keras_acts.layers.layer_registry import layer

__all__ = ["Rational"]


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
    if declaration is None or Trait.OVER_AXIS in declaration.traits:
        expected = "the name or spec string of an elementwise activation"
        raise ValueError(params.illegal("approximates", approximates, "Rational", expected))
    return rational_fit.fit(lambda x: ops.convert_to_numpy(function(x)), degrees, reach)
