"""Surrogate gradients: the value is exact, the backward pass is the named surrogate, and everything says so."""

import functools
import math
import re
from pathlib import Path

import fresh_process
import keras
import numpy as np
import pytest
import tensorflow as tf
from mpmath import mp
from reference import REFERENCES, SURROGATES

import keras_acts
from keras_acts import notation, plots
from keras_acts.analysis import derivatives
from keras_acts.testing import evaluation, metric, oracle

STEPS = ["bipolar", "step", "ternarize"]
NAMES = keras_acts.info("step").params["surrogate"].choices

# Read in the sources of larq (quantizers.py) and snnTorch (surrogate.py): value and gradient at -2, 0.5 and 3.
SOURCES = {
    "larq:ste_sign": ([-1, 1, 1], [0, 1, 0]),
    "larq:ste_sign(clip_value=2.5)": ([-1, 1, 1], [1, 1, 0]),
    "larq:ste_sign(None)": ([-1, 1, 1], [1, 1, 1]),
    "larq:approx_sign": ([-1, 1, 1], [0, 1, 0]),
    "larq:swish_sign": ([-1, 1, 1], [-0.00363125244429, -0.0846215652337, -3.97672492626e-05]),
    "larq:ste_tern": ([-1, 1, 1], [0, 1, 0]),
    "larq:ste_tern(0.5, clip_value=2)": ([-1, 1, 1], [1, 1, 0]),
    "larq:ste_heaviside": ([0, 1, 1], [0, 1, 0]),
    "snntorch:fast_sigmoid": ([0, 1, 1], [0.000384467512495, 0.00548696844993, 0.000173130193906]),
    "snntorch:atan": ([0, 1, 1], [0.0247045230319, 0.288400439142, 0.0111325797209]),
    "snntorch:sigmoid": ([0, 1, 1], [4.82187461991e-21, 9.31656349087e-05, 6.69659240452e-32]),
    "snntorch:straight_through_estimator": ([0, 1, 1], [1, 1, 1]),
    "nerfstudio:trunc_exp": ([0.135335283237, 1.6487212707, 20.0855369232],) * 2,
}


@pytest.mark.parametrize("text", SOURCES)
def test_names_of_the_sources_have_their_values_and_gradients(text):
    value, gradient = derivatives(keras_acts.get(text), tf.constant([-2.0, 0.5, 3.0], "float64"))
    np.testing.assert_allclose([value, gradient], SOURCES[text], rtol=1e-11)


@pytest.mark.parametrize("mode", evaluation.MODES)
@pytest.mark.parametrize(
    ("text", "jump", "expected"),
    [
        ("larq:ste_sign", 0.0, 1.0),
        ("snntorch:atan", 0.0, 0.0),
        ("larq:ste_heaviside", 0.0, 0.0),
        ("step(surrogate='atan')", 0.0, 1.0),
        ("step(threshold=0.75, at_threshold=0.5)", 0.75, 0.5),
        ("bipolar(at_zero=0.0, surrogate='atan')", 0.0, 0.0),
        ("bipolar(-1.0)", 0.0, -1.0),
        ("ternarize(threshold=0.25, surrogate='clipped')", 0.25, 1.0),
        ("ternarize(threshold=0.25)", -0.25, -1.0),
    ],
)
def test_the_value_where_it_jumps_is_that_of_the_formula_in_every_mode(text, jump, expected, mode):
    function = keras_acts.get(text)
    record = keras_acts.info(text)
    assert notation.reference(record.formula)(jump, **record.defaults) == expected
    assert REFERENCES[record.name](mp.mpf(jump), **record.defaults) == expected
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        x = tf.cast([jump, -jump if jump == 0.0 else jump, np.nan], dtype)
        value = np.asarray(evaluation.in_mode(function, mode)(x)).astype("float64")
        np.testing.assert_array_equal(value, [expected, expected, np.nan])


@pytest.mark.parametrize("surrogate", NAMES)
@pytest.mark.parametrize("name", STEPS)
def test_the_formula_on_the_record_is_that_of_the_source(name, surrogate):
    """In mpmath, the surrogate and its derivative, at parameters drawn."""
    rng = np.random.default_rng(len(name + surrogate))
    for _ in range(3):
        params = dict(keras_acts.info(name).defaults, surrogate=surrogate)
        for key, param in keras_acts.info(name).params.items():
            if param.kind is float and param.applies(params):
                params[key] = float(rng.uniform(0.1, 1.0) if param.needs is None else rng.uniform(0.3, 9.0))
        record = keras_acts.info(name)
        functions = notation.reference(record.surrogate_at(params)), SURROGATES[name]
        x = rng.uniform(-4.0, 4.0, 12)
        by_formula, by_source = (oracle.derivatives(functools.partial(each, **params), x) for each in functions)
        for order in (0, 1):
            assert np.max(metric.k_error(by_formula.head[order], by_source, order, x, "float64")) <= 2.0, params


