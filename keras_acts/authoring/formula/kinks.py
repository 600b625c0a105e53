"""Where the derivative of a formula may jump."""

from collections.abc import Callable, Iterator

import numpy as np

from keras_acts.authoring.formula.canonical import apply
from keras_acts.authoring.formula.evaluating import evaluate
from keras_acts.authoring.formula.expression import Call, Expression, Sum, Variable
from keras_acts.core import operations as ops

_GRID = np.concatenate([-np.geomspace(1e3, 1e-3, 2000), [0.0], np.geomspace(1e-3, 1e3, 2000)])


def kinks(expression: Expression) -> tuple[float, ...]:
    """The zeros of everything that switches between two branches, sorted; for other than straight lines, those between
    -1000 and 1000.
    """
    switches = set(_switches(expression, set()))
    return tuple(sorted({zero for switch in switches for zero in _zeros(switch)}))


def _switches(expression: Expression, seen: set[Expression]) -> Iterator[Expression]:
    if expression in seen:
        return
    seen.add(expression)
    if isinstance(expression, Call):
        if expression.name in ("abs", "sign", "relu", "heaviside"):
            yield expression.arguments[0]
        if expression.name in ("maximum", "minimum", "<", "<="):
            yield apply("-", *expression.arguments)
    for child in expression.children:
        yield from _switches(child, seen)


def _zeros(switch: Expression) -> list[float]:
    match switch:
        case Variable():
            return [0.0]
        case Sum(terms=((Variable(), slope),)):
            return [-switch.constant / slope + 0.0]
    if not switch.variables:
        return []

    def value(x: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(evaluate(switch, {"x": ops.convert_to_tensor(x, dtype="float64")}))

    at = value(_GRID)
    zeros = [float(x) for x in _GRID[at == 0.0]]
    for index in np.flatnonzero(np.sign(at[:-1]) * np.sign(at[1:]) < 0.0):
        low, high, sign = _GRID[index], _GRID[index + 1], np.sign(at[index])
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if np.sign(value(np.array([middle]))[0]) == sign else (low, middle)
        near = [round(float(middle), 9), float(low), float(high)]
        zeros.append(min(near, key=lambda x: abs(value(np.array([x]))[0])))
    # A row of zeros is a flat piece: only its ends are kinks.
    return [zero for zero in zeros if not _is_flat(value, zero)]


def _is_flat(value: Callable[[np.ndarray], np.ndarray], zero: float) -> bool:
    gap = 1e-6 * max(1.0, abs(zero))
    return bool(np.all(value(np.array([zero - gap, zero + gap])) == 0.0))
