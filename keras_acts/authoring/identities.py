"""Identities that make an expression simpler or spare it a cancellation: log(1 + exp(u)) is softplus(u), and so on."""

import math

from keras_acts.authoring import algebra
from keras_acts.authoring.algebra import ONE, add, call, multiply, number, plain_sum, power, scale
from keras_acts.authoring.expression import Call, Expression, Number, Product, Sum

Terms = dict[Expression, float]
ROOT_HALF = math.sqrt(0.5)


def _is(expression: Expression, name: str) -> bool:
    return isinstance(expression, Call) and expression.name == name


def _without(terms: Terms, *gone: Expression) -> Terms:
    return {term: coefficient for term, coefficient in terms.items() if term not in gone}


# ---- sums ------------------------------------------------------------------------------------------------------------


def _shifted(function: str, exponent: float, u: Expression, shift: float) -> Expression | None:
    """function(u) ** exponent + shift, where that is a function without a cancellation."""
    half, double = scale(0.5, u), scale(2.0, u)
    match function, exponent, shift:
        case "sigmoid", 1.0, -1.0:
            return scale(-1.0, call("sigmoid", scale(-1.0, u)))
        case "sigmoid", 1.0, -0.5:
            return scale(0.5, call("tanh", half))
        case "tanh", 1.0, (1.0 | -1.0):
            return scale(2.0 * shift, call("sigmoid", scale(shift, double)))
        case "erf", 1.0, (1.0 | -1.0):
            return scale(2.0 * shift, call("normal_cdf", scale(shift * math.sqrt(2.0), u)))
        case "normal_cdf", 1.0, -1.0:
            return scale(-1.0, call("normal_cdf", scale(-1.0, u)))
        case "normal_cdf", 1.0, -0.5:
            return scale(0.5, call("erf", scale(ROOT_HALF, u)))
        case "exp", 1.0, -1.0:
            return call("expm1", u)
        case "expm1", 1.0, 1.0:
            return call("exp", u)
        case "cos", 1.0, -1.0:
            return scale(-2.0, power(call("sin", half), 2.0))
        case "cos", 1.0, 1.0:
            return scale(2.0, power(call("cos", half), 2.0))
        case "sin", 1.0, (1.0 | -1.0):
            return scale(shift, power(add(call("sin", half), scale(shift, call("cos", half))), 2.0))
        case "cosh", 1.0, -1.0:
            return scale(2.0, power(call("sinh", half), 2.0))
        case (("tanh" | "sech" | "sin" | "cos"), 2.0, -1.0):
            other = {"tanh": "sech", "sech": "tanh", "sin": "cos", "cos": "sin"}[function]
            return scale(-1.0, power(call(other, u), 2.0))
        case "cosh", 2.0, -1.0:
            return power(call("sinh", u), 2.0)
        case _:
            return None


def _shift(constant: float, terms: Terms) -> Expression | None:
    if not constant:
        return None
    for term, coefficient in terms.items():
        _, ((base, exponent), *others) = algebra.factors_of(term)
        if others or not isinstance(base, Call):
            continue
        found = _shifted(base.name, exponent, base.arguments[0], constant / coefficient)
        if found is not None:
            return add(scale(coefficient, found), plain_sum(0.0, _without(terms, term)))
    return None


def _hyperbolic(constant: float, terms: Terms) -> Expression | None:
    """exp(u) -+ exp(-u)."""
    for term, coefficient in terms.items():
        if not isinstance(term, Call) or term.name != "exp":
            continue
        u = term.arguments[0]
        mirrored = call("exp", scale(-1.0, u))
        other = terms.get(mirrored)
        if other is None or abs(other) != abs(coefficient):
            continue
        name = "cosh" if other == coefficient else "sinh"
        rest = plain_sum(constant, _without(terms, term, mirrored))
        return add(scale(2.0 * coefficient, call(name, u)), rest)
    return None


