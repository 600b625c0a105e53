"""The value of each layer with weights, against mpmath, written from the paper's formula, or against numpy."""

import keras
import numpy as np
import pytest
from backends import assert_close, gradients, values
from keras import ops
from mpmath import mp

import keras_acts
from keras_acts import layers
from keras_acts.analysis.gradients import derivatives
from keras_acts.layers.base import LearnableActivation
from keras_acts.testing.evaluation import MODES, in_mode
from keras_acts.testing.layer_subject import sample

mp.dps = 40


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return mp.log(1 + mp.exp(x))


def acon_c(x, p1, p2, beta):
    return (p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x


def apl(x, a0, a1, b0, b1):
    return max(x, 0) + a0 * max(b0 - x, 0) + a1 * max(b1 - x, 0)


def pelu(x, alpha, beta):
    return alpha / beta * x if x >= 0 else alpha * (mp.exp(x / beta) - 1)


def srelu(x, t_left, a_left, t_right, a_right):
    r = t_left + abs(t_right)
    if x >= r:
        return r + a_right * (x - r)
    return t_left + a_left * (x - t_left) if x <= t_left else x


def xielu(x, p, n):  # Hugging Face's weights
    alpha_p, alpha_n = softplus(p), mp.mpf("0.5") + softplus(n)
    return alpha_p * x**2 + x / 2 if x > 0 else alpha_n * (mp.expm1(x) - x) + x / 2


def rational(x, a0, a1, a2, a3, b1, b2):
    return (a0 + a1 * x + a2 * x**2 + a3 * x**3) / (1 + abs(b1 * x + b2 * x**2))


# Of each layer: arguments, weights for two channels, or for all, in the order in which `formula` takes them.
ELEMENTWISE = {
    "ACONC": ({}, {"p1": [1.2, -0.7], "p2": [0.3, 0.4], "beta": [0.8, -1.5]}, acon_c),
    "APL": ({}, {"a": [[0.2, 0.3], [-0.4, 0.1]], "b": [[0.5, -1.0], [1.5, 2.0]]}, apl),
    "AdaptiveSlope": ({"n": 3.0}, {"slope": 0.4}, lambda x, slope: mp.tanh(3 * slope * x)),
    "Derf": (
        {},
        {"alpha": 0.7, "gamma": [1.2, -0.8], "beta": [0.1, 0.5], "shift": 0.3},
        lambda x, alpha, gamma, beta, shift: gamma * mp.erf(alpha * x + shift) + beta,
    ),
    "DynamicTanh": (
        {},
        {"alpha": 0.7, "gamma": [1.2, -0.8], "beta": [0.1, 0.5]},
        lambda x, alpha, gamma, beta: gamma * mp.tanh(alpha * x) + beta,
    ),
    "JumpReLU": ({}, {"threshold": [0.3, -0.7]}, lambda x, threshold: x if x > threshold else 0),
    "LearnableAffine": (
        {"activation": "sigmoid"},
        {"scale": 1.7, "bias": -0.3},
        lambda x, scale, bias: scale * sigmoid(x) + bias,
    ),
    "LearnableSigmoid": (
        {"learn_beta": True},
        {"slope": [0.7, -1.3], "beta": [1.2, 2.0]},
        lambda x, slope, beta: beta * sigmoid(slope * x),
    ),
    "PELU": ({}, {"alpha": 1.7, "beta": 0.6}, pelu),
    "PReLU": ({}, {"alpha": [0.25, -0.5]}, lambda x, alpha: x if x > 0 else alpha * x),
    "PolyReLU": (
        {},
        {"weight": [0.3, -0.2, 0.1], "bias": 0.4},
        lambda x, w1, w2, w3, bias: sum(w * max(x, 0) ** i for i, w in enumerate((w1, w2, w3), 1)) + bias,
    ),
    "ProbAct": ({}, {"sigma": 0.7}, lambda x, sigma: max(x, 0)),  # in inference; in training: test_stochastic.py
    "Rational": ({"degrees": [3, 2]}, {"numerator": [0.1, 0.9, -0.3, 0.2], "denominator": [0.4, -0.6]}, rational),
    "SReLU": ({}, {"t_left": [-0.5, 0.3], "a_left": [0.2, 1.4], "t_right": [1.0, -2.0], "a_right": [0.0, 2.5]}, srelu),
    "Sine": ({"learn_w0": True}, {"w0": 2.3}, lambda x, w0: mp.sin(w0 * x)),
    "Snake": ({}, {"frequency": [0.7, 5.0]}, lambda x, a: x + mp.sin(a * x) ** 2 / a),
    "SnakeBeta": (
        {},
        {"alpha": [0.3, -1.0], "beta": [-0.4, 0.8]},
        lambda x, alpha, beta: x + mp.sin(mp.exp(alpha) * x) ** 2 / mp.exp(beta),
    ),
    "Stan": ({}, {"beta": [0.7, -1.3]}, lambda x, beta: mp.tanh(x) * (1 + beta * x)),
    "StarReLU": ({}, {"scale": 0.8944, "bias": -0.4472}, lambda x, scale, bias: scale * max(x, 0) ** 2 + bias),
    "Swish": ({}, {"beta": -1.3}, lambda x, beta: x * sigmoid(beta * x)),
    "TLU": (
        {"affine": True},
        {"tau": [-0.5, 0.2], "alpha": [0.3, -0.2]},
        lambda x, tau, alpha: max(x, alpha * x + tau),
    ),
    "XIELU": ({}, {"p": 0.2, "n": -1.1}, xielu),
}
POINTS = [-20.0, -3.7, -1.0, -0.5, -0.3, -1e-3, -1e-9, 0.0, 1e-9, 1e-3, 0.2, 0.5, 1.0, 1.5, 2.4, 6.1, 20.0]


def test_every_layer_with_learnable_parameters_has_a_formula():
    with_parameters = {name for name in layers.names() if issubclass(layers.info(name).cls, LearnableActivation)}
    # Those are tested below, or in test_statistics_of_channels.py.
    assert with_parameters - {"MetaACON", "PolyNorm", "Dice", "GDN"} <= set(ELEMENTWISE)


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [pytest.param("float64", 4e-15, marks=pytest.mark.float64), ("float32", 2e-6)]
)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_value(name, dtype, tolerance):
    arguments, weights, formula = ELEMENTWISE[name]
    layer = layers.get(name, dtype=dtype, **arguments)
    layer.build((None, 2))
    for weight, value in weights.items():
        getattr(layer, weight).assign(np.asarray(value))
    assert len(layer.weights) == len(weights)
    x = np.array([POINTS, POINTS], dtype).T
    expected = np.empty(x.shape)
    for channel in range(2):
        # As the layer has them, rounded to its dtype.
        own = [np.asarray(keras.ops.convert_to_numpy(getattr(layer, weight)), "float64") for weight in weights]
        numbers = [_of_channel(value, channel, name) for value in own]
        for row, number in enumerate(x[:, channel]):
            expected[row, channel] = formula(mp.mpf(float(number)), *(mp.mpf(v) for group in numbers for v in group))
    error = np.abs(keras.ops.convert_to_numpy(layer(x)) - expected)
    assert np.all(error <= tolerance * (1.0 + np.abs(x) + np.abs(expected)))
    # Near 0 the value is right relative to the input, where the curve goes through the origin.
    if np.all(expected[x == 0.0] == 0.0):
        small = (np.abs(x) < 1e-2) & (x != 0.0)
        assert np.max(error[small] / np.abs(x[small])) <= tolerance


