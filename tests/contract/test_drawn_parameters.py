"""The contract at any legal parameters: sets drawn from fixed seeds, at inputs that are hard."""

import functools

import drawn_parameters
import numpy as np
import pytest
import tensorflow as tf
from drawn_parameters import WITH_PARAMETERS
from keras import ops
from mpmath import mp
from reference import REFERENCES
from subjects import random_parameters

import keras_acts
from keras_acts.analysis.gradients import derivatives
from keras_acts.testing import contract, metric, oracle


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_contract_at_parameters_drawn(name):
    generator = drawn_parameters.generator_of(name)
    tested = drawn_parameters.drawn_subject(name, generator, decades=3.0)
    assert drawn_parameters.findings(tested, drawn_parameters.inputs(tested, "float32", generator, size=60)) == []


SETS = [*[("float32", 1.0)] * 3, *[("float32", 3.0)] * 3, ("float32", 6.0)]
SETS += [*[("float64", 1.0)] * 2, *[("float64", 3.0)] * 3, ("float64", 6.0)]


@pytest.mark.nightly
@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_contract_at_many_parameters_drawn(name):
    generator = np.random.default_rng([7, *name.encode()])
    found = []
    for dtype, decades in SETS:
        tested = drawn_parameters.drawn_subject(name, generator, decades)
        found += drawn_parameters.findings(tested, drawn_parameters.inputs(tested, dtype, generator, size=300))
    assert found == []


@pytest.mark.nightly
@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_all_checks_at_parameters_drawn(name):
    generator = np.random.default_rng(sum(name.encode()))
    for _ in range(4):
        keras_acts.testing.check_activation(
            keras_acts.get(name, **random_parameters(name, generator)), REFERENCES[name]
        )


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_no_legal_parameter_is_so_large_or_small_that_nothing_is_left(name):
    """Value and two derivatives are numbers where float32 holds them, and beyond the range there is a refusal."""
    params = keras_acts.info(name).params
    # One must be below another, or the function is a logarithm for alpha < 0.
    left_out = {*(param.below for param in params.values()), "alpha" if name == "soft_exponential" else None}
    for key, param in params.items():
        is_free = param.kind is float and param.high is None and param.below is None and key not in left_out
        for value in (1e-9, 1e9, *(() if param.low is not None else (-1e-9, -1e9))) if is_free else ():
            needed = {param.needs[0]: param.needs[1][-1]} if param.needs else {}
            function = keras_acts.get(name, **needed, **{key: value})
            x = np.float32([0.0, 1e-30, 1e-10, 1e-9, 1.0, 3e9, 1e10, 1e30, 3e38])
            found = derivatives(function, tf.constant(np.concatenate([x, -x])), 2)
            assert not np.isnan(found).any(), (key, value)
        for value in () if param.kind is not float or param.any_size else (1e10, -1e10, 1e-10, -1e-10):
            with pytest.raises(ValueError, match=f"`{key}` of '{name}' must be a"):
                keras_acts.get(name, **{key: value})
    assert keras_acts.get("hard_tanh", min_val=-1e300, max_val=1e300)(np.array([-7.0, 7.0])).numpy().tolist() == [-7, 7]


# ---- Each part finds a mutant ---------------------------------------------------------------------------------------


def _found(fn, reference, given, kinks=(), dtype="float32"):
    params = dict(given)
    tested = contract.Subject(fn, functools.partial(reference, **params), params=params, given=params, kinks=kinks)
    return drawn_parameters.findings(tested, drawn_parameters.inputs(tested, dtype, np.random.default_rng(3), size=60))


def _gate(x, beta):
    return x / (1 + mp.exp(-beta * x))


def test_a_clip_that_a_parameter_brings_into_reach_bites():
    def flushed(x):
        h = ops.exp(0.5 * ops.clip(200.0 * x, -176.0, 176.0))
        return x / (h + 1.0 / h) * h

    assert any("value" in line for line in _found(flushed, _gate, {"beta": 200.0}))
    assert _found(keras_acts.get("swish_beta", beta=200.0), _gate, {"beta": 200.0}) == []


def test_digits_lost_at_an_extremum_bite():
    def expanded(x):
        return x * x - 2.0 * a * x + (a * a + 1e-6)

    a = 1.7
    assert any("value" in line for line in _found(expanded, lambda x, a: (x - a) ** 2 + mp.mpf(1e-6), {"a": a}))


def test_a_branch_that_switches_one_number_too_late_bites():
    def late(x):
        return ops.where(x > np.nextafter(np.float32(0.3), np.float32(1.0)), x, 0.0 * x)

    kinks = (float(np.float32(0.3)),)
    found = _found(late, lambda x, t: x if x > t else x * 0, {"t": kinks[0]}, kinks)
    assert any("value" in line for line in found)


# ---- What the parameters' own rounding counts for -------------------------------------------------------------------


def _gompertz(x, beta):
    return mp.exp(-beta * mp.exp(-x))


def test_the_share_of_the_parameters_is_what_their_rounding_changes():
    x = np.linspace(-1.0, 3.0, 9)
    share = oracle.by_parameters(_gompertz, {"beta": 30.0}, x)
    exponent = 30.0 * np.exp(-x)
    np.testing.assert_allclose(share[0], exponent * np.exp(-exponent), rtol=1e-9)
    slope = exponent * np.exp(-exponent)
    np.testing.assert_allclose(share[1], np.abs(slope * (1.0 - exponent)), rtol=1e-9)


def test_a_kink_that_moves_with_a_parameter_has_no_share():
    t = 0.3
    x = np.nextafter([t, t], [-np.inf, np.inf])
    share = oracle.by_parameters(lambda x, t: x if x > t else x * 0, {"t": t}, x)
    np.testing.assert_array_equal(share[:2], 0.0)


def test_digits_that_the_parameter_does_not_have_are_not_asked_for_and_others_are():
    def fn(x, error=0.0):
        return ops.exp(-(30.0 * (1.0 + error)) * ops.exp(-x))

    x = np.linspace(-1.0, 3.0, 60).astype("float32")
    given = contract.Subject(fn, functools.partial(_gompertz, beta=30.0), given={"beta": 30.0})
    exact = oracle.derivatives(given.reference, x.astype("float64"))
    got = np.asarray(fn(tf.constant(x)))
    assert np.max(metric.k_error(got, exact, 0, x.astype("float64"), "float32")) > 4.0
    assert np.max(given.k_error(got, exact, 0, x.astype("float64"), 4.0)) <= 4.0
    wrong = np.asarray(fn(tf.constant(x), error=1e-5))
    assert np.max(given.k_error(wrong, exact, 0, x.astype("float64"), 4.0)) > 4.0


def test_defaults_have_no_share():
    assert contract.subject("golu", None).given == {}
    assert contract.subject("golu(beta=3.0)", None).given == {"beta": 3.0}
    assert contract.subject("relu(negative_slope=0.25, threshold=0.0)", None).given == {"negative_slope": 0.25}
