"""Where an activation is zero, turns, bends, jumps and saturates, read off its values and derivatives.

Everything is found on a fine grid first, all at once, and then narrowed down by dividing the cell in which it lies,
also all at once: a jump is as high in a cell of no width, and what only looks like one on the grid is not.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from keras_acts.analysis.elementwise import Activation, Elementwise, evaluate
from keras_acts.analysis.narrowing import Cells, Place, first_change, highest, jumps, largest_jump, narrowed
from keras_acts.core import resolve
from keras_acts.core.params import Trait

__all__ = ["COMPUTED_TRAITS", "Extremum", "Landmarks", "Seam", "landmarks"]

REACH, STEP = 20.0, 0.01
# No node lies at a round number, where a function that was put together changes from one piece to the next.
NEAR = np.arange(-REACH, REACH, STEP) + 0.3819 * STEP
FAR = np.geomspace(REACH + 1.0, 1e300, 200)
X = np.concatenate([-FAR[::-1], NEAR, FAR])
ROUND = np.array([-6.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 6.0])  # where seams mostly are
ORDERS = 3  # seams of higher derivatives are not looked for
MOST, SUSPECTS = 64, 16  # zeros and extrema that are told; cells of the grid looked at for seams, for each derivative
SATURATED = 0.01  # of the largest |f'|
LARGE, UNDERFLOW = 1e30, 1e-200
# What `Landmarks.traits` can say; the other traits are about how a function is written or computed.
COMPUTED_TRAITS = frozenset(Trait) - {Trait.SELF_GATED, Trait.OVER_AXIS, Trait.SINGLE_ROUNDING}


class Extremum(NamedTuple):
    """A local minimum or maximum."""

    x: float
    value: float
    is_maximum: bool


class Seam(NamedTuple):
    """Where two pieces meet: f has `order` continuous derivatives there, -1 where f itself jumps."""

    x: float
    order: int


@dataclass(frozen=True)
class Landmarks:
    """What a curve looks like, to 10 digits.

    Attributes:
        range: the smallest and the largest value.
        limits: towards minus and plus infinity; NaN where there is none.
        zeros: of f, as pairs of ends: `(0.0, 0.0)` is a point, `(-inf, 0.0)` what relu maps to 0. The 64 nearest to 0.
        extrema: local minima and maxima, the 64 nearest to 0; of a surrogate gradient none.
        monotone: "increasing", "decreasing" or None; a constant function is "increasing".
        largest_slope: of |f'|, its supremum.
        seams: points at which a derivative up to the third jumps.
        smoothness: how many continuous derivatives there are everywhere, -1 where f itself jumps; infinite where there
            is no seam.
        saturation: the points beyond which |f'| stays below 1 % of the largest; infinite where it does not;
            None where f' is 0 everywhere.
        traits: the traits of `keras_acts.Trait` that follow.
    """

    range: tuple[float, float]
    limits: tuple[float, float]
    zeros: tuple[tuple[float, float], ...]
    extrema: tuple[Extremum, ...]
    monotone: str | None
    largest_slope: float
    seams: tuple[Seam, ...]
    smoothness: float
    saturation: tuple[float, float] | None
    traits: frozenset[Trait]

    @property
    def smoothness_class(self) -> str:
        """`C^0, kinks at -1, 1`, or `smooth`."""
        if math.isinf(self.smoothness):
            return "smooth"
        order = int(self.smoothness)
        places = [f"{seam.x:.6g}" for seam in self.seams if seam.order == order]
        if not places:
            return f"C^{order} at least"  # there is no further derivative to look at
        one, many = {-1: ("a jump", "jumps"), 0: ("C^0, a kink", "C^0, kinks")}.get(
            order, (f"C^{order}, a seam", f"C^{order}, seams")
        )
        shown = places if len(places) <= 5 else [*places[:4], "..."]
        return f"{one if len(places) == 1 else many} at {', '.join(shown)}"


def landmarks(activation: Activation) -> Landmarks:
    """Range, zeros, extrema, seams and the like of any elementwise function, computed.

    Args:
        activation: a name, a spec string, a callable of one float tensor, or an activation layer, which counts with
            its initial weights.

    Raises:
        ValueError: for an unknown name, an activation over an axis, or one that is NaN at ordinary numbers.
        TypeError: for something that is no activation, or has no derivative.

    Example:
        >>> found = landmarks("soft_shrink")
        >>> found.zeros, found.smoothness_class
        (((-0.5, 0.5),), 'C^0, kinks at -0.5, 0.5')
    """
    measured = Elementwise(activation)
    with np.errstate(all="ignore"):  # what is infinite far out is said
        return _Curve(measured).landmarks()


class _Curve:
    """The values on the grid, and what is found there."""

    def __init__(self, measured: Elementwise) -> None:
        self.function = measured.function
        self.orders, near = self._highest_orders()
        far = self.at(np.concatenate([-FAR[::-1], FAR]), min(self.orders, 1))
        # Near ones of all orders; values and slopes of all.
        self.near = near
        self.value, self.slope = (
            np.concatenate([f[: len(FAR)], n, f[len(FAR) :]]) for f, n in zip(far, near[:2], strict=True)
        )
        bad = np.isnan(near[0])
        if bad.any():
            raise ValueError(
                f"An activation to be analysed must be a number at every x from -{REACH:g} to {REACH:g}. "
                f"Received: '{measured.name}', which is NaN at x={NEAR[bad][0]:.4g}"
            )
        declaration, params = resolve.declaration_of(self.function)
        self.has_surrogate = declaration is not None and declaration.surrogate_at(params) is not None
        self.kinks = np.array(measured.kinks, dtype="float64")
        self.oscillating = any(self._swings(side) for side in (self.slope[: len(FAR)], self.slope[-len(FAR) :]))

    def _highest_orders(self) -> tuple[int, list[np.ndarray]]:
        """As many derivatives as there are: TensorFlow's softsign, for one, has no second."""
        for orders in range(ORDERS, 1, -1):
            try:
                return orders, self.at(NEAR, orders)
            except (LookupError, NotImplementedError):
                continue
        return 1, self.at(NEAR, 1)

    def at(self, x: np.ndarray, orders: int) -> list[np.ndarray]:
        """Values and derivatives at points of any shape."""
        return [each.reshape(np.shape(x)) for each in evaluate(self.function, np.ravel(x), orders)]

    @staticmethod
    def _swings(slope: np.ndarray) -> bool:
        """Whether f' goes up and down for ever."""
        slope = slope[np.isfinite(slope)]
        steps = np.diff(slope)
        steps = steps[np.abs(steps) > 1e-9 * np.abs(slope[1:])]
        return int(np.sum(steps[1:] * steps[:-1] < 0.0)) > 20

    def landmarks(self) -> Landmarks:
        """All of it."""
        largest, limits = self._largest_slope(), tuple(self._limit(side) for side in (-1, 1))
        bound = SATURATED * (largest if math.isfinite(largest) else 1.0)
        steep = np.abs(self.slope) >= bound
        top = int(np.argmax(np.abs(self.near[1])))
        cells = [
            Cells(0, first_change(np.sign), *self._crossings()),
            Cells(0, first_change(lambda v: v == 0.0), *self._cells(np.flatnonzero(np.diff(self.value == 0.0)))),
            Cells(1, first_change(np.sign), *self._turns()),
            Cells(1, first_change(lambda v: np.abs(v) >= bound), *self._cells(self._outermost(steep))),
            Cells(1, highest, NEAR[[max(top - 1, 0)]], NEAR[[min(top + 1, len(NEAR) - 1)]], width=2),
            *(Cells(order, largest_jump, *self._suspects(order)) for order in range(self.orders + 1)),
        ]
        crossings, edges, turns, saturated, peak, *suspects = narrowed(self.at, cells)
        extrema = self._extrema(turns.x)
        seams = self._seams(suspects)
        smoothness: float = min((seam.order for seam in seams), default=math.inf if self.orders == ORDERS else 1)
        if math.isfinite(largest):
            largest = max(largest, float(np.abs(peak.ends).max()))
        reached = [*self.value[np.isfinite(self.value)], *(each.value for each in extrema)]
        reached += [end for end in limits if not math.isnan(end)]
        low, high = min(reached), max(reached)
        reaches = (-math.inf if low < -LARGE else _tidy(low), math.inf if high > LARGE else _tidy(high))
        steps = np.diff(self.value[np.isfinite(self.value)])
        slack = 1e-12 + 1e-13 * np.abs(self.value[np.isfinite(self.value)][1:])
        falls, rises = bool(np.any(steps < -slack)), bool(np.any(steps > slack))
        zeros = self._zeros(crossings, edges, extrema)
        found = Landmarks(
            range=reaches,
            limits=(limits[0], limits[1]),
            zeros=zeros,
            extrema=tuple(extrema),
            monotone="increasing" if not falls else None if rises else "decreasing",
            largest_slope=_tidy(largest),
            seams=tuple(seams),
            smoothness=smoothness,
            saturation=self._saturation(largest, steep, saturated.x),
            traits=frozenset(),
        )
        true = {
            Trait.SMOOTH: math.isinf(smoothness) and not self.has_surrogate,
            Trait.PIECEWISE_LINEAR: self.orders > 1 and not np.any(np.abs(self.near[2]) > 1e-12),
            Trait.MONOTONIC: not falls,
            Trait.NON_MONOTONIC: falls and rises,
            Trait.BOUNDED: all(map(math.isfinite, reaches)),
            Trait.ODD: self._mirrored(-1.0),
            Trait.EVEN: self._mirrored(1.0),
            Trait.SPARSE: any(high > low for low, high in zeros),
            Trait.PERIODIC: self._repeats(extrema),
            Trait.OSCILLATING: self.oscillating,
        }
        return Landmarks(**{**vars(found), "traits": frozenset(trait for trait, is_so in true.items() if is_so)})

    # ---- Cells of the grid -------------------------------------------------------------------------------------------

    def _cells(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return X[indices], X[indices + 1]

    def _within(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The cells nearest to 0; where f swings for ever, no far ones, which hold several."""
        kept = np.flatnonzero((np.maximum(-low, high) <= REACH) | (not self.oscillating))
        kept = np.sort(kept[np.argsort(np.abs(low[kept] + high[kept]), kind="stable")[:MOST]])
        return low[kept], high[kept]

    def _crossings(self) -> tuple[np.ndarray, np.ndarray]:
        signs = np.sign(self.value)
        return self._within(*self._cells(np.flatnonzero(signs[:-1] * signs[1:] < 0.0)))

    def _turns(self) -> tuple[np.ndarray, np.ndarray]:
        """From the last x where f goes one way to the first where it goes the other."""
        if self.has_surrogate:
            return X[:0], X[:0]
        moving = np.flatnonzero(np.nan_to_num(self.slope) != 0.0)
        signs = np.sign(self.slope[moving])
        turning = np.flatnonzero(signs[:-1] != signs[1:])
        return self._within(X[moving[turning]], X[moving[turning + 1]])

    def _outermost(self, steep: np.ndarray) -> np.ndarray:
        """The cells in which |f'| first and last crosses the bound."""
        places = np.flatnonzero(steep)
        if len(places) == 0:
            return places
        return np.array([each for each in (places[0] - 1, places[-1]) if 0 <= each < len(X) - 1], dtype=int)

    def _suspects(self, order: int) -> tuple[np.ndarray, np.ndarray]:
        """Where a derivative changes by more than beside it; around declared kinks, and around round numbers."""
        steps = jumps(self.near[order])
        beside = 0.5 * (np.roll(steps, 1) + np.roll(steps, -1))
        excess = np.nan_to_num(np.abs(steps - beside), nan=0.0, posinf=np.inf)[1:-1]
        worst = 1 + np.argsort(-excess)[:SUSPECTS]
        centres = np.concatenate([self.kinks, ROUND])
        around = 0.7131 * STEP
        return np.concatenate([NEAR[worst], centres - around]), np.concatenate([NEAR[worst + 1], centres + STEP])

    # ---- What they hold ----------------------------------------------------------------------------------------------

    def _largest_slope(self) -> float:
        sizes = np.abs(self.slope[np.isfinite(self.slope)])
        ends = [self._tending(np.abs(self.slope[: len(FAR)])[::-1]), self._tending(np.abs(self.slope[-len(FAR) :]))]
        return max(float(sizes.max(initial=0.0)), *(end for end in ends if not math.isnan(end)), 0.0)

    def _limit(self, side: int) -> float:
        outwards = self.value[: len(FAR)][::-1] if side < 0 else self.value[-len(FAR) :]
        return _tidy(self._tending(outwards))

    def _tending(self, outwards: np.ndarray) -> float:
        """What values further and further out tend to: NaN where they swing for ever, infinity where they go on."""
        outwards = outwards[~np.isnan(outwards)]
        if len(outwards) < 3:
            return math.nan
        before, last = outwards[-2:] if np.isfinite(outwards[-1]) else (0.0, outwards[-1])
        swings = np.sum(np.diff(np.sign(np.diff(outwards[np.isfinite(outwards)]))) != 0) > 20
        if abs(last) > LARGE:
            return math.nan if swings and np.ptp(np.sign(outwards[-20:])) > 0 else math.copysign(math.inf, last)
        if swings and self._swings(outwards):
            return math.nan
        if abs(last - before) <= 1e-6 * (1.0 + abs(last)):
            return float(last)
        return math.copysign(math.inf, last - before)  # such as a logarithm

    def _extrema(self, places: np.ndarray) -> list[Extremum]:
        beside = STEP * np.maximum(1.0, np.abs(places))
        here, left, right = self.at(np.stack([places, places - beside, places + beside]), 0)[0]
        found = []
        for x, value, before, after in zip(places, here, left, right, strict=True):
            slack = 1e-13 * (abs(value) + 1e-3)
            is_maximum = before < value - slack and after < value - slack
            if is_maximum or (before > value + slack and after > value + slack):
                found.append(Extremum(_tidy(x), _tidy(value), bool(is_maximum)))
        return found

    def _seams(self, suspects: list[Place]) -> list[Seam]:
        """Where a jump is left in a cell of no width."""
        found: dict[float, int] = {}
        for order, place in enumerate(suspects[: 1 if self.has_surrogate else None]):
            real = jumps(place.ends.T)[:, 0] > 1e-6 * (np.abs(np.nan_to_num(place.ends)).max(axis=0) + 0.01)
            for x in np.unique([_tidy(each) for each in place.x[real]]):
                if not any(abs(x - other) <= 1e-9 * (1.0 + abs(x)) for other in found):
                    found[float(x)] = order - 1
        return [Seam(x, found[x]) for x in sorted(found)]

    def _zeros(self, crossings: Place, edges: Place, extrema: list[Extremum]) -> tuple[tuple[float, float], ...]:
        ends = np.sort(edges.x)
        if self.value[0] == 0.0:
            ends = np.concatenate([[-np.inf], ends])
        if self.value[-1] == 0.0:
            ends = np.concatenate([ends, [np.inf]])
        runs = [
            (_tidy(low), _tidy(high))
            for low, high in zip(ends[::2], ends[1::2], strict=True)
            if not self._underflows(low, -1.0) and not self._underflows(high, 1.0)
        ]
        points = [_tidy(x) for x in crossings.x[np.abs(crossings.ends).max(axis=0) < 1e-9]]
        points += [each.x for each in extrema if each.value == 0.0]
        alone = {x for x in points if not any(low <= x <= high for low, high in runs)}
        return tuple(sorted([*runs, *((x, x) for x in alone)], key=lambda run: run[1]))

    def _underflows(self, edge: float, outwards: float) -> bool:
        """Whether f is 0 beyond an edge only because float64 has no smaller number."""
        if math.isinf(edge):
            return False
        beside = self.at(np.array([edge + outwards * 1e-6 * (1.0 + abs(edge))]), 0)[0][0]
        return bool(abs(beside) < UNDERFLOW)

    def _saturation(self, largest: float, steep: np.ndarray, ends: np.ndarray) -> tuple[float, float] | None:
        places = [_tidy(x) for x in ends]
        if largest == 0.0:
            return None
        if self.oscillating:
            return -math.inf, math.inf
        low = -math.inf if steep[0] else places.pop(0)
        return low, math.inf if steep[-1] else places.pop()

    def _mirrored(self, sign: float) -> bool:
        opposite = self.at(-NEAR, 0)[0]
        return bool(np.allclose(opposite, sign * self.near[0], rtol=1e-9, atol=1e-12))

    def _repeats(self, extrema: list[Extremum]) -> bool:
        """Whether f repeats itself from one maximum to the next."""
        tops = [each.x for each in extrema if each.is_maximum]
        if len(tops) < 3:
            return False
        later = self.at(NEAR + (tops[1] - tops[0]), 0)[0]
        return bool(np.allclose(later, self.near[0], rtol=1e-7, atol=1e-7))


def _tidy(value: Any) -> float:
    """To 10 digits; and 0 for what is 0 but for rounding."""
    return 0.0 if abs(value) < 1e-13 else float(f"{value:.10g}")
