"""Adding an activation touches two places, its declaration and its oracle line: shown from outside the package."""

import json
import re
from pathlib import Path
from typing import Annotated

import keras
import numpy as np
import pytest
from keras import ops
from mpmath import mp

import keras_acts
from keras_acts import Trait
from keras_acts.testing import contract
from keras_acts.testing.of_layer import functions_of


@pytest.fixture
def growing_cosine():
    @keras_acts.activation(package="outside", formula="x * cos(x)", traits={Trait.OSCILLATING})
    def growing_cosine(x):
        """Growing cosine unit.

        Reference:
            arXiv:2108.12943, Growing Cosine Unit.
        """
        return x * ops.cos(x)

    return growing_cosine


def test_one_declaration_is_enough(growing_cosine, tmp_path):
    keras_acts.testing.check_activation("growing_cosine", lambda x: x * mp.cos(x))  # the oracle line

    assert "growing_cosine" in keras_acts.names()
    assert keras_acts.info("growing_cosine").summary == "Growing cosine unit."
    assert keras_acts.info("growing_cosine").paper == "arXiv:2108.12943"
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="growing_cosine")])
    model.save(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 3)).astype("float32")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "model.keras")(x), model(x))


@pytest.fixture
def spike():
    @keras_acts.activation(
        package="outside",
        formula="where(x > 0, 1, 0)",
        surrogate="1 / (1 + width * abs(x))",
        traits={Trait.PIECEWISE_LINEAR},
        kinks=(0.0,),
    )
    def gaussian_spike(x, width: Annotated[float, keras_acts.Param("steepness", low=0.0)] = 2.0):
        """Step with a peak for its gradient."""
        return ops.where(x > 0.0, 1.0, ops.where(x <= 0.0, 0.0, x))

    return gaussian_spike


def test_a_surrogate_of_ones_own_is_held_to_its_formula(spike):
    spike.derivative(lambda x, width: 1.0 / (1.0 + width * ops.abs(x)))
    for reference in (None, lambda x, width: mp.mpf(x > 0)):
        keras_acts.testing.check_activation("gaussian_spike(width=0.5)", reference, **QUICK)


def test_and_a_rule_that_is_another_function_is_found(spike):
    spike.derivative(lambda x, width: 1.0 / (1.0 + 1.001 * width * ops.abs(x)))
    for reference in (None, lambda x, width: mp.mpf(x > 0)):
        with pytest.raises(AssertionError, match=r"check_formula: first derivative at x = .*, by the formula"):
            keras_acts.testing.check_activation("gaussian_spike", reference, **QUICK)


def test_check_activation_without_a_reference_still_finds_lost_digits():
    with pytest.raises(AssertionError, match="value in float32"):
        keras_acts.testing.check_activation(lambda x: ops.exp(x) - 1.0, dtypes=["float32"], modes=["eager"])


QUICK = {"dtypes": ["float64", "float32"], "modes": ["eager"]}


def test_what_is_no_number_at_a_finite_input_is_named_with_the_input():
    with pytest.raises(AssertionError, match=r"value in float32, eager is nan at x = -?1\.\d+e\+30"):
        keras_acts.testing.check_activation(lambda x: ops.where(ops.abs(x) > 1e30, np.nan, x), **QUICK)
    with pytest.raises(AssertionError, match=r"value in float32, eager is inf at x = 8[89]\."):
        keras_acts.testing.check_activation(ops.exp, **QUICK)
    keras_acts.testing.check_activation(ops.exp, mp.exp, dtypes=["float32"], modes=["eager"])


@pytest.mark.parametrize(
    "fn",
    [
        ops.relu,
        ops.sin,
        lambda x: x * ops.sin(x),
        lambda x: ops.sqrt(ops.abs(x) + 1.0),
        lambda x: 1.0 / (1.0 + ops.abs(x)),
        lambda x: 1.0 / ops.log(2.0 + ops.abs(x)),
        lambda x: ops.sign(x) * ops.log1p(ops.abs(x)),
        lambda x: ops.zeros_like(x) + 2.5,
    ],
)
def test_a_right_limit_is_not_called_wrong(fn):
    assert contract.check_limits(contract.subject(fn, None, **QUICK)) == []


def test_a_wrong_limit_is_found_without_a_reference():
    findings = contract.check_limits(contract.subject(lambda x: x / (1.0 + ops.abs(x)), None, **QUICK))
    assert "value at inf in float32, eager is nan, expected 1" in findings


def test_a_layer_is_checked_with_the_weights_that_it_has():
    layer = keras_acts.layers.PReLU()
    layer.build((None, 3))
    layer.alpha.assign([0.1, 0.1, 0.3])
    keras_acts.testing.check_activation(layer, **QUICK)
    at_minus_one = [float(f(np.array([-1.0]))[0]) for f in functions_of(layer)]
    np.testing.assert_allclose(at_minus_one, [-0.1, -0.3], rtol=1e-6)
    layer.alpha.assign([0.25, 0.25, 0.25])
    assert len(functions_of(layer)) == 1


