"""The public contract, on every registered activation.

`pytest -k mish-nan` runs one check on one activation, `pytest -k mish` all that there is about it.
"""

import functools
import inspect
import itertools

import keras
import numpy as np
import pytest
import stored_oracle
import subjects
from reference import REFERENCES
from subjects import ELEMENTWISE, SPECS

import keras_acts
from keras_acts.testing import contract, evaluation, metric, samples

EVERYTHING = set(itertools.product(samples.DTYPES, evaluation.MODES))


def per_change(spec):
    """The dtypes and modes that are tested with each change; the rest is nightly, and differs in conversions only."""
    if "(" in spec:  # the second set of parameters of an activation, or a later one
        return {("float32", "graph"), ("float64", "graph")}
    return {("float32", "eager"), ("float32", "xla"), *itertools.product(("float16", "float32", "float64"), ("graph",))}


@functools.lru_cache(maxsize=4)  # pytest runs all tests of one in a row, so that each is compiled once
def quick_subject(spec):
    left_out = EVERYTHING - per_change(spec)
    return subjects.subject(spec, judge=stored_oracle.Judge(spec), left_out=left_out)


WITHOUT_REFERENCE = (contract.check_finite, contract.check_derivatives)
CHECKS = [check for check in contract.CHECKS if check not in WITHOUT_REFERENCE]
BY_MODE = [check for check in contract.CHECKS_BY_MODE if check in CHECKS]


def pairs(at_defaults, at_other_parameters):
    """Each activation with its checks."""
    return [
        pytest.param(spec, check, id=f"{spec}-{check.__name__.removeprefix('check_')}")
        for spec in SPECS
        for check in (at_other_parameters if "(" in spec else at_defaults)
    ]


# With each change a quarter of the other parameters, as more are drawn in test_drawn_parameters.
OTHERS = [spec for spec in SPECS if "(" in spec]
PER_CHANGE = {*ELEMENTWISE, *OTHERS[1::4]}


# At other parameters without shapes, which depend on the body alone, and formulas, which test_formulas has.
@pytest.mark.parametrize(
    ("spec", "check"),
    [
        pytest.param(*each.values, id=each.id, marks=[pytest.mark.nightly] * (each.values[0] not in PER_CHANGE))
        for each in pairs(CHECKS, BY_MODE)
    ],
)
def test_contract(spec, check):
    assert check(quick_subject(spec)) == []


HALF_BY_XLA = {("float16", "xla"), ("bfloat16", "xla")}  # it compiles for ten minutes


@functools.lru_cache(maxsize=4)
def nightly_subject(spec):
    left_out = per_change(spec) | HALF_BY_XLA
    return subjects.subject(spec, judge=stored_oracle.Judge(spec), left_out=left_out)


@pytest.mark.nightly
@pytest.mark.parametrize(("spec", "check"), pairs(BY_MODE, CHECKS))
def test_contract_in_the_rest(spec, check):
    assert check(nightly_subject(spec)) == []


@pytest.mark.nightly
@pytest.mark.parametrize("spec", SPECS)
def test_contract_in_half_precision_by_xla(spec):
    half = subjects.subject(
        spec, judge=stored_oracle.Judge(spec), dtypes=[dtype for dtype, _ in sorted(HALF_BY_XLA)], modes=("xla",)
    )
    assert [finding for check in BY_MODE for finding in check(half)] == []


@pytest.mark.parametrize(
    ("spec", "mode"),
    [
        pytest.param(spec, mode, marks=pytest.mark.slow if mode == "graph" and i % 6 == 0 else pytest.mark.nightly)
        for i, spec in enumerate(SPECS)
        for mode in ("graph", "xla")
    ],
)
def test_contract_on_a_million_numbers(spec, mode):
    tested = subjects.subject(spec, dtypes=("float32",), modes=(mode,), sample=samples.thorough)
    assert contract.check_accuracy(tested) == []


# With a factor exp(-z^2), which at z = 20 is not known to more than 800 eps where z is known to eps.
STEEP = ["pserf(gamma=20.0, delta=5.0)", "erfact(alpha=20.0, beta=5.0)"]


