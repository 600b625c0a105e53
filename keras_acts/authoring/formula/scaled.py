"""Numbers kept as m X^k exp(e), so that no intermediate result overflows or vanishes before the final one does.

X is max(1, |x|), k a plain number, e a tensor or None. In x sigmoid(x) at x = -90 the exponential alone is 0 in
float32 and the product is not; in x / (1 + x^2) at 1e30 the square is inf and the quotient is not. Here both factors
meet before either is turned into a number.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from keras_acts.core import numerics as nx
from keras_acts.core import operations as ops
from keras_acts.core.derivatives import Tensor

_NEAR = 32.0  # exp(+-32) is far from overflow and underflow in every dtype
_INFINITE = 1e4  # exp(+-10000) is inf or 0 in every dtype
_WHATEVER = 1e5  # exp(+-100000) is, whatever power of x stands beside it


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


def bounded(x: Tensor) -> Tensor:
    """x clipped to where its small multiples are legal exponents, so that exponents of opposite sign still cancel."""
    bound = 1e-6 * nx.largest(x)
    return ops.clip(x, -bound, bound)


def times_exp(m: Tensor | float, e: Tensor) -> Tensor:
    """m exp(e), with m multiplied in before the exponential vanishes or overflows."""
    near = ops.clip(e, -_NEAR, _NEAR)
    half = ops.exp(0.5 * (e - near))  # all of it may be 0 or inf where m is as large or small
    is_zero = half == 0.0 if isinstance(m, float) else ops.logical_or(half == 0.0, m == 0.0)
    return ops.where(is_zero, 0.0, half * m * half) * ops.exp(near)  # 0 * inf would be NaN


class Scale:
    """X = max(1, |x|) and what is computed from it, for one x."""

    def __init__(self, x: Tensor) -> None:
        self._x = x

    @cached_property
    def size(self) -> Tensor:
        """X."""
        return ops.maximum(ops.abs(self._x), 1.0)

    @cached_property
    def _logarithm(self) -> Tensor:
        return ops.minimum(ops.log(self.size), _INFINITE)

    def to_power(self, m: Tensor | float, k: float, size: Tensor | None = None) -> Tensor:
        """m X^k, one factor after the other: X^k itself may overflow. 0 stays 0, whatever X is."""
        size = self.size if size is None else size
        result, rest = m, abs(k)
        while rest > 0.0:
            part = size if rest >= 1.0 else ops.sqrt(size) if rest == 0.5 else ops.power(size, rest)
            # 1 / X would be 0 where X is near the largest number
            result, rest = result * part if k > 0.0 else result / part, rest - 1.0
        return result if k <= 0.0 or isinstance(m, float) else ops.where(m == 0.0, 0.0, result)

    def plain(self, number: Scaled) -> Tensor | float:
        """The number as a tensor."""
        if number.e is None:
            return self.to_power(number.m, number.k)
        found = self._without_power(number)
        return times_exp(found.m, found.e)

    def _without_power(self, number: Scaled) -> Scaled:
        """The same number with k = 0. Where X^k is huge or tiny, most of it becomes a part of the exponential, which
        may be the opposite: X = r exp(c), with a whole number c.
        """
        if not number.k:
            return number
        c = ops.where(abs(number.k) * self._logarithm > _NEAR, ops.round(self._logarithm), 0.0)
        half = ops.exp(-0.5 * c)  # the whole may be 0
        r = ops.where(c == _INFINITE, 1.0, half * ops.minimum(self.size, nx.largest(self._x)) * half)
        if number.e is None:
            return Scaled(self.to_power(number.m, number.k, r), 0.0, number.k * c)
        # Where exp(e) is 0 or inf whatever stands beside it, log X stands for X: the higher power still decides.
        is_alone = ops.abs(number.e) > _WHATEVER
        r, c = ops.where(is_alone, 1.0 + self._logarithm, r), ops.where(is_alone, 0.0, c)
        e = number.e + number.k * c
        return Scaled(self.to_power(number.m, number.k, r), 0.0, e, number.decays and number.k < 0.0)

    def add(self, numbers: Sequence[Scaled]) -> Scaled:
        """The sum. Terms without an exponential decide the power of X, as the others may long have vanished; if they
        decay, as x^-1, it may be that of the others, but no more than 0.
        """
        plain = [number for number in numbers if number.e is None]
        others = [number for number in numbers if number.e is not None]
        if not plain:
            return functools.reduce(_sum, map(self._without_power, others))
        k = max(number.k for number in plain)
        k = max(k, min(0.0, max((number.k for number in others), default=k) - 1.0))
        total = sum((self.to_power(number.m, number.k - k) for number in plain), start=0.0)
        if all(number.decays and number.k <= k + 1.0 for number in others):
            decayed = (times_exp(self.to_power(number.m, number.k - k), number.e) for number in others)
            return Scaled(sum(decayed, start=total), k)
        return functools.reduce(_sum, map(self._without_power, (*others, Scaled(total, k))))

    def select(self, condition: Tensor, a: Scaled, b: Scaled) -> Scaled:
        """a where the condition holds, else b."""
        if a.k != b.k and a.e is None and b.e is None:
            a, b = (Scaled(self.to_power(number.m, number.k)) for number in (a, b))
        elif a.k != b.k:
            a, b = self._without_power(a), self._without_power(b)
        like_x = ops.ones_like(self._x)  # two Python numbers would become float32
        m = ops.where(condition, a.m * like_x if isinstance(a.m, float) else a.m, b.m)
        if a.e is b.e:
            return Scaled(m, a.k, a.e, a.decays)
        e = ops.where(condition, 0.0 if a.e is None else a.e, 0.0 if b.e is None else b.e)
        return Scaled(m, a.k, e, (a.decays or a.e is None) and (b.decays or b.e is None))


def _sum(a: Scaled, b: Scaled) -> Scaled:
    """The sum of two numbers with k = 0; one of them at least has an exponential."""
    if a.e is b.e:
        return Scaled(a.m + b.m, 0.0, a.e, a.decays)
    first_e, second_e = _exponent_of(a), _exponent_of(b)
    gap, e = first_e - second_e, ops.maximum(first_e, second_e)
    t = ops.exp(-ops.abs(gap))
    first, second = (ops.where(t == 0.0, 0.0, number.m * t) for number in (a, b))
    return Scaled(ops.where(gap > 0.0, a.m + second, first + b.m), 0.0, e, a.decays and b.decays)


def _exponent_of(number: Scaled) -> Tensor:
    """e, or a very small exponent where the number is 0, so that it does not hide the other one."""
    if number.e is None:
        return 0.0
    return number.e if number.decays else ops.where(number.m == 0.0, -1e30, number.e)