def _one_denominator(constant: float, terms: Terms) -> Expression | None:
    """Terms over powers of the same sum, over their common denominator: what cancels between them then cancels here."""
    groups: dict[Expression, list[tuple[Expression, float]]] = {}
    for term in terms:
        for base, exponent in algebra.factors_of(term)[1]:
            if isinstance(base, Sum) and (exponent < 0.0 or not exponent.is_integer()):
                groups.setdefault(base, []).append((term, exponent))
    for base, members in groups.items():
        lowest = min(exponent for _, exponent in members)
        gaps = [(term, exponent - lowest) for term, exponent in members]
        joined = [(term, gap) for term, gap in gaps if gap in (0.0, 1.0, 2.0)]
        signs = {terms[term] > 0.0 for term, _ in joined}
        if len(signs) < 2:  # nothing cancels
            continue
        numerators = []
        for term, gap in joined:
            rest = multiply(term, power(base, -lowest - gap), number(terms[term]))
            numerators.append(multiplied_out(expanded(rest, base, int(gap))))
        found = multiply(power(base, lowest), add(*numerators))
        return add(found, plain_sum(constant, _without(terms, *(term for term, _ in joined))))
    return None


def expanded(factor: Expression, total: Expression, times: int) -> Expression:
    """factor * total ** times, multiplied out."""
    if not times:
        return factor
    constant, terms = algebra.terms_of(total)
    parts = [scale(constant, factor), *(multiply(factor, scale(coefficient, term)) for term, coefficient in terms)]
    return add(*(expanded(part, total, times - 1) for part in parts))


_MOST_TERMS = 64


def multiplied_out(expression: Expression) -> Expression:
    """The expression without products of sums, unless that makes too many terms."""
    if isinstance(expression, Sum):
        parts = [scale(factor, multiplied_out(term)) for term, factor in expression.terms]
        return add(number(expression.constant), *parts)
    if not isinstance(expression, Product):
        return expression
    sums = {base: n for base, n in expression.factors if isinstance(base, Sum) and n in (1.0, 2.0)}
    if not sums or math.prod(len(base.children) + 1 for base, n in sums.items() for _ in range(int(n))) > _MOST_TERMS:
        return expression
    rest = tuple((base, n) for base, n in expression.factors if base not in sums)
    found: Expression = Product(expression.coefficient, rest) if rest else number(expression.coefficient)
    for base, n in sums.items():
        found = expanded(found, base, int(n))
    return found


def _common_decay(constant: float, terms: Terms) -> Expression | None:
    """An exponential that all terms share is computed once, and no term is lost before the others."""
    if constant or len(terms) < 2:
        return None
    shared: Terms | None = None
    for term in terms:
        own = {
            base: exponent
            for base, exponent in algebra.factors_of(term)[1]
            if (_is(base, "exp") or _is(base, "sech")) and exponent > 0.0
        }
        shared = own if shared is None else {b: min(e, own[b]) for b, e in shared.items() if b in own}
    if not shared:
        return None
    factor = multiply(*(power(base, exponent) for base, exponent in shared.items()))
    inverse = multiply(*(power(base, -exponent) for base, exponent in shared.items()))
    return multiply(factor, add(*(multiply(term, inverse, number(coefficient)) for term, coefficient in terms.items())))


algebra.SUM_RULES += [
    _shift,
    _hyperbolic,
    _one_denominator,
    _common_decay,
]


# ---- products --------------------------------------------------------------------------------------------------------


def _rebuilt(coefficient: float, factors: Terms, gone: tuple[Expression, ...], *instead: Expression) -> Expression:
    kept = tuple(_without(factors, *gone).items())
    rest = Product(coefficient, kept) if kept else number(coefficient)
    return multiply(rest, *instead)


