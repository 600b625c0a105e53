"""What the functions of the grammar mean: arguments, value in float64, value in mpmath, LaTeX.

How they are computed for tensors, and their derivatives, say the equal keys of `authoring.formula.computations`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

CONSTANTS = MappingProxyType({"pi": math.pi, "e": math.e})

# Beyond these bounds the functions are constant to 340 digits; mpmath takes seconds there, or has no such number.
_LOWEST_EXPONENT, _LARGEST_TANH, _LARGEST_ERF, _LARGEST_CDF = -1e6, 400.0, 28.0, 40.0


@dataclass(frozen=True)
class Meaning:
    """One function.

    Args:
        value: in float64, of constants.
        exact: in mpmath; its first argument is the context `mp`.
        latex: its name in LaTeX; or how it is spelled out, as a formula of u, v and w.
        arity: number of arguments. The first one of `where` is a comparison.
    """

    value: Callable[..., float]
    exact: Callable[..., Any]
    latex: str
    arity: int = 1


def _exp(mp: Any, u: Any) -> Any:
    return mp.zero if u < _LOWEST_EXPONENT else mp.exp(u)


def _tanh(mp: Any, u: Any) -> Any:
    return mp.tanh(u) if abs(u) < _LARGEST_TANH else mp.sign(u)


def _erf(mp: Any, u: Any) -> Any:
    return mp.erf(u) if abs(u) < _LARGEST_ERF else mp.sign(u)


def _erfc(mp: Any, u: Any) -> Any:
    return mp.erfc(u) if abs(u) < _LARGEST_ERF else 1 - mp.sign(u)


def _normal_cdf(mp: Any, u: Any) -> Any:
    return mp.erfc(-u / mp.sqrt(2)) / 2 if abs(u) < _LARGEST_CDF else mp.mpf(u > 0)


def _softplus(value: float) -> float:
    return max(value, 0.0) + math.log1p(math.exp(-abs(value)))


def _sinc(value: float) -> float:
    return math.sin(math.pi * value) / (math.pi * value) if value else 1.0


_MINIMUM = Meaning(min, lambda mp, u, v: min(u, v), r"\min", arity=2)
_MAXIMUM = Meaning(max, lambda mp, u, v: max(u, v), r"\max", arity=2)

FUNCTIONS: Mapping[str, Meaning] = {
    "exp": Meaning(math.exp, _exp, "e**u"),
    "expm1": Meaning(math.expm1, lambda mp, u: mp.expm1(u), "e**u - 1"),
    "log": Meaning(math.log, lambda mp, u: mp.log(u), r"\log"),
    "log1p": Meaning(math.log1p, lambda mp, u: mp.log1p(u), "log(1 + u)"),
    "sqrt": Meaning(math.sqrt, lambda mp, u: mp.sqrt(u), r"\sqrt"),
    "abs": Meaning(abs, lambda mp, u: abs(u), "|"),
    "sign": Meaning(lambda u: math.copysign(1.0, u) if u else 0.0, lambda mp, u: mp.sign(u), r"\mathrm{sign}"),
    "heaviside": Meaning(lambda u: float(u > 0.0), lambda mp, u: mp.mpf(u > 0), r"\mathrm{H}"),
    "relu": Meaning(lambda u: max(u, 0.0), lambda mp, u: max(u, mp.zero), "max(u, 0)"),
    "sin": Meaning(math.sin, lambda mp, u: mp.sin(u), r"\sin"),
    "sinc": Meaning(_sinc, lambda mp, u: mp.sincpi(u), r"\mathrm{sinc}"),
    "cos": Meaning(math.cos, lambda mp, u: mp.cos(u), r"\cos"),
    "tanh": Meaning(math.tanh, _tanh, r"\tanh"),
    "sinh": Meaning(math.sinh, lambda mp, u: (_exp(mp, u) - _exp(mp, -u)) / 2, r"\sinh"),
    "cosh": Meaning(math.cosh, lambda mp, u: (_exp(mp, u) + _exp(mp, -u)) / 2, r"\cosh"),
    "sech": Meaning(lambda u: 1.0 / math.cosh(u), lambda mp, u: 2 / (_exp(mp, u) + _exp(mp, -u)), r"\mathrm{sech}"),
    "log_cosh": Meaning(
        lambda u: abs(u) + math.log1p(math.exp(-2.0 * abs(u))) - math.log(2.0),
        lambda mp, u: mp.log((_exp(mp, u) + _exp(mp, -u)) / 2),
        "log(cosh(u))",
    ),
    "arctan": Meaning(math.atan, lambda mp, u: mp.atan(u), r"\arctan"),
    "asinh": Meaning(math.asinh, lambda mp, u: mp.asinh(u), r"\mathrm{asinh}"),
    "sigmoid": Meaning(lambda u: 0.5 + 0.5 * math.tanh(0.5 * u), lambda mp, u: 1 / (1 + _exp(mp, -u)), r"\sigma"),
    "softplus": Meaning(_softplus, lambda mp, u: mp.log1p(_exp(mp, u)), "log(1 + e**u)"),
    "erf": Meaning(math.erf, _erf, r"\mathrm{erf}"),
    "erfc": Meaning(math.erfc, _erfc, r"\mathrm{erfc}"),
    "normal_cdf": Meaning(lambda u: 0.5 * math.erfc(-u / math.sqrt(2.0)), _normal_cdf, r"\Phi"),
    "gaussian": Meaning(lambda u: math.exp(-u * u), lambda mp, u: _exp(mp, -u * u), "e**(-u**2)"),
    "min": _MINIMUM,
    "max": _MAXIMUM,
    "minimum": _MINIMUM,
    "maximum": _MAXIMUM,
    "clip": Meaning(
        lambda u, low, high: min(max(u, low), high),
        lambda mp, u, low, high: min(max(u, low), high),
        "min(max(u, v), w)",
        arity=3,
    ),
    "where": Meaning(lambda c, u, v: u if c else v, lambda mp, c, u, v: u if c else v, "", arity=3),
}
