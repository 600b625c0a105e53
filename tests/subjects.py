"""The activations that the contract is run on, at their defaults and at other parameters."""

import numpy as np
import pytest
from reference import REFERENCES, SURROGATES

import keras_acts
from keras_acts.testing import contract

OVER_AXIS = keras_acts.names(trait="over_axis")
ELEMENTWISE = [name for name in keras_acts.names() if name not in OVER_AXIS]

# Other parameters than the defaults, where another branch of the code runs.
VARIANTS = [
    "acon_c(beta=0.0)",
    "acon_c(p1=0.0, p2=1.0)",
    "acon_c(p1=0.25, p2=1.0)",
    "acon_c(p1=1.5, p2=-0.25, beta=2.0)",
    "b_silu(alpha=0.0)",
    "biased_shrink(threshold=1.0, bias=0.75)",
    "bipolar(surrogate='straight_through')",
    "bipolar(surrogate='swish_sign')",
    "bipolar(surrogate='triangular')",
    "celu(alpha=0.5)",
    "clipped_gelu(max_val=2.5)",
    "elu(alpha=2.5)",
    "erfact(alpha=1.5, beta=0.5)",
    "exp_sigmoid(exponent=2.5, max_value=1.0, threshold=0.0)",
    "exp_sigmoid(exponent=1e6)",
    "finer(w0=17.3)",
    "flatten_t_swish(T=0.5)",
    "gaussian(sigma=0.25)",
    "gaussian(sigma=3.0)",
    "gelu(approximate=True)",
    "golu(alpha=2.0, beta=0.5, gamma=1.5)",
    "hard_shrink(threshold=0.25)",
    "hard_sigmoid_legacy(alpha=0.75, beta=0.25)",
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
    "selu(alpha=0.5, scale=2.0)",
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
    "squared_leaky_relu(negative_slope=0.0)",
    "squared_leaky_relu(negative_slope=1.5)",
    "squareplus(b=0.25)",
    "star_relu(scale=1.0, bias=0.0)",
    "step(surrogate='atan')",
    "step(surrogate='fast_sigmoid')",
    "step(surrogate='sigmoid')",
    "step(threshold=0.3)",
    "step(threshold=0.3, surrogate='triangular')",
    "swish_beta(beta=-2.5)",
    "swish_beta(beta=0.001)",
    "swish_beta(beta=0.0)",
    "swish_t(alpha=0.5, beta=4.0)",
    "tanhsoft(beta=1.0, gamma=0.5)",
    "ternarize(threshold=0.5, surrogate='clipped', clip_value=2.0)",
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

OVER_AXIS_VARIANTS = [
    "entmax(alpha=1.001)",
    "entmax(alpha=10.0)",
    "entmax(alpha=1.1)",
    "entmax(alpha=1.25)",
    "entmax(alpha=1.9)",
    "entmax(alpha=2.0)",
    "entmax(alpha=2.5)",
    "entmax(alpha=3.0)",
    "entmax(alpha=4.0)",
    "gaussian_topk(sparsity=0.0)",
    "gaussian_topk(sparsity=0.25)",
    "gaussian_topk(sparsity=0.75)",
    "kwta(k=2)",
    "simnorm(group_size=2)",
    "softpick(epsilon=0.5)",
    "softpick(epsilon=1e-30)",
    "topk_relu(k=3)",
]

SPECS = [*ELEMENTWISE, *VARIANTS]
OVER_AXIS_SPECS = [*OVER_AXIS, *OVER_AXIS_VARIANTS]


def some_per_change(cases):
    """Each tenth of cases that go the same way; the others are slow."""
    return [case if i % 10 == 0 else pytest.param(case, marks=pytest.mark.slow) for i, case in enumerate(cases)]


def name_of(spec: str) -> str:
    """The activation that a spec string is about."""
    return spec.partition("(")[0]


def specs_of(name: str) -> list[str]:
    """An activation at all parameters that are tested."""
    return [spec for spec in (*SPECS, *OVER_AXIS_SPECS) if name_of(spec) == name]


def subject(spec: str, **settings) -> contract.Subject:
    """The elementwise activation with its oracle."""
    return contract.subject(spec, REFERENCES[name_of(spec)], SURROGATES.get(name_of(spec)), **settings)


def random_parameters(name: str, generator: np.random.Generator) -> dict:
    """Legal parameters near the defaults, of either value where they are booleans."""
    params = keras_acts.info(name).params
    while True:
        found = {}
        for key, param in params.items():
            if not param.applies(found):
                continue
            if param.kind is bool:
                found[key] = bool(generator.integers(2))
            elif param.kind is str:
                found[key] = generator.choice([None, *param.choices])
            elif param.default is not None or generator.integers(2):
                shift = generator.uniform(-1.5, 1.5)
                found[key] = int(param.default + 2 * shift) if param.kind is int else (param.default or 0.0) + shift
        try:
            return keras_acts.info(name).bind((), found)
        except ValueError:
            continue  # out of range