@pytest.mark.parametrize(
    "make",
    [
        keras_acts.layers.PReLU,
        lambda: keras.layers.LeakyReLU(0.3),
        lambda: keras.layers.PReLU(alpha_initializer="ones"),
        lambda: keras.Sequential([keras_acts.layers.PReLU()]),
        lambda: keras_acts.define("x * sigmoid(b * x)", params={"b": 1.0}, trainable="b"),
        keras.layers.BatchNormalization,
    ],
)
def test_a_layer_with_weights_is_checked_in_graph_mode(make):
    keras_acts.testing.check_activation(make(), dtypes=["float32"], modes=["graph"])


@pytest.mark.parametrize("name", ["CReLU", "DynamicReLU", "Maxout", "GLU"])
def test_a_layer_that_couples_elements_is_refused(name):
    with pytest.raises(TypeError, match="acts element by element"):
        keras_acts.testing.check_activation(keras_acts.layers.get(name))


ROOT = Path(__file__).parents[2]


def declaration_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.search(r"^@activation\(package=.*\n(def rippled(.*\n)+?)\n\n", text, re.MULTILINE)[0]


def the_example_of_the_readme():
    names = {"ops": ops, "Annotated": Annotated, "Param": keras_acts.Param, "Trait": Trait}
    exec(f"from keras_acts import activation\n{declaration_in_the_readme()}", names)
    return names["rippled"]


def test_the_example_of_the_readme_passes_and_its_variants_fail_where_the_readme_says_so():
    keras_acts.testing.check_activation(the_example_of_the_readme())
    with pytest.raises(AssertionError) as found:
        keras_acts.testing.check_activation(lambda x: x + 0.1 * ops.square(ops.sin(x)), **QUICK)
    lines = str(found.value).splitlines()[1:]
    assert "check_limits: value at inf in float64, eager is nan, expected inf" in lines
    assert all(" at inf in " in line or " at -inf in " in line for line in lines), lines
    with pytest.raises(AssertionError) as found:
        keras_acts.testing.check_activation(lambda x: x * ops.sigmoid(x) + 0.1 * ops.square(ops.sin(x)), **QUICK)
    assert "check_accuracy: second derivative in float32, eager: K = inf at x = " in str(found.value)


def test_the_notebook_declares_the_example_of_the_readme():
    cells = json.loads((ROOT / "notebooks" / "01_tour.ipynb").read_text(encoding="utf-8"))["cells"]
    (declaring,) = [text for text in ("".join(cell["source"]) for cell in cells) if "@activation(" in text]
    assert declaration_in_the_readme() in declaring


WAVES = [
    ops.sin,
    ops.cos,
    lambda x: ops.square(ops.sin(x)),
    lambda x: ops.abs(ops.cos(0.3 * x)),
    lambda x: ops.sin(ops.sin(x)),
]
LOGARITHMS = [ops.log, lambda x: ops.log(1.0 + x), lambda x: ops.sqrt(ops.log(x)), lambda x: ops.log(x) ** 2]
GROWTH = [ops.abs, lambda x: x, ops.square, lambda x: x**3, lambda x: 1.0 + ops.sqrt(ops.abs(x))]


@pytest.mark.parametrize("seed", range(12))
def test_a_function_that_oscillates_for_ever_has_no_limit_made_up(seed):
    """growth(x) (level + wave(x)): far out its values tell nothing, and so it is held to nothing."""
    generator = np.random.default_rng(seed)
    wave, growth = (choices[generator.integers(len(choices))] for choices in (WAVES, GROWTH))
    level, scale = generator.uniform(0.0, 1.0), 10.0 ** generator.uniform(-3.0, 3.0)
    assert contract.subject(lambda x: scale * growth(x) * (level + wave(x)), None, **QUICK).limits[1][0] is None


@pytest.mark.parametrize("seed", range(8))
def test_nor_has_one_that_grows_too_slowly_to_hide_its_waves(seed):
    """log|x wave(x)| and the like: beside hundreds, the waves are a few hundredths."""
    generator = np.random.default_rng(seed)
    wave, slow, growth = (choices[generator.integers(len(choices))] for choices in (WAVES, LOGARITHMS, GROWTH))
    scale = 10.0 ** generator.uniform(-3.0, 3.0)
    found = contract.subject(lambda x: slow(1.0 + ops.abs(scale * growth(x) * wave(x))), None, **QUICK)
    assert found.limits[0][0] is found.limits[1][0] is None


@pytest.mark.parametrize("slow", LOGARITHMS)
def test_but_slow_growth_has_its_limit(slow):
    found = contract.subject(lambda x: slow(1.0 + ops.abs(x)), None, **QUICK)
    assert found.limits[0][0] == found.limits[1][0] == np.inf