def _exponentials(coefficient: float, factors: Terms) -> Expression | None:
    """One exponential in all; and exp(-u) sigmoid(u) = sigmoid(-u)."""
    found = [base for base in factors if _is(base, "exp")]
    if not found:
        return None
    exponent = add(*(scale(factors[base], base.children[0]) for base in found))
    for base, n in factors.items():
        if _is(base, "sech") and n > 0.0:  # exp(u) sech(u) = 2 sigmoid(2 u)
            u = base.children[0]
            for sign in (1.0, -1.0):
                if exponent == scale(sign * n, u):
                    gate = scale(2.0, call("sigmoid", scale(2.0 * sign, u)))
                    return _rebuilt(coefficient, factors, (*found, base), power(gate, n))
    for base, n in factors.items():
        if _is(base, "sigmoid") and exponent == scale(-n, base.children[0]):
            flipped = power(call("sigmoid", scale(-1.0, base.children[0])), n)
            return _rebuilt(coefficient, factors, (*found, base), flipped)
    if len(found) == 1 and factors[found[0]] == 1.0:
        return None
    return _rebuilt(coefficient, factors, tuple(found), call("exp", exponent))


def _one_plus_exponential(coefficient: float, factors: Terms) -> Expression | None:
    """1 / (1 + exp(u)) = sigmoid(-u)."""
    for base, exponent in factors.items():
        if exponent < 0.0 and isinstance(base, Sum) and base.constant == 1.0 and len(base.terms) == 1:
            ((term, weight),) = base.terms
            if _is(term, "exp") and weight > 0.0:
                u = add(term.children[0], number(math.log(weight)))
                gate = power(call("sigmoid", scale(-1.0, u)), -exponent)
                return _rebuilt(coefficient, factors, (base,), gate)
    return None


def _signs(coefficient: float, factors: Terms) -> Expression | None:
    """sign(u) u = |u|; |u|^2 = u^2; step(u) u = relu(u); relu(u)^p u = relu(u)^(p + 1)."""
    for base, exponent in factors.items():
        if not isinstance(base, Call) or base.name not in ("abs", "sign", "step", "relu"):
            continue
        u = base.arguments[0]
        size = call("abs", u)
        if base.name == "abs" and exponent % 2.0 == 0.0:
            return _rebuilt(coefficient, factors, (base,), power(u, exponent))
        if base.name == "sign" and exponent != 1.0:
            return _rebuilt(coefficient, factors, (base,), base if exponent % 2.0 else ONE)
        if base.name == "sign" and u in factors:
            return _rebuilt(coefficient, factors, (base, u), size, power(u, factors[u] - 1.0))
        if base.name == "sign" and size in factors:
            return _rebuilt(coefficient, factors, (base, size), u, power(size, factors[size] - 1.0))
        if base.name == "step" and exponent != 1.0:
            return _rebuilt(coefficient, factors, (base,), base)
        if base.name == "step" and factors.get(call("relu", u), 0.0) > 0.0:
            return _rebuilt(coefficient, factors, (base,))
        if base.name in ("step", "relu") and factors.get(u, 0.0) >= 1.0:
            own = exponent if base.name == "relu" else 0.0
            return _rebuilt(coefficient, factors, (base, u), power(call("relu", u), factors[u] + own))
    return None


def _quotients(coefficient: float, factors: Terms) -> Expression | None:
    """1 / cosh = sech; sinh / cosh = tanh; (exp(w) - 1) / (exp(w) + 1) = tanh(w / 2); sigmoid(w) sigmoid(-w)."""
    for base, exponent in factors.items():
        if not isinstance(base, Call):
            continue
        u = base.arguments[0]
        if base.name == "cosh" and exponent < 0.0:
            return _rebuilt(coefficient, factors, (base,), power(call("sech", u), -exponent))
        sech, gate = call("sech", u), call("sigmoid", scale(-1.0, u))
        if base.name == "sinh" and exponent == factors.get(sech):
            return _rebuilt(coefficient, factors, (base, sech), power(call("tanh", u), exponent))
        wave = call("cos", u)
        if base.name == "sin" and exponent == 1.0 and factors.get(wave) == 1.0:
            return _rebuilt(coefficient, factors, (base, wave), scale(0.5, call("sin", scale(2.0, u))))
        mirrored = factors.get(gate, 0.0)
        if base.name == "sigmoid" and exponent > 0.0 and mirrored > 0.0:
            n = min(exponent, mirrored)
            slope = scale(0.25, power(call("sech", scale(0.5, u)), 2.0))
            rest = power(base, exponent - n), power(gate, mirrored - n)
            return _rebuilt(coefficient, factors, (base, gate), power(slope, n), *rest)
        if base.name == "expm1" and exponent == factors.get(gate):
            return _rebuilt(coefficient, factors, (base, gate), power(call("tanh", scale(0.5, u)), exponent))
    return None


