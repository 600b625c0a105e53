"""Arithmetic of truncated power series: NumPy arrays of the first coefficients, as many as are known."""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

ORDERS = 128  # of what is known to the end, such as x; a quotient of what vanishes at 0 has fewer

Series = np.ndarray


class NoSeriesError(ArithmeticError):
    """There is no power series, or none that is known here."""


def constant(value: complex, orders: int = ORDERS) -> Series:
    """The series of a constant."""
    return value * np.eye(1, orders, dtype=np.longdouble)[0]  # on most machines 11 bits more than float64


def plus(series: Series, value: complex) -> Series:
    """The series and a constant."""
    return series + constant(value, len(series))


def times(a: Series, b: Series) -> Series:
    """The product."""
    return np.convolve(a, b)[: min(len(a), len(b))]


def to_power(base: Series, exponent: float) -> Series:
    """base ** exponent, from y' base = exponent y base'."""
    if exponent > 0.0 and exponent.is_integer():
        return functools.reduce(times, [base] * int(exponent))
    if base[0] == 0.0 or (base[0] < 0.0 and not exponent.is_integer()):
        raise NoSeriesError
    found = constant(base[0] ** exponent, len(base))
    for n in range(1, len(base)):
        k = np.arange(1, n + 1)
        found[n] = np.dot((k * (exponent + 1.0) - n) * base[1 : n + 1], found[n - 1 :: -1]) / (n * base[0])
    return found


def derived(series: Series) -> Series:
    """The derivative."""
    return series[1:] * np.arange(1, len(series))


def integrated(series: Series, start: float) -> Series:
    """The integral that is `start` at 0."""
    return np.append(start, series / np.arange(1, len(series) + 1))


def solved(u: Series, start: complex, rate: Callable[[Series], Series]) -> Series:
    """y with y(0) = start and y' = rate(y) u'."""
    found = constant(start, len(u))
    rises = derived(u)
    for n in range(1, len(u)):
        found[n] = np.dot(rate(found)[n - 1 :: -1], rises[:n]) / n
    return found


# ---- series of f(u), from that of u and the value of f(u) at 0


def exp(u: Series, start: float) -> Series:
    """exp(u)."""
    return solved(u, start, lambda y: y)


def expm1(u: Series, start: float) -> Series:
    """exp(u) - 1."""
    return solved(u, start, lambda y: plus(y, 1.0))


def tanh(u: Series, start: float) -> Series:
    """tanh(u)."""
    return solved(u, start, lambda y: plus(-times(y, y), 1.0))


def sigmoid(u: Series, start: float) -> Series:
    """1 / (1 + exp(-u))."""
    return solved(u, start, lambda y: y - times(y, y))


def sinh(u: Series, start: float) -> Series:
    """sinh(u)."""
    return 0.5 * (exp(u, math.exp(u[0])) - exp(-u, math.exp(-u[0])))


def cosh(u: Series, start: float) -> Series:
    """cosh(u)."""
    return 0.5 * (exp(u, math.exp(u[0])) + exp(-u, math.exp(-u[0])))


def sech(u: Series, start: float) -> Series:
    """1 / cosh(u)."""
    return to_power(cosh(u, start), -1.0)


def sin(u: Series, start: float) -> Series:
    """sin(u)."""
    return _turning(u).imag


def cos(u: Series, start: float) -> Series:
    """cos(u)."""
    return _turning(u).real


def _turning(u: Series) -> Series:
    """cos(u) + i sin(u)."""
    return solved(u, complex(math.cos(u[0]), math.sin(u[0])), lambda y: 1j * y)


@dataclass(frozen=True)
class Switch:
    """A function that is a constant on each side of 0, or a multiple of u."""

    above: float
    otherwise: float
    is_slope: bool = False

    def series(self, u: "Laurent", is_above: bool) -> "Laurent":
        """That of u, which is above 0, or not."""
        side = self.above if is_above else self.otherwise
        return Laurent(u.lowest, side * u.series) if self.is_slope else of(constant(side))


# ---- with negative powers


@dataclass(frozen=True, eq=False)
class Laurent:
    """x^lowest times a power series, whose first coefficient is not 0 unless all are."""

    lowest: int
    series: Series

    @property
    def at_zero(self) -> float:
        """The value at 0, where no power is negative."""
        return float(self.series[0]) if self.lowest == 0 else 0.0

    def plain(self) -> Series:
        """The power series.

        Raises:
            NoSeriesError: if a power is negative.
        """
        if self.lowest < 0 and self.series.any():
            raise NoSeriesError
        return np.append(np.zeros(max(self.lowest, 0)), self.series)[:ORDERS]


def of(series: Series, lowest: int = 0) -> Laurent:
    """x^lowest times a power series that may begin with zeros."""
    filled = np.flatnonzero(series)
    zeros = int(filled[0]) if len(filled) else 0
    return Laurent(lowest + zeros, series[zeros:])


def total(parts: Sequence[Laurent], noise: float) -> Laurent:
    """The sum; a coefficient below this share of its summands is rounding noise, taken as 0."""
    lowest = min(part.lowest for part in parts)
    known = min(part.lowest + len(part.series) for part in parts) - lowest
    if known < 1:
        raise NoSeriesError
    rows = [np.append(np.zeros(part.lowest - lowest), part.series)[:known] for part in parts]
    return of(_without_noise(np.sum(rows, axis=0), np.sum(np.abs(rows), axis=0), noise), lowest)


def product(a: Laurent, b: Laurent, noise: float) -> Laurent:
    """The product, without noise as in a sum."""
    sizes = times(abs(a.series), abs(b.series))
    return Laurent(a.lowest + b.lowest, _without_noise(times(a.series, b.series), sizes, noise))


def _without_noise(found: Series, sizes: Series, noise: float) -> Series:
    return np.where((abs(found) <= noise * sizes) & np.isfinite(sizes), 0.0, found)


def power(base: Laurent, exponent: float, side: int) -> Laurent:
    """base ** exponent, on one side of 0 or (side 0) on both."""
    lowest = base.lowest * exponent
    if not lowest.is_integer():
        raise NoSeriesError
    if exponent.is_integer():
        return Laurent(int(lowest), to_power(base.series, exponent))
    if not side and (base.lowest % 2 or lowest % 2):
        raise NoSeriesError
    sign = float(side or 1)  # x = sign |x|
    return Laurent(int(lowest), sign**lowest * to_power(sign**base.lowest * base.series, exponent))


def differentiated(series: Laurent) -> Laurent:
    """The derivative."""
    found = series.series * np.arange(series.lowest, series.lowest + len(series.series))
    return of(found, series.lowest - 1)