@pytest.mark.nightly
@pytest.mark.parametrize("activation", STEEP)
def test_contract_in_float64(activation):
    reference = REFERENCES[subjects.name_of(activation)]
    keras_acts.testing.check_activation(activation, reference, dtypes=["float64"], modes=["graph"])


def test_every_activation_has_an_oracle_and_every_oracle_an_activation():
    assert sorted(REFERENCES) == keras_acts.names()


@pytest.mark.parametrize("name", keras_acts.names())
def test_defaults_are_those_of_the_oracle(name):
    declared = {param: declaration.default for param, declaration in keras_acts.info(name).params.items()}
    expected = _defaults(REFERENCES[name])
    assert declared.keys() == expected.keys()
    for param, default in expected.items():
        assert declared[param] == (default if default is None else pytest.approx(default, rel=1e-15)), param


def _defaults(fn):
    return {name: param.default for name, param in list(inspect.signature(fn).parameters.items())[1:]}


KERAS_TABLE = {
    name: getattr(keras.activations, name)
    for name in ELEMENTWISE
    if name in keras_acts.info(name).aliases.get("keras", ()) and hasattr(keras.activations, name)
}


@pytest.mark.parametrize("name", sorted(KERAS_TABLE))
def test_defaults_are_those_of_keras(name):
    ours = keras_acts.info(name).params
    shared = {param: value for param, value in _defaults(KERAS_TABLE[name]).items() if param in ours}
    assert {param: ours[param].default for param in shared} == shared
    for param in set(ours) - set(shared):  # what Keras lacks is off by default: the function is the same
        x = np.linspace(-6.0, 6.0, 241)
        np.testing.assert_allclose(
            keras_acts.get(name)(x), KERAS_TABLE[name](x), rtol=1e-9, atol=1e-12, err_msg=f"{name}: {param}"
        )


@pytest.mark.parametrize("name", sorted(KERAS_TABLE))
def test_never_less_accurate_than_keras(name):
    """Value and first derivative: K at most that of the built-in, or 1 where the built-in is better than that."""
    subject = quick_subject(name)
    x = samples.sample("float32", subject.kinks)
    x = x[np.abs(x) < 1e4]
    exact = subject.own_float64(x.astype(np.float64))
    ours, theirs = subject.evaluate(x, "graph"), evaluation.Evaluator(KERAS_TABLE[name])(x, "graph", orders=1)
    for order in (0, 1):
        k, k_of_keras = (
            np.max(metric.k_error(got[order], exact, order, np.float64(x), "float32")) for got in (ours, theirs)
        )
        assert k <= max(1.0, k_of_keras)


@pytest.mark.second_oracle
def test_torch_is_a_second_oracle():
    torch = pytest.importorskip("torch", reason="torch is not installed: the mpmath oracle alone judges")
    x = np.linspace(-6.0, 6.0, 241)
    for name in ELEMENTWISE:
        for alias in keras_acts.info(name).aliases.get("torch", ()):
            needs = [each for each in alias.signature.parameters.values() if each.default is each.empty]
            if needs or not hasattr(torch.nn, alias.name):
                continue  # a function, or one without defaults: those are judged by their list, in test_foreign_names
            ours = np.asarray(keras_acts.get(f"torch:{alias.name}")(x))
            theirs = getattr(torch.nn, alias.name)()(torch.tensor(x)).numpy()
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.second_oracle
def test_jax_is_a_second_oracle():
    jax = pytest.importorskip("jax", reason="jax is not installed: the mpmath oracle alone judges")
    x = np.linspace(-6.0, 6.0, 241).astype(np.float32)
    for name in ELEMENTWISE:
        for alias in keras_acts.info(name).aliases.get("jax", ()):
            function = getattr(jax.nn, alias.partition("(")[0])
            ours = np.asarray(keras_acts.get(f"jax:{alias.partition('(')[0]}")(x))
            np.testing.assert_allclose(ours, np.asarray(function(x)), rtol=2e-5, atol=2e-6, err_msg=name)
