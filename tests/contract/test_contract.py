"""The public contract, on every registered activation."""

import inspect

import keras
import numpy as np
import pytest
from reference import REFERENCES

import keras_acts
from keras_acts.testing import contract, evaluation, samples

ELEMENTWISE = [name for name in keras_acts.names() if "over_axis" not in keras_acts.info(name).traits]

# Other parameters than the defaults, where another branch of the code runs.
VARIANTS = [
    "acon_c(beta=0.0)",
    "acon_c(p1=0.0, p2=1.0)",
    "acon_c(p1=0.25, p2=1.0)",
    "acon_c(p1=1.5, p2=-0.25, beta=2.0)",
    "b_silu(alpha=0.0)",
    "celu(alpha=0.5)",
    "clipped_gelu(max_val=2.5)",
    "elu(alpha=2.5)",
    "erfact(alpha=1.5, beta=0.5)",
    "flatten_t_swish(T=0.5)",
    "gaussian(sigma=0.25)",
    "gaussian(sigma=3.0)",
    "gelu(approximate=True)",
    "golu(alpha=2.0, beta=0.5, gamma=1.5)",
    "hard_shrink(threshold=0.25)",
    "hard_tanh(min_val=-2.0, max_val=0.5)",
    "isrlu(alpha=3.0)",
    "isru(alpha=0.25)",
    "isru(alpha=3.0)",
    "leaky_relu(negative_slope=0.0)",
    "leaky_relu(negative_slope=1.5)",
    "mega_laplace(mu=-0.5, sigma=0.25)",
    "mega_laplace(mu=0.0, sigma=1.0)",
    "mega_laplace(mu=3.0, sigma=0.125)",
    "mpelu(alpha=2.0, beta=0.5)",
    "multiquadric(center=1.5, width=0.25)",
    "nl_relu(beta=0.25)",
    "nl_relu(beta=4.0)",
    "pelu(alpha=3.0, beta=2.0)",
    "penalized_tanh(alpha=0.75)",
    "plu(alpha=0.5, c=2.5)",
    "pserf(gamma=0.001, delta=0.001)",
    "pserf(gamma=2.0, delta=0.5)",
    "relu(max_value=2.0)",
    "relu(negative_slope=0.25, max_value=3.0, threshold=1.0)",
    "relu_n(max_value=0.3)",
    "rep_u(power=1)",
    "rep_u(power=2)",
    "rep_u(power=7)",
    "richards_swish(alpha=0.5, beta=0.25)",
    "scaled_silu(beta=2.0)",
    "sin(w0=0.3)",
    "sin(w0=30.0)",
    "sine_relu(epsilon=0.25)",
    "sinlu(alpha=0.5)",
    "sinlu(alpha=2.0, beta=2.0)",
    "sinlu(alpha=2.0, beta=3.0)",
    "smish(alpha=2.0, beta=0.25)",
    "smu(alpha=0.0, mu=1.0)",
    "smu(alpha=0.25, mu=1e6)",
    "snake(frequency=0.5)",
    "snake(frequency=0.7)",
    "snake(frequency=8.0)",
    "soft_clipping(alpha=50.0)",
    "soft_clipping(alpha=3.0)",
    "soft_exponential(alpha=-0.5)",
    "soft_exponential(alpha=-1.0)",
    "soft_exponential(alpha=-3.0)",
    "soft_exponential(alpha=0.5)",
    "soft_exponential(alpha=2.0)",
    "soft_shrink(threshold=0.25)",
    "softcap(cap=0.5)",
    "softplus(beta=3.0)",
    "softplus(beta=0.125, threshold=20.0)",
    "squareplus(b=0.25)",
    "star_relu(scale=1.0, bias=0.0)",
    "step(threshold=0.3)",
    "swish_beta(beta=-2.5)",
    "swish_beta(beta=0.001)",
    "swish_beta(beta=0.0)",
    "swish_t(alpha=0.5, beta=4.0)",
    "tanhsoft(beta=1.0, gamma=0.5)",
    "threshold(threshold=1.0, value=2.5)",
    "thresholded_relu(threshold=0.3)",
    "xatlu(alpha=-1.0)",
    "xatlu(alpha=0.25)",
    "xgelu(alpha=0.5)",
    "xielu(alpha_p=2.0, alpha_n=1.5, beta=0.0)",
    "xsilu(alpha=-0.75)",
    "xsilu(alpha=-1.0)",
    "xsilu(alpha=0.25)",
]


@pytest.mark.parametrize("activation", [*ELEMENTWISE, *VARIANTS])
def test_contract(activation):
    keras_acts.testing.check_activation(activation, REFERENCES[activation.partition("(")[0]])


# K of the second derivative in float64. It has the factor exp(-z^2), whose exponent must be known to 2 z^2 eps.
STEEP = "exp(-z^2) at z = {z}, where it is {size}, needs z with more digits than float64 has: K = {k}"
OUT_OF_REACH = [
    pytest.param(
        "pserf(gamma=20.0, delta=5.0)", marks=pytest.mark.xfail(reason=STEEP.format(z=13.9, size="1e-84", k=377))
    ),
    pytest.param(
        "erfact(alpha=20.0, beta=5.0)", marks=pytest.mark.xfail(reason=STEEP.format(z=20, size="1e-174", k=615))
    ),
]


@pytest.mark.parametrize("activation", OUT_OF_REACH)
def test_contract_in_float64(activation):
    reference = REFERENCES[activation.partition("(")[0]]
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
    ours = contract.subject(name, REFERENCES[name], dtypes=("float32",), modes=("graph",))
    x = samples.sample("float32", ours.kinks)
    x = x[np.abs(x) < 1e4]
    exact = ours.own_float64(x.astype(np.float64))
    worst = {}
    for owner, fn in (("keras", KERAS_TABLE[name]), ("ours", ours.fn)):
        got = evaluation.evaluate(fn, x, "graph", orders=1)
        worst[owner] = [
            np.max(contract.metric.k_error(got[order], exact[order], exact[order + 1], x.astype(np.float64), "float32"))
            for order in (0, 1)
        ]
    assert worst["ours"][0] <= max(1.0, worst["keras"][0])
    assert worst["ours"][1] <= max(1.0, worst["keras"][1])


def test_torch_is_a_second_oracle():
    torch = pytest.importorskip("torch", reason="torch is not installed: the mpmath oracle alone judges")
    x = np.linspace(-6.0, 6.0, 241)
    for name in ELEMENTWISE:
        for alias in keras_acts.info(name).aliases.get("torch", ()):
            ours = np.asarray(keras_acts.get(f"torch:{alias.partition('(')[0]}")(x))
            theirs = getattr(torch.nn, alias.partition("(")[0])()(torch.tensor(x)).numpy()
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14, err_msg=name)


def test_jax_is_a_second_oracle():
    jax = pytest.importorskip("jax", reason="jax is not installed: the mpmath oracle alone judges")
    x = np.linspace(-6.0, 6.0, 241).astype(np.float32)
    for name in ELEMENTWISE:
        for alias in keras_acts.info(name).aliases.get("jax", ()):
            function = getattr(jax.nn, alias.partition("(")[0])
            ours = np.asarray(keras_acts.get(f"jax:{alias.partition('(')[0]}")(x))
            np.testing.assert_allclose(ours, np.asarray(function(x)), rtol=2e-5, atol=2e-6, err_msg=name)
