"""Formulas that are written as 0 / 0 at x = 0 and have a limit there, drawn from a grammar.

    formula    = quotient | quotient "*" regular | quotient "+" regular
    quotient   = "(" vanishing ")" "/" "(" vanishing ")", the numerator of no lower order at 0 than the denominator
    vanishing  = one of VANISHING, of order 1, 2 or 3 at 0
    regular    = one of REGULAR

with a drawn parameter a of either sign and p above 0, both no larger than 2.5, so that no function has another zero or
its end for |x| <= 1.
"""

import random

from drawing import different

VANISHING = {
    1: (
        *("x", "sin({a}*x)", "tanh({a}*x)", "exp({a}*x) - 1", "arctan({a}*x)", "asinh({a}*x)", "erf({a}*x)"),
        *("sigmoid({a}*x) - 0.5", "softplus({a}*x) - log(2)", "log(1 + 0.3*{a}*x)", "exp({a}*x) - exp(-x*{a})"),
    ),
    2: (
        *("x**2", "1 - cos({a}*x)", "cosh({a}*x) - 1", "exp(-{a}*x**2) - 1", "log(1 + {p}*x**2)", "log(cosh({a}*x))"),
        *("sqrt(1 + {p}*x**2) - 1", "x*sin({a}*x)", "tanh({a}*x)**2"),
    ),
    3: ("x**3", "x - sin(x)", "x - tanh(x)", "arctan(x) - x", "x*(1 - cos({a}*x))", "sin({a}*x)*log(1 + {p}*x**2)"),
}
REGULAR = ("exp({a}*x)", "cos({a}*x)", "sigmoid({a}*x)", "(1 + x**2)", "(2 + tanh({a}*x))", "sinc({a}*x)")


def formulas(count: int) -> list[str]:
    """So many different ones, always the same."""
    return different(_drawn, count)


def _drawn(draw: random.Random) -> str:
    below = draw.choice((1, 1, 2, 2, 3))
    above = draw.choice([order for order in (1, 2, 3) if order >= below])
    text = f"({_filled(draw, VANISHING[above])})/({_filled(draw, VANISHING[below])})"
    kind = draw.random()
    if kind < 0.25:
        return f"{text}*{_filled(draw, REGULAR)}"
    return f"{text} + {_filled(draw, REGULAR)}" if kind < 0.5 else text


def _filled(draw: random.Random, texts: tuple[str, ...]) -> str:
    size = round(draw.uniform(0.3, 2.5), 2)
    return draw.choice(texts).format(a=draw.choice((size, -size)), p=size)
