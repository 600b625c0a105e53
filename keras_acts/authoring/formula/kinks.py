"""Where the derivative of a formula may jump."""

import numpy as np

from keras_acts.authoring.formula.evaluating import evaluate
from keras_acts.authoring.formula.expression import Expression, Sum, Variable
from keras_acts.authoring.formula.power_series import switches
from keras_acts.core import operations as ops

_GRID = np.concatenate([-np.geomspace(1e3, 1e-3, 2000), [0.0], np.geomspace(1e-3, 1e3, 2000)])


def kinks(expression: Expression) -> tuple[float, ...]:
    """The zeros of everything that switches between two branches, sorted; for other than straight lines, those between
    -1000 and 1000.
    """
    return tuple(sorted({zero for switch in set(switches(expression)) for zero in zeros_of(switch)}))


def zeros_of(switch: Expression) -> list[float]:
    """Those of a straight line, or between -1000 and 1000 of anything else."""
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
    before = np.flatnonzero(np.sign(at[:-1]) * np.sign(at[1:]) < 0.0)
    low, high, sign = _GRID[before], _GRID[before + 1], np.sign(at[before])
    for _ in range(60 if len(before) else 0):
        middle = 0.5 * (low + high)
        is_low = np.sign(value(middle)) == sign
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
    near = np.stack([np.round(low, 9), low, high])
    best = np.argmin(np.abs(value(near.ravel()).reshape(near.shape)), axis=0)
    found = np.concatenate([_GRID[at == 0.0], np.take_along_axis(near, best[None], axis=0)[0]])
    # A row of zeros is a flat piece: only its ends are kinks.
    gap = 1e-6 * np.maximum(1.0, np.abs(found))
    is_flat = (value(found - gap) == 0.0) & (value(found + gap) == 0.0)
    return found[~is_flat].tolist()
