"""Formulas whose parts overflow or vanish long before the whole does, drawn from a grammar.

    formula = product | product "+" product | "(" product "+" product ")" "/" power
    product = part | part "*" part | part "/" power | part "*" part "/" power
    part    = power, or one of BOUNDED, GROWING and DECAYING

with drawn parameters a from 0.3 to 3 and b from 3 to 5: what decays does so faster than anything grows.
"""

import random

from drawing import different

POWERS = ("x", "x**2", "x**3", "abs(x)", "abs(x)**0.5", "abs(x)**1.5")
BOUNDED = ("tanh({a}*x)", "sigmoid({a}*x)", "erf({a}*x)", "arctan({a}*x)", "normal_cdf({a}*x)", "sin(x)", "cos(x)")
GROWING = ("exp({a}*x)", "cosh({a}*x)", "(exp({a}*x) - 1)", "softplus({a}*x)", "exp({a}*abs(x))")
DECAYING = ("exp(-{b}*x**2)", "exp(-{b}*abs(x))", "1/cosh({b}*x)", "exp(-{b}*sqrt(1 + x**2))", "1/(1 + x**2)")


def formulas(count: int) -> list[str]:
    """So many different ones, always the same."""
    return different(_drawn, count)


def _drawn(draw: random.Random) -> str:
    kind = draw.random()
    if kind < 0.35:
        return _product(draw)
    both = f"{_product(draw)} + {_product(draw)}"
    return both if kind < 0.7 else f"({both})/{draw.choice(POWERS)}"


def _product(draw: random.Random) -> str:
    text = "*".join(_part(draw) for _ in range(draw.choice((1, 2))))
    return f"{text}/{draw.choice(POWERS)}" if draw.random() < 0.4 else text


def _part(draw: random.Random) -> str:
    texts = draw.choice((POWERS, BOUNDED, GROWING, DECAYING))
    return draw.choice(texts).format(a=round(draw.uniform(0.3, 3.0), 2), b=round(draw.uniform(3.0, 5.0), 2))