def test_only_a_surrogate_replaces_the_derivative():
    with_one = [
        name
        for name in keras_acts.names()
        if keras_acts.info(name).surrogates or "surrogate" in keras_acts.info(name).params
    ]
    assert with_one == [*STEPS, "trunc_exp"] == sorted(SURROGATES)
    assert keras_acts.names(family="surrogate_gradients") == with_one
    for name in STEPS:
        record = keras_acts.info(name)
        assert record.surrogate_at(record.defaults) is None
        assert [*record.surrogates] == [f"surrogate={each!r}" for each in NAMES]
        np.testing.assert_array_equal(derivatives(keras_acts.get(name), tf.constant([-0.3, 0.0, 2.0]))[1], 0.0)
    assert keras_acts.info("trunc_exp").surrogate_at({}) == "exp(clip(x, -15, 15))"


# ---- Models ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}])
def test_a_string_trains_what_is_below_it_and_comes_back_from_a_file(settings, tmp_path):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(4, activation="step(surrogate='triangular')"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((3,)), *layers])
    model.compile(keras.optimizers.SGD(0.5), "mse", **settings)
    before = layers[0].kernel.numpy()
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    model.fit(x, x[:, :1], epochs=1, batch_size=16, verbose=0)
    assert np.abs(layers[0].kernel.numpy() - before).max() > 1e-3
    for ending in ("keras", "h5"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("absl.logging.warning", lambda *_: None)  # that .h5 is legacy
            model.save(tmp_path / f"model.{ending}")
        loaded = keras.models.load_model(tmp_path / f"model.{ending}", compile=False)
        assert loaded.layers[0].activation == keras_acts.get("step(surrogate='triangular')")
        np.testing.assert_array_equal(loaded(x), model(x))


def test_the_gradient_is_that_of_the_surrogate_through_a_layer():
    layer = keras.layers.Dense(3, activation="bipolar(surrogate='swish_sign', beta=2.0)", use_bias=False)
    x = tf.constant(np.random.default_rng(1).normal(size=(5, 4)).astype("float32"))
    layer(x)
    with tf.GradientTape() as tape:
        y = layer(x)
    (gradient,) = tape.gradient(y, [layer.kernel.value])
    z = np.asarray(x) @ layer.kernel.numpy()
    factor = 2.0 * (2.0 - 2.0 * z * np.tanh(z)) / (1.0 + np.cosh(2.0 * z))
    np.testing.assert_allclose(gradient, np.asarray(x).T @ factor, rtol=1e-4, atol=1e-5)


TRAINED_ONCE = """
    model = keras.models.load_model("model.keras")
    model.fit(*np.load("data.npz").values(), batch_size=32, verbose=0)
    np.savez("weights.npz", *model.get_weights())
"""


@pytest.mark.slow
@pytest.mark.second_oracle
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_model_of_every_surrogate_trains_alike_on_other_backends(backend, tmp_path):
    pytest.importorskip(backend)
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    texts = [f"{name}(surrogate={each!r})" for name in STEPS for each in NAMES]
    hidden = [keras.layers.Dense(3, activation=text)(inputs) for text in texts]
    jumps = keras_acts.layers.JumpReLU(threshold_initializer=0.3, bandwidth=3.0)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()([*hidden, jumps])))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    np.savez(tmp_path / "data.npz", x, x[:, :1])
    model.save(tmp_path / "model.keras")
    before = model.get_weights()
    model.fit(x, x[:, :1], batch_size=32, verbose=0)
    fresh_process.run(TRAINED_ONCE, tmp_path, before="import keras, keras_acts, numpy as np", KERAS_BACKEND=backend)
    there = list(np.load(tmp_path / "weights.npz").values())
    for start, ours, theirs in zip(before, model.get_weights(), there, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=1e-6)
        assert np.abs(ours - start).max() > 1e-5


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    parts = train_test_split(x / 8.0 - 1.0, y, test_size=0.25, random_state=0, stratify=y)
    return [part.astype("float32") for part in parts]


def accuracy(digits, activation, seed):
    """Of a network of three hidden layers of 64 units on the test rows of digits."""
    x, x_test, y, y_test = digits
    keras.utils.set_random_seed(seed)
    hidden = [keras.layers.Dense(64, activation=activation) for _ in range(3)]
    model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss, jit_compile=False)
    model.fit(x, y, epochs=10, batch_size=64, verbose=0)
    return float(np.mean(np.argmax(model(x_test), axis=1) == y_test))


@pytest.mark.slow
@pytest.mark.parametrize("surrogate", ["clipped", "triangular"])
def test_three_layers_of_binary_units_learn_digits(digits, surrogate):
    found = [accuracy(digits, f"bipolar(surrogate={surrogate!r})", seed) for seed in range(5)]
    assert np.mean(found) >= 0.85, found
    assert np.std(found) <= 0.05, found


