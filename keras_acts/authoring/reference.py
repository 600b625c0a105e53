"""The formula as it was written, in mpmath: the judge of what `define` made of it. Needs mpmath (the `test` extra)."""

from collections.abc import Callable
from typing import Any

from keras_acts.authoring.syntax import VARIABLE, Syntax

# Beyond these bounds the functions are constant to 340 digits; mpmath takes seconds there, or has no such number.
_EXP, _TANH, _ERF = 1e6, 400.0, 28.0


def reference(tree: Syntax) -> Callable[..., Any]:
    """`f(x, **params)` for mpmath numbers, straight from the text: nothing is simplified."""
    from mpmath import mp

    def exp(u: Any) -> Any:
        return mp.zero if u < -_EXP else mp.exp(u)

    def tanh(u: Any) -> Any:
        return mp.tanh(u) if abs(u) < _TANH else mp.sign(u)

    def erf(u: Any) -> Any:
        return mp.erf(u) if abs(u) < _ERF else mp.sign(u)

    meanings: dict[str, Callable[..., Any]] = {
        **{name: getattr(mp, name) for name in ("expm1", "log", "log1p", "sqrt", "sign", "sin", "cos", "asinh")},
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "**": lambda a, b: a**b,
        "negative": lambda a: -a,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "exp": exp,
        "tanh": tanh,
        "erf": erf,
        "erfc": lambda u: mp.erfc(u) if abs(u) < _ERF else 1 - mp.sign(u),
        "normal_cdf": lambda u: mp.erfc(-u / mp.sqrt(2)) / 2 if abs(u) < 40 else mp.mpf(u > 0),
        "sinh": lambda u: (exp(u) - exp(-u)) / 2,
        "cosh": lambda u: (exp(u) + exp(-u)) / 2,
        "sech": lambda u: 2 / (exp(u) + exp(-u)),
        "sigmoid": lambda u: 1 / (1 + exp(-u)),
        "softplus": lambda u: mp.log1p(exp(u)),
        "gaussian": lambda u: exp(-u * u),
        "arctan": mp.atan,
        "abs": abs,
        "relu": lambda u: max(u, mp.zero),
        **dict.fromkeys(("min", "minimum"), min),
        **dict.fromkeys(("max", "maximum"), max),
    }

    def value(node: Syntax, values: dict[str, Any]) -> Any:
        if node.name == "number":
            return mp.mpf(node.value)
        if node.name == "name":
            return values[node.identifier]
        if node.name == "where":  # the other branch may not be defined
            condition, a, b = node.arguments
            return value(a if value(condition, values) else b, values)
        return meanings[node.name](*(value(argument, values) for argument in node.arguments))

    def function(x: Any, **params: float) -> Any:
        found = value(tree, {VARIABLE: x, **{name: mp.mpf(given) for name, given in params.items()}})
        return mp.nan if isinstance(found, mp.mpc) else mp.mpf(found)

    return function