algebra.PRODUCT_RULES += [_exponentials, _one_plus_exponential, _signs, _quotients]


# ---- functions -------------------------------------------------------------------------------------------------------


def _is_negative(u: Expression) -> bool:
    """Whether -u is the canonical form."""
    if isinstance(u, Product) and u.coefficient < 0.0:
        return True
    return isinstance(u, Sum) and u.terms[0][1] < 0.0


def _odd(name: str) -> None:
    def rule(u: Expression) -> Expression | None:
        return scale(-1.0, call(name, scale(-1.0, u))) if _is_negative(u) else None

    algebra.CALL_RULES[name] = rule


def _even(name: str) -> None:
    def rule(u: Expression) -> Expression | None:
        return call(name, scale(-1.0, u)) if _is_negative(u) else None

    algebra.CALL_RULES[name] = rule


for _name in ("tanh", "sinh", "arctan", "asinh", "erf", "sin", "sign"):
    _odd(_name)
for _name in ("cosh", "sech", "cos", "log_cosh"):
    _even(_name)


def _exp(u: Expression) -> Expression | None:
    coefficient, factors = algebra.factors_of(u)
    match list(factors):
        case [(Call(name="log", arguments=(inner,)), 1.0)]:
            return power(inner, coefficient)
        case [(Call(name="log1p", arguments=(inner,)), 1.0)]:
            return power(add(ONE, inner), coefficient)
        case [(Call(name="softplus", arguments=(inner,)), 1.0)]:
            return power(add(ONE, call("exp", inner)), coefficient)
    return None


def _log(u: Expression) -> Expression | None:
    match u:
        case Call(name="exp", arguments=(inner,)):
            return inner
        case Call(name="sigmoid", arguments=(inner,)):
            return scale(-1.0, call("softplus", scale(-1.0, inner)))
        case Call(name="cosh", arguments=(inner,)):
            return call("log_cosh", inner)
        case Call(name="normal_cdf", arguments=(inner,)):
            far = call("log1p", scale(-1.0, call("normal_cdf", scale(-1.0, inner))))
            return call("where", call("<", inner, number(0.0)), Call("log", (u,)), far)
        case Product(coefficient=2.0, factors=((Call(name=("sigmoid" | "normal_cdf") as name, arguments=(v,)), 1.0),)):
            # Twice a step is 1 where the step is steepest: there as log(1 + tanh) or log(1 + erf).
            odd = call("tanh", scale(0.5, v)) if name == "sigmoid" else call("erf", scale(ROOT_HALF, v))
            far = add(number(math.log(2.0)), call("log", call(name, v)))
            return call("where", call("<", number(-1.0), v), call("log1p", odd), far)
        case Sum(constant=1.0):
            return call("log1p", plain_sum(0.0, dict(u.terms)))
        case Product(coefficient=1.0, factors=((base, exponent),)) if algebra.is_nonnegative(base):
            return scale(exponent, call("log", base))
        case Product(coefficient=1.0, factors=((base, exponent),)) if exponent % 2.0 == 0.0:
            return scale(exponent, call("log", call("abs", base)))
    return None


