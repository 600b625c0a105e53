"""Arithmetic of truncated power series: NumPy arrays of the first coefficients."""

import functools
import math
from collections.abc import Callable

import numpy as np

ORDERS = 48

Series = np.ndarray


class NoSeriesError(ArithmeticError):
    """There is no power series, or none that is known here."""


def constant(value: complex) -> Series:
    """The series of a constant."""
    return value * np.eye(1, ORDERS)[0]


def times(a: Series, b: Series) -> Series:
    """The product."""
    return np.convolve(a, b)[:ORDERS]


def to_power(base: Series, exponent: float) -> Series:
    """base ** exponent, from y' base = exponent y base'."""
    if exponent > 0.0 and exponent.is_integer():
        return functools.reduce(times, [base] * int(exponent))
    if base[0] == 0.0 or (base[0] < 0.0 and not exponent.is_integer()):
        raise NoSeriesError
    found = constant(base[0] ** exponent)
    for n in range(1, ORDERS):
        k = np.arange(1, n + 1)
        found[n] = np.dot((k * (exponent + 1.0) - n) * base[1 : n + 1], found[n - 1 :: -1]) / (n * base[0])
    return found


def derived(series: Series) -> Series:
    """The derivative, with a zero at the end."""
    return np.append(series[1:] * np.arange(1, ORDERS), 0.0)


def integrated(series: Series, start: float) -> Series:
    """The integral that is `start` at 0."""
    return np.append(start, series[:-1] / np.arange(1, ORDERS))


def solved(u: Series, start: complex, rate: Callable[[Series], Series]) -> Series:
    """y with y(0) = start and y' = rate(y) u'."""
    found = constant(start)
    rises = derived(u)
    for n in range(1, ORDERS):
        found[n] = np.dot(rate(found)[n - 1 :: -1], rises[:n]) / n
    return found


# ---- series of f(u), from that of u and the value of f(u) at 0


def exp(u: Series, start: float) -> Series:
    """exp(u)."""
    return solved(u, start, lambda y: y)


def expm1(u: Series, start: float) -> Series:
    """exp(u) - 1."""
    return solved(u, start, lambda y: y + constant(1.0))


def tanh(u: Series, start: float) -> Series:
    """tanh(u)."""
    return solved(u, start, lambda y: constant(1.0) - times(y, y))


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


def switch(above: float, otherwise: float, is_slope: bool = False) -> Callable[[Series, float], Series]:
    """A function that is a constant on each side of 0, or a multiple of u."""

    def series(u: Series, start: float) -> Series:
        side = above if is_above(u[0]) else otherwise
        return side * u if is_slope else constant(side)

    return series


def is_above(left: float, right: float = 0.0) -> bool:
    """Whether left > right at x = 0, and near 0 as well.

    Raises:
        NoSeriesError: if they are equal, or nearly: the switch may be at 0 itself.
    """
    if abs(left - right) < 1e-6:
        raise NoSeriesError
    return left > right