@pytest.mark.slow
def test_without_a_surrogate_only_the_last_layer_learns(digits):
    found = [accuracy(digits, "bipolar", seed) for seed in range(5)]
    assert np.mean(found) <= 0.80, found


PAGE = Path(__file__).parent.parent / "docs" / "surrogate-gradients.md"


@pytest.mark.skipif(not PAGE.exists(), reason="the page is in the repository, not in the wheel")
def test_the_code_of_the_page_runs_and_a_spiking_layer_learns():
    names = {"__name__": "page"}
    text = PAGE.read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
        exec(compile(block, PAGE.name, "exec"), names)  # our own text: this is what the test is about
    assert names["history"]["accuracy"][-1] >= 0.9
    spikes = names["spiking"].layers[1](names["spiking"].layers[0](names["inputs"].astype("float32")))
    assert {*np.unique(spikes)} == {0.0, 1.0}
    assert [name for name in NAMES if f'"{name}"' not in text] == []
    keras_acts.testing.check_activation("spike", dtypes=["float32"], modes=["graph"])


# ---- What is said of them --------------------------------------------------------------------------------------------


def test_gain_is_that_of_the_value_and_backward_that_of_the_surrogate():
    gain = keras_acts.initializers.gain
    for text, forward in (
        ("step(surrogate='sigmoid')", math.sqrt(2.0)),
        ("bipolar(surrogate='fast_sigmoid', slope=3.0)", 1.0),
        ("step(threshold=0.5, surrogate='triangular')", 1.0 / math.sqrt(0.5 * math.erfc(0.5 / math.sqrt(2.0)))),
        ("trunc_exp", math.exp(-1.0)),
    ):
        record = keras_acts.info(text)
        assert gain(text) == pytest.approx(forward, rel=1e-12)
        surrogate = functools.partial(SURROGATES[record.name], **record.defaults)
        edges = sorted({-12.0, -1.0, -0.5, 0.0, 0.5, 1.5, 12.0})
        expected = mp.quad(lambda z, f=surrogate: f(z) ** 2 * mp.npdf(z), edges)
        assert gain(text, "backward") == pytest.approx(float(1 / mp.sqrt(expected)), rel=1e-11), text
    with pytest.raises(ValueError, match="its derivative is not zero almost everywhere"):
        gain("step", "backward")


def test_figures_call_a_surrogate_a_surrogate():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    for text, expected in (
        ("step(surrogate='atan')", ["$f(x)$", "surrogate of $f'(x)$", "its derivative"]),
        ("step", ["$f(x)$", "$f'(x)$", "$f''(x)$"]),
    ):
        ax = plots.draw_function(text, ax=Figure().subplots())
        assert [each.get_text() for each in ax.get_legend().get_texts()] == expected


def test_the_docstring_and_the_record_give_the_formulas():
    text = keras_acts.activations.bipolar.__doc__
    assert "\n\nsurrogate(x) = where(abs(x) <= clip_value, 1, 0) where surrogate='clipped'\n\n" in text
    assert "\n\nsurrogate(x) = exp(clip(x, -15, 15))\n\n" in keras_acts.activations.trunc_exp.__doc__
    assert "in place of its derivative: exp(clip(x, -15, 15))" in repr(keras_acts.info("trunc_exp"))
    assert "in place" not in repr(keras_acts.info("step"))
    assert "in place of its derivative: 2 * max(1 - abs(x), 0)" in repr(
        keras_acts.info("bipolar(surrogate='triangular')")
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("snntorch:triangular", "is no triangle: it multiplies the gradient by the threshold below 0 and by its neg"),
        ("snntorch:triangular(threshold=2.0)", r"\"step\(surrogate='triangular'\)\""),
        ("larq:ste_tern(ternary_weight_networks=True)", "from a whole tensor"),
        ("step(surrogate='atn')", "must be one of 'straight_through', 'clipped', .*or None. Received: surrogate='atn'"),
        ("step(surrogate=3)", "must be one of"),
        ("step(surrogate='atan', slope=3)", "belongs to surrogate='fast_sigmoid' or 'sigmoid'. Received: slope=3.0, s"),
        ("bipolar(clip_value=2)", "`clip_value` of 'bipolar' belongs to surrogate='clipped'. Received: clip_value=2.0"),
        ("bipolar(surrogate='clipped', clip_value=0)", "must be a finite number > 0"),
        ("step(at_threshold=2)", "must be a finite number >= 0 and <= 1"),
    ],
)
def test_what_means_nothing_is_refused_with_the_reason(text, words):
    with pytest.raises((ValueError, TypeError), match=words):
        keras_acts.get(text)
