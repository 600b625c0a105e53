"""Formulas whose parts overflow or vanish where the whole does not: drawn and named ones, up to the largest numbers."""

import far_formulas
import numpy as np
import pytest
import tensorflow as tf
from formulas import judge
from mpmath import mp
from nested_tapes import value_and_derivatives

from keras_acts.authoring import define
from keras_acts.authoring.formula import scaled
from keras_acts.testing import contract, metric, oracle, samples


def points(dtype, draw):
    """Eight numbers of any size above 1, eight where exponentials overflow, and two near the largest, of both signs."""
    end = np.log10(float(samples.finfo(dtype).max))
    often = 3.0 if dtype == "float64" else 2.2
    size = 10.0 ** np.concatenate([draw.uniform(0.0, end, 8), draw.uniform(0.0, often, 8), [end - 0.1, end - 0.001]])
    size[:-2] *= draw.choice([-1.0, 1.0], len(size) - 2)
    return np.append(size, -size[-2:]).astype(dtype)


def findings(text, seed=0, dtypes=samples.DTYPES):
    """What is above its bound, or not a number or 0 where the true value is neither."""

    def precise(x):
        with mp.workprec(4000):
            return judge(text)(x)

    function, found = define(text), []
    for dtype in dtypes:
        x = points(dtype, np.random.default_rng(seed))
        wide = x.astype(np.float64)
        right, got = oracle.derivatives(precise, wide), value_and_derivatives(function, tf.constant(x))
        for order in range(3):
            y = np.asarray(got[order]).astype(np.float64)
            k = metric.k_error(got[order].numpy(), right, order, wide, dtype)
            is_infinite = (order == 0) & np.isinf(right.head[order])  # where K forgives anything, as x f' is as well
            is_wrong = ~(k <= contract.limit(dtype, order)) | (is_infinite & (y != right.head[order]))
            found += [(text, dtype, order, float(wide[i]), float(y[i]), float(k[i])) for i in np.flatnonzero(is_wrong)]
    return found


CANCELLING = (  # terms that are each much larger than their sum: what `accuracy` names, and another matter
    "sigmoid(2.2*x)*cos(x)",
    "arctan(0.33*x)*softplus(2.16*x) + 1/cosh(4.81*x)/x**2",
    "(tanh(1.96*x) + x**2*normal_cdf(2.15*x))/x",
    "(sigmoid(0.82*x)/x**2 + abs(x)*x)/abs(x)",
    "tanh(2.68*x) + (exp(0.56*x) - 1)*tanh(1.04*x)",
)
BEYOND_THE_JUDGE = "softplus(0.91*x)*cosh(2.01*x)/x**3 + exp(2.43*x)/x**2"  # whose exp(-1e7) is 0
DRAWN = [text for text in far_formulas.formulas(40) if text not in (*CANCELLING, BEYOND_THE_JUDGE)]
NAMED = (
    "x*sigmoid(x) + sin(x)/x",
    "(exp(x) - 1)/x",
    "x**16*exp(-x)",
    "1e30*exp(-x)",
    "exp(-x)*normal_cdf(x)",
    "exp(x)/x**2",
)


@pytest.mark.filterwarnings("ignore:The formula has no finite value")  # at 0, which is not meant here
@pytest.mark.parametrize(
    "text",
    [
        *(NAMED[0], DRAWN[0]),
        *(pytest.param(text, marks=pytest.mark.slow) for text in [*NAMED[1:], *DRAWN[1:10]]),
        *(pytest.param(text, marks=pytest.mark.nightly) for text in DRAWN[10:]),
    ],
)
def test_no_part_overflows_or_vanishes_before_the_whole(text):
    assert findings(text, seed=len(text)) == []


@pytest.mark.filterwarnings("ignore:The formula has no finite value")
@pytest.mark.parametrize("text", ["exp(x)/x**2", "exp(asinh(x))/x**2"])
def test_the_check_finds_what_overflows(text, monkeypatch):
    """A mutant: powers of x never meet the exponential beside them."""

    def apart(self, number):
        return scaled.Scaled(self.to_power(number.m, number.k), 0.0, number.e)

    monkeypatch.setattr(scaled.Scale, "_without_power", apart)
    assert findings(text, seed=len(text), dtypes=("float32",))
