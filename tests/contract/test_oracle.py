"""The judge where it is hard: a wave within a step of its differences, and numbers that overflow."""

import numpy as np
import pytest
from mpmath import mp

from keras_acts.testing import metric, oracle
from keras_acts.testing.metric import Exact

LARGEST = float(np.finfo(np.float32).max)


@pytest.mark.parametrize("x", [3.7, 1.1e9, -2.3e20, 6.1e150])
def test_derivatives_of_a_wave_that_turns_within_a_step(x):
    """sin(x^2) at x = 10^20 turns 10^20 times while x grows by 1, and the step is 2^-60 of that."""
    found = oracle.derivatives(lambda x: mp.sin(x * x), np.array([x]))
    with mp.workprec(3000):
        angle, rate = mp.mpf(x) ** 2, 2 * mp.mpf(x)
        right = [mp.sin(angle), rate * mp.cos(angle), 2 * mp.cos(angle) - rate**2 * mp.sin(angle)]
    np.testing.assert_allclose(found.head[:3, 0], np.array([float(each) for each in right]), rtol=1e-14)


def test_a_step_of_one_size_for_all_bites(monkeypatch):
    monkeypatch.setattr(oracle, "_waves", lambda *_: False)
    found = oracle.derivatives(lambda x: mp.sin(x * x), np.array([-2.3e20]))
    assert abs(found.head[1, 0]) < 1e19  # at most 1 / step


@pytest.mark.parametrize(
    ("got", "slope", "is_right"),
    [
        (np.inf, 1e32, True),  # rounding x moves the result by 1e25 eps times the largest number
        (-np.inf, 1e32, True),
        (np.inf, 1e3, False),
        (np.nan, 1e32, False),
    ],
)
def test_an_infinity_is_as_good_as_the_largest_number_where_rounding_x_moves_the_result_by_more(got, slope, is_right):
    x = np.array([1e20])
    exact = Exact(np.array([[0.5 * LARGEST], [slope]]), np.zeros((2, 1)))
    k = metric.k_error(np.float32([got]), exact, 0, x, "float32")
    assert (k[0] <= 4.0) == is_right