def _of_channel(value, channel, name):
    """The numbers of one channel: scalars and coefficients are the same for all."""
    if value.ndim == 0:
        return [float(value)]
    if name in ("PolyReLU", "Rational"):
        return [float(v) for v in value]
    return [float(v) for v in np.atleast_1d(value[..., channel])]


# ---- PReLU in other frameworks ---------------------------------------------------------------------------------------


@pytest.mark.second_oracle
@pytest.mark.parametrize("parameters", [1, 6])
def test_prelu_is_that_of_torch(parameters):
    torch = pytest.importorskip("torch", reason="torch is a second oracle, not a dependency of the tests")
    x = sample((6,)).astype("float32")
    theirs = torch.nn.PReLU(num_parameters=parameters)
    ours = layers.get("torch:PReLU") if parameters == 1 else layers.PReLU()
    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor)
    (expected**2).sum().backward()
    variable = keras.Variable(x)
    assert_close(ours(variable.value), expected.detach().numpy(), rtol=1e-6)
    gradient, of_alpha = gradients(lambda: ops.sum(ours(ops.convert_to_tensor(variable)) ** 2), [variable, ours.alpha])
    assert_close(gradient, tensor.grad.numpy(), rtol=1e-6)
    assert_close(np.reshape(of_alpha, -1), theirs.weight.grad.numpy(), rtol=1e-5)


