"""Numbers kept as m X^k exp(e), so that no intermediate result overflows or vanishes before the final one does.

X is max(1, |x|), k a plain number, e a tensor or None. In x sigmoid(x) at x = -90 the exponential alone is 0 in
float32 and the product is not; in x / (1 + x^2) at 1e30 the square is inf and the quotient is not. Here both factors
meet before either is turned into a number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keras import ops

from keras_acts.core import numerics as nx
from keras_acts.core.derivatives import Tensor

_NEAR = 32.0  # exp(+-32) is far from overflow and underflow in every dtype


@dataclass(frozen=True)
class Scaled:
    """The number m X^k exp(e)."""

    m: Tensor | float
    k: float = 0.0
    e: Tensor | None = None
    decays: bool = False  # e <= 0 for sure


def exponent(u: Tensor) -> Tensor:
    """u as an exponent: clipped so far that sums and differences of exponents are finite."""
    bound = 1e-3 * nx.largest(u)
    return ops.clip(u, -bound, bound)


def times_exp(m: Tensor | float, e: Tensor) -> Tensor:
    """m exp(e), with m multiplied in before the exponential vanishes or overflows."""
    near = ops.clip(e, -_NEAR, _NEAR)
    far = ops.exp(e - near)
    return ops.where(far == 0.0, 0.0, far * m) * ops.exp(near)  # 0 * inf would be NaN


class Scale:
    """X = max(1, |x|) and what is computed from it, for one x."""

    def __init__(self, x: Tensor) -> None:
        self._x = x
        self._size: Tensor | None = None
        self._inverse: Tensor | None = None

    @property
    def size(self) -> Tensor:
        """X."""
        if self._size is None:
            self._size = ops.maximum(ops.abs(self._x), 1.0)
        return self._size

    @property
    def inverse(self) -> Tensor:
        """1 / X."""
        if self._inverse is None:
            self._inverse = 1.0 / self.size
        return self._inverse

    def of_x(self) -> Scaled:
        """x itself, as its clipped value times X: both are exact."""
        return Scaled(ops.clip(self._x, -1.0, 1.0), 1.0)

    def to_power(self, m: Tensor | float, k: float) -> Tensor:
        """m X^k, one factor after the other: X^k itself may overflow."""
        base = self.size if k > 0.0 else self.inverse
        rest = abs(k)
        while rest >= 1.0:
            m, rest = m * base, rest - 1.0
        if rest == 0.5:
            return m * ops.sqrt(base)
        return m * ops.power(base, rest) if rest else m

    def plain(self, number: Scaled) -> Tensor | float:
        """The number as a tensor."""
        m = self.to_power(number.m, number.k) if number.k else number.m
        return m if number.e is None else times_exp(m, number.e)

    def lifted(self, number: Scaled, k: float) -> Scaled:
        """The same number with another, larger k."""
        return number if number.k == k else Scaled(self.to_power(number.m, number.k - k), k, number.e, number.decays)

    def add(self, numbers: Sequence[Scaled]) -> Scaled:
        """The sum."""
        k = max(number.k for number in numbers)
        first, *others = sorted((self.lifted(number, k) for number in numbers), key=lambda number: number.e is not None)
        for other in others:
            first = _sum(first, other)
        return first

    def select(self, condition: Tensor, a: Scaled, b: Scaled) -> Scaled:
        """a where the condition holds, else b."""
        k = max(a.k, b.k)
        a, b = self.lifted(a, k), self.lifted(b, k)
        m = ops.where(condition, a.m, b.m)
        if a.e is b.e:
            return Scaled(m, k, a.e, a.decays)
        e = ops.where(condition, 0.0 if a.e is None else a.e, 0.0 if b.e is None else b.e)
        return Scaled(m, k, e, (a.decays or a.e is None) and (b.decays or b.e is None))


def _sum(a: Scaled, b: Scaled) -> Scaled:
    """The sum of two numbers with one k; that without an exponent comes first."""
    if a.e is b.e:
        return Scaled(a.m + b.m, a.k, a.e, a.decays)
    assert b.e is not None
    if a.e is None and b.decays:
        return Scaled(a.m + times_exp(b.m, b.e), a.k)
    if a.e is None:
        gap, e = -b.e, ops.maximum(b.e, 0.0)
    else:
        gap, e = a.e - b.e, ops.maximum(a.e, b.e)
    t = ops.exp(-ops.abs(gap))
    first, second = (ops.where(t == 0.0, 0.0, number.m * t) for number in (a, b))
    return Scaled(ops.where(gap > 0.0, a.m + second, first + b.m), a.k, e, a.decays and b.decays)