def _log1p(u: Expression) -> Expression | None:
    coefficient, factors = algebra.factors_of(u)
    match list(factors):
        case [(Call(name="exp", arguments=(inner,)), 1.0)] if coefficient > 0.0:
            return call("softplus", add(inner, number(math.log(coefficient))))
        case [(Call(name="sigmoid", arguments=(inner,)), 1.0)] if coefficient == -1.0:
            return scale(-1.0, call("softplus", inner))
        case [(Call(name="expm1", arguments=(inner,)), 1.0)] if coefficient == 1.0:
            return inner
    return None


def _abs(u: Expression) -> Expression | None:
    if algebra.is_nonnegative(u):
        return u
    if isinstance(u, Product) and u.coefficient != 1.0:
        return scale(abs(u.coefficient), call("abs", scale(1.0 / u.coefficient, u)))
    return call("abs", scale(-1.0, u)) if _is_negative(u) else None


def _relu(u: Expression) -> Expression | None:
    if algebra.is_nonnegative(u):
        return u
    if isinstance(u, Product) and abs(u.coefficient) != 1.0:
        size = abs(u.coefficient)
        return scale(size, call("relu", scale(1.0 / size, u)))
    return None


_RISING_THROUGH_ZERO = frozenset({"expm1", "tanh", "sinh", "arctan", "asinh", "erf"})


def signed_alike(u: Expression) -> Expression:
    """The simplest expression with the same sign: a small factor could make 0 of a tiny number."""
    coefficient, factors = algebra.factors_of(u)
    match list(factors):
        case [(Call(name=name, arguments=(inner,)), 1.0)] if name in _RISING_THROUGH_ZERO:
            return signed_alike(scale(math.copysign(1.0, coefficient), inner))
    return scale(1.0 / abs(coefficient), u) if isinstance(u, Product) and abs(coefficient) != 1.0 else u


def _step(u: Expression) -> Expression | None:
    simpler = signed_alike(u)
    return None if simpler == u else call("step", simpler)


def _maximum(a: Expression, b: Expression) -> Expression | None:
    if a == b:
        return a
    if a == scale(-1.0, b):
        return call("abs", a)
    if isinstance(a, Number) and a.value == 0.0:
        return call("relu", b)
    return call("relu", a) if isinstance(b, Number) and b.value == 0.0 else None


def _minimum(a: Expression, b: Expression) -> Expression | None:
    if a == b:
        return a
    if Number(0.0) in (a, b):
        return scale(-1.0, call("maximum", scale(-1.0, a), scale(-1.0, b)))
    return None


def _less(a: Expression, b: Expression) -> Expression | None:
    """a < b as 0 < b - a, so that it is as right at +-inf as elsewhere; and 0 < 6 - relu(u) as 0 < 6 - u."""
    if a != number(0.0):
        return call("<", number(0.0), add(b, scale(-1.0, a)))
    match b:
        case Sum(constant=c, terms=((Call(name="relu", arguments=(u,)), factor),)) if c > 0.0 > factor:
            return call("<", a, add(number(c), scale(factor, u)))
    simpler = signed_alike(b)
    return None if simpler == b else call("<", a, simpler)


def _where(condition: Expression, a: Expression, b: Expression) -> Expression | None:
    if isinstance(condition, Number):
        return a if condition.value else b
    return a if a == b else None


def _power(base: Expression, exponent: Expression) -> Expression | None:
    if isinstance(exponent, Number):
        return power(base, exponent.value)
    if isinstance(base, Number) and base.value > 0.0:
        return call("exp", scale(math.log(base.value), exponent))
    if _is(base, "exp"):
        return call("exp", multiply(base.children[0], exponent))
    return None


algebra.CALL_RULES["<"] = _less
algebra.CALL_RULES.update(
    exp=_exp,
    log=_log,
    log1p=_log1p,
    abs=_abs,
    relu=_relu,
    step=_step,
    maximum=_maximum,
    minimum=_minimum,
    where=_where,
    power=_power,
)