def test_prelu_takes_the_weights_of_keras():
    x = sample((5, 4, 3)).astype("float32")
    theirs = keras.layers.PReLU(shared_axes=[1, 2], alpha_initializer="random_normal")
    ours = layers.PReLU(shared_axes=[1, 2])
    expected = theirs(x)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    assert_close(ours(x), expected, rtol=1e-6)
    alias = layers.get("keras:PReLU")
    alias.build(x.shape)
    assert alias.alpha.shape == (5, 4, 3)
    assert not np.any(alias.get_weights()[0])


@pytest.mark.parametrize("mode", MODES if keras.backend.backend() == "tensorflow" else ["eager"])
def test_the_derivative_of_prelu_at_0_is_alpha_in_every_mode(mode):
    layer = layers.PReLU(alpha_initializer=0.7)
    layer.build((None, 2))
    run = in_mode(lambda x: derivatives(layer, x)[1], mode)
    assert_close(run(keras.ops.zeros((1, 2))), [[0.7, 0.7]], rtol=1e-6)


# ---- Layers that look beyond the element -----------------------------------------------------------------------------


@pytest.mark.float64
def test_poly_norm():
    layer = layers.PolyNorm(dtype="float64")
    layer.weight.assign([0.2, 0.5, -0.3])
    layer.bias.assign(0.1)
    # Tiny, where epsilon rules; usual; and so large that the sixth power overflows in float32.
    for scale, dtype in ((1e-3, "float64"), (1.0, "float64"), (1e8, "float64"), (1e8, "float32")):
        x = sample((7,)) * scale
        expected = 0.1
        for weight, power in ((0.2, 3), (0.5, 2), (-0.3, 1)):
            v = x**power
            expected = expected + weight * v / np.sqrt(np.mean(v**2, axis=-1, keepdims=True) + 1e-6)
        own = layers.PolyNorm(dtype=dtype)
        own.set_weights(layer.get_weights())
        assert_close(own(x.astype(dtype)), expected, atol=1e-14 if dtype == "float64" else 1e-6)


@pytest.mark.float64
@pytest.mark.parametrize("epsilon", [1e-3, 1e-5])
def test_frelu(epsilon):
    layer = layers.FReLU(epsilon=epsilon, dtype="float64")
    x = sample((5, 4, 3))
    layer.build(x.shape)
    rng = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    kernel = keras.ops.convert_to_numpy(layer.conv.kernel)[..., 0]
    gamma, beta, mean, variance = (keras.ops.convert_to_numpy(w) for w in layer.norm.weights)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    funnel = sum(kernel[i, j] * padded[:, i : i + 5, j : j + 4] for i in range(3) for j in range(3))
    funnel = gamma * (funnel - mean) / np.sqrt(variance + epsilon) + beta
    assert_close(layer(x, training=False), np.maximum(x, funnel), rtol=1e-12, atol=1e-12)


def _dense(layer, x):
    kernel, bias = (keras.ops.convert_to_numpy(weight) for weight in layer.weights)
    return x @ kernel + bias


@pytest.mark.float64
@pytest.mark.parametrize("per_channel", [True, False])
def test_dynamic_relu(per_channel):
    layer = layers.DynamicReLU(reduction=2, per_channel=per_channel, dtype="float64")
    x = sample((5, 4, 6))
    layer.build(x.shape)
    theta = 2 / (1 + np.exp(-_dense(layer.expand, np.maximum(_dense(layer.squeeze, x.mean((1, 2))), 0)))) - 1
    a1, a2, b1, b2 = (part[:, None, None, :] for part in np.split(theta, 4, axis=-1))
    expected = np.maximum((1 + a1) * x + 0.5 * b1, a2 * x + 0.5 * b2)
    assert_close(layer(x), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.float64
@pytest.mark.parametrize("arguments", [{}, {"epsilon": 1e-5}, {"batch_norm": False}], ids=str)
def test_meta_acon(arguments):
    layer = layers.MetaACON(reduction=2, dtype="float64", **arguments)
    x = sample((5, 4, 6))
    layer.build(x.shape)
    rng = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign(rng.uniform(0.5, 1.5, weight.shape))

    def normalized(norm, z):
        if arguments.get("batch_norm") is False:
            return z
        gamma, beta, mean, variance = (keras.ops.convert_to_numpy(w) for w in norm.weights)
        return gamma * (z - mean) / np.sqrt(variance + arguments.get("epsilon", 1e-3)) + beta

    z = normalized(layer.squeeze_norm, _dense(layer.squeeze, x.mean((1, 2))))
    beta = 1 / (1 + np.exp(-normalized(layer.expand_norm, _dense(layer.expand, z))))[:, None, None]
    p1, p2 = (keras.ops.convert_to_numpy(weight) for weight in (layer.p1, layer.p2))
    u = (p1 - p2) * x
    assert_close(layer(x, training=False), u / (1 + np.exp(-beta * u)) + p2 * x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("layer", [layers.FReLU(momentum=0.9), layers.MetaACON(reduction=2, momentum=0.9)])
def test_momentum_is_that_of_the_moving_averages(layer):
    x = sample((5, 4, 6)).astype("float32")
    layer.build(x.shape)
    norm = layer.norm if isinstance(layer, layers.FReLU) else layer.squeeze_norm
    z = layer.conv(x) if isinstance(layer, layers.FReLU) else layer.squeeze(x.mean((1, 2)))
    layer(x, training=True)
    mean = values(z).mean(tuple(range(z.ndim - 1)))
    assert_close(norm.moving_mean, 0.1 * mean, rtol=1e-4, atol=1e-6)


# ---- Starting values -------------------------------------------------------------------------------------------------


@pytest.mark.float64
@pytest.mark.parametrize(
    ("layer", "activation"),
    [
        ("PReLU", "leaky_relu(negative_slope=0.25)"),
        ("Swish", "silu"),
        ("PELU", "elu"),
        ("APL", "relu"),
        ("TLU", "relu"),
        ("SReLU", "leaky_relu(negative_slope=0.2)"),
        ("Snake", "snake"),
        ("Snake(log_scale=True)", "snake"),
        ("SnakeBeta", "snake"),
        ("SnakeBeta(log_scale=False)", "snake"),
        ("JumpReLU", "jump_relu"),
        ("StarReLU", "star_relu(scale=1.0, bias=0.0)"),
        ("XIELU", "xielu"),
        ("ACONC(p1_initializer=1.0, p2_initializer=0.0)", "silu"),
        ("Sine(w0=30.0)", "sin(w0=30.0)"),
        ("AdaptiveSlope('sin', n=4)", "sin"),
        ("LearnableSigmoid", "sigmoid"),
    ],
)
def test_starts_as_the_fixed_activation(layer, activation):
    x = np.linspace(-4.0, 4.0, 82).reshape(-1, 2)
    # Keras rounds the constants of its initializers to float32.
    assert_close(layers.get(layer, dtype="float64")(x), keras_acts.get(activation)(x), atol=2e-8)


@pytest.mark.parametrize(
    ("activation", "largest_error"),
    [
        ("relu", 0.04),
        ("leaky_relu(0.01)", 0.04),
        ("elu", 0.01),
        ("gelu", 0.004),
        ("silu", 0.001),
        ("mish", 0.001),
        ("sigmoid", 0.001),
        ("tanh", 0.005),
        ("softplus", 0.001),
        ("sin", 0.005),
        ("selu", 0.04),
        ("hard_tanh", 0.06),
        ("abs", 0.08),
    ],
)
def test_rational_starts_near_the_activation(activation, largest_error):
    layer = layers.Rational(activation)
    x = np.linspace(-3.0, 3.0, 999, dtype="float32")[:, None]
    expected = keras.ops.convert_to_numpy(keras_acts.get(activation)(x))
    actual = keras.ops.convert_to_numpy(layer(x))
    assert np.max(np.abs(actual - expected)) <= largest_error
    # Better than the best polynomial of the numerator's degree: the denominator is of use.
    polynomial = np.polynomial.Polynomial.fit(x[:, 0], expected[:, 0], 5)(x)
    assert np.mean((actual - expected) ** 2) < np.mean((polynomial - expected) ** 2)


@pytest.mark.float64
def test_rational_has_no_pole_and_grows_like_a_line():
    layer = layers.Rational("gelu", dtype="float64")
    x = np.array([[1e3], [1e150], [1e300], [-1e300]])
    y = keras.ops.convert_to_numpy(layer(x))
    slope = keras.ops.convert_to_numpy(layer.numerator)[-1] / abs(keras.ops.convert_to_numpy(layer.denominator)[-1])
    assert_close(y[1:] / x[1:], slope, rtol=1e-6)
    assert np.isfinite(y).all()


@pytest.mark.parametrize("seed", range(4))
def test_learned_gates_are_right_however_steep(seed):
    """Where a gate is wide open, the input must not vanish in it."""
    generator = np.random.default_rng(seed)
    beta = np.float32(10.0 ** generator.uniform(1.0, 5.0) * generator.choice([-1.0, 1.0]))
    x = (10.0 ** generator.uniform(-6.0, 2.0, (60, 1)) * generator.choice([-1.0, 1.0], (60, 1))).astype("float32")
    w = np.float64(beta) * x
    exact = np.where(w < 0.0, np.exp(np.minimum(w, 0.0)), 1.0) * x / (1.0 + np.exp(-np.abs(w)))
    for layer in (
        layers.Swish(beta_initializer=float(beta)),
        layers.ACONC(p1_initializer=1.0, p2_initializer=0.0, beta_initializer=float(beta)),
    ):
        error = np.abs(keras.ops.convert_to_numpy(layer(x)) - exact)
        assert np.all(error <= 4e-7 * np.abs(exact) * (1.0 + np.abs(w)) + 1e-37)


@pytest.mark.parametrize("seed", range(4))
def test_the_frequency_of_snake_is_learned_from_nearly_nothing(seed):
    """With frequency a, d/da sin(a x)^2 / a tends to x^2, though sin(a x)^2 is 0."""
    generator = np.random.default_rng(seed)
    layer = layers.Snake(frequency_initializer=10.0 ** generator.uniform(-30.0, -10.0))
    x = generator.normal(size=(20, 1)).astype("float32")
    layer.build(x.shape)
    (gradient,) = gradients(lambda: keras.ops.sum(layer(x)), layer.trainable_variables)
    np.testing.assert_allclose(gradient, [np.sum(np.square(x))], rtol=1e-5)
