"""The registry: which activations there are, and how they are named, bound and registered from outside."""

import copy
import importlib
import random
import textwrap
import types
from typing import Annotated

import hypothesis
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

import keras_acts
from keras_acts.core import resolve, spec
from keras_acts.core.activation import activations
from keras_acts.core.registry import Declared

NAMES = keras_acts.names()
X = np.float64([-2.0, -0.5, 0.0, 1.5])
IMAGES = np.random.default_rng(0).normal(size=(2, 3, 3, 2))


@pytest.fixture
def registering(monkeypatch):
    """Lets a test register, and takes away after it what it has registered."""
    monkeypatch.setattr(activations, "_records", activations.snapshot())
    global_objects = keras.saving.get_custom_objects()
    before = dict(global_objects)
    yield
    global_objects.clear()
    global_objects.update(before)


def state():
    return activations.snapshot(), dict(keras.saving.get_custom_objects())


# ---- names and info -------------------------------------------------------------------------------------------------


def test_the_activations_of_the_texts_are_there():
    wanted = """identity relu relu6 leaky_relu elu selu celu gelu gelu_tanh quick_gelu sigmoid log_sigmoid hard_sigmoid
        hard_sigmoid_legacy tanh hard_tanh softplus softsign silu swish_beta hard_silu mish softmax log_softmax
        exponential squareplus lisht snake tanh_shrink hard_shrink soft_shrink relu2 sparsemax"""
    assert set(wanted.split()) <= set(NAMES)


def test_names_are_sorted_unique_and_attributes_of_activations():
    assert sorted(set(NAMES)) == NAMES
    for name in NAMES:
        assert getattr(keras_acts.activations, name) is keras_acts.get(name)
        assert name in dir(keras_acts.activations)


def test_names_by_pattern():
    assert keras_acts.names("*gelu*") == [name for name in NAMES if "gelu" in name] != []
    assert keras_acts.names("relu?") == ["relu2", "relu6"]
    assert keras_acts.names("relu") == ["relu"]
    assert keras_acts.names("*GELU*") == keras_acts.names("*gelu*")
    assert keras_acts.names("*") == NAMES


def test_names_by_trait_and_family():
    over_axis = [name for name in NAMES if "axis" in keras_acts.info(name).params]
    assert keras_acts.names(trait="over_axis") == keras_acts.names(trait=keras_acts.Trait.OVER_AXIS) == over_axis
    assert {"gelu", "gelu_tanh", "quick_gelu"} <= set(keras_acts.names(family="normal_gated"))
    assert not {"relu", "softmax"} & set(keras_acts.names(family="normal_gated"))
    both = keras_acts.names("*softmax", trait="over_axis", family="softmax")
    assert {"log_softmax", "softmax"} <= set(both) < set(over_axis)
    assert "sparsemax" not in both
    assert keras_acts.names(trait="smooth", family="piecewise_linear") == ["identity"]
    assert keras_acts.names("no such name", trait="smooth") == []


@pytest.mark.parametrize(
    ("asked", "near"), [({"trait": "smoth"}, "'smooth'"), ({"family": "rectifier"}, "'rectifiers'"), ({"trait": 3}, "")]
)
def test_an_unknown_trait_or_family_is_an_error_with_near_matches(asked, near):
    with pytest.raises(ValueError, match=f"must be one of: .*{near}.*Received: {next(iter(asked))}=") as caught:
        keras_acts.names(**asked)
    assert ("Did you mean" in str(caught.value)) == bool(near)


def test_info_of_a_spec_string_is_the_record_at_its_parameters():
    record = keras_acts.info("gelu(approximate=True)")
    assert (record.name, record.defaults) == ("gelu", {"approximate": True})
    assert record.formula == keras_acts.info("gelu_tanh").formula != keras_acts.info("gelu").formula
    assert keras_acts.info("torch:LeakyReLU").defaults == {"negative_slope": 0.01}
    assert keras_acts.info("elu(0.25)").range == (-0.25, float("inf"))
    for wrong, error in (("gelu(aproximate=True)", TypeError), ("geluu(approximate=True)", ValueError)):
        with pytest.raises(error, match="gelu"):
            keras_acts.info(wrong)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("sin", -1, 1), ("tanh", -1, 1), ("gelu", -0.169971, np.inf), ("identity", -np.inf, np.inf), ("relu6", 0, 6)],
)
def test_info_gives_range_and_initializer(name, low, high):
    record = keras_acts.info(name)
    assert record.range == pytest.approx((low, high), abs=5e-7)
    assert f"gain {keras_acts.initializers.gain(name):.5g}" in record.initializer
    assert type(keras_acts.paired(name)["kernel_initializer"]).__name__ in record.initializer


def test_code_of_no_module_declares_as_a_script_does(registering):
    """As `exec` runs it, in names that do not say what they belong to."""
    exec("@keras_acts.activation(formula='2*x')\ndef twofold(x): return 2.0 * x", found := {"keras_acts": keras_acts})
    assert found["twofold"].__module__ is None
    assert keras_acts.info("twofold").registered_name == "Custom>activations.twofold"
    assert "twofold" in keras_acts.names("two*", family=keras_acts.info("twofold").family)
    assert "source: " in repr(keras_acts.info("twofold"))
    assert keras_acts.get("twofold")(X).shape == X.shape


def test_info_of_softmax_has_neither():
    assert keras_acts.info("softmax").range is None
    assert "none" in keras_acts.info("softmax").initializer


def test_info_is_the_whole_record():
    record = keras_acts.info("leaky_relu")
    assert (record.name, record.registered_name, record.family) == (
        "leaky_relu",
        "keras_acts>activations.leaky_relu",
        "rectifiers",
    )
    assert record.formula == "max(x, 0) + negative_slope * min(x, 0)"
    assert record.latex == r"\max(x, 0) + \mathrm{negative\_slope} \, \min(x, 0)"
    assert record.paper == "Maas et al. 2013"
    assert record.traits == {keras_acts.Trait.PIECEWISE_LINEAR, keras_acts.Trait.MONOTONIC}
    assert record.aliases["torch"] == ("LeakyReLU(negative_slope=0.01)", "leaky_relu(negative_slope=0.01)")
    assert record.summary == "ReLU that keeps a small slope for negative inputs."
    assert callable(record.derivative)
    (param,) = record.params.values()
    assert (param.name, param.kind, param.default, param.low) == ("negative_slope", float, 0.2, 0.0)
    assert (param.meaning, param.expected) == ("slope for x < 0", "a finite number >= 0")
    assert record.source.startswith("keras_acts/activations/rectifiers.py:")
    assert keras_acts.info("keras_acts>leaky_relu") is keras_acts.info("leaky_relu")
    assert keras_acts.info("keras_acts>activations.leaky_relu") is keras_acts.info("leaky_relu")
    assert keras_acts.info("swish") is keras_acts.info("silu")


@pytest.mark.parametrize("name", NAMES)
def test_every_record_is_complete(name):
    record = keras_acts.info(name)
    assert record.formula
    assert record.summary.endswith(".")
    assert "Example:" in record.function.__doc__
    assert record.function.__name__ == name
    assert record.function.body is record.body
    for param in record.params.values():
        assert param.meaning
        assert f"{param.name}:" in record.function.__doc__


@pytest.mark.parametrize(
    ("sections", "paper"),
    [
        ("", None),
        ("Unlike the Reference: nothing, really.", None),
        ("Reference:\n    arXiv:1908.08681, Mish.\n    arXiv:2005.00817, Another.", "arXiv:1908.08681"),
        ("Reference:\n    LeCun et al. 1998; Lu 2020", "LeCun et al. 1998"),
        ("Reference:\n    arXiv:2512.10938.\n\nExample:\n    >>> f(1, 2)", "arXiv:2512.10938"),
        ("Reference: Turian et al. 2009, Quadratic Features.", "Turian et al. 2009"),
    ],
)
def test_the_paper_is_the_head_of_the_first_reference(sections, paper):
    class Record(Declared):
        declared = types.SimpleNamespace(__doc__=f"One line.\n\n{sections}")

    assert Record().paper == paper


# ---- get ------------------------------------------------------------------------------------------------------------


def test_get_takes_names_aliases_and_callables():
    silu = keras_acts.activations.silu
    for identifier in ("silu", "swish", "keras_acts>silu", "torch:SiLU", " silu ", silu):
        assert keras_acts.get(identifier) is silu
    assert keras_acts.get("gelu") is keras_acts.activations.gelu is not keras.activations.gelu
    assert keras_acts.get(None) is keras_acts.get("linear") is keras_acts.activations.identity
    own = lambda x: x  # noqa: E731
    assert keras_acts.get(own) is own
    assert keras_acts.activations.get is keras_acts.get


def test_get_takes_parameters_in_every_way():
    elu = keras_acts.get("elu", alpha=0.5)
    for other in (
        keras_acts.get("elu(alpha=0.5)"),
        keras_acts.get("elu(0.5)"),
        keras_acts.get("elu( alpha = 5e-1 )"),
        keras_acts.get("elu(alpha=2)", alpha=0.5),
        keras_acts.get(keras_acts.activations.elu, alpha=0.5),
        keras_acts.get(keras_acts.get("elu(alpha=3)"), alpha=0.5),
        keras_acts.get(elu),
        keras_acts.get("elu", alpha=np.float32(0.5)),
        keras_acts.get("torch:ELU", alpha=0.5),
    ):
        assert other == elu
    np.testing.assert_allclose(elu(X), np.where(X > 0, X, 0.5 * np.expm1(X)), rtol=1e-15)


def test_get_mixes_positional_and_named_parameters():
    bound = keras_acts.get("relu(0.1, threshold=1)", max_value=2.0)
    assert bound.params == {"negative_slope": 0.1, "max_value": 2.0, "threshold": 1.0}
    np.testing.assert_allclose(bound(np.float64([-1.0, 0.5, 1.5, 3.0])), [-0.2, -0.05, 1.5, 2.0], rtol=1e-15)


def test_get_of_a_bound_activation_keeps_the_parameters_it_has():
    bound = keras_acts.get(keras_acts.get("relu(negative_slope=0.1, max_value=3.0)"), max_value=2.0)
    assert bound.params == {"negative_slope": 0.1, "max_value": 2.0}


@pytest.mark.parametrize(
    ("alias", "repr_"),
    [
        ("torch:LeakyReLU", "leaky_relu(negative_slope=0.01)"),
        ("torch:LeakyReLU(negative_slope=0.3)", "leaky_relu(negative_slope=0.3)"),
        ("torch:Softplus", "softplus(beta=1.0, threshold=20.0)"),
        ("torch:Softplus(beta=2)", "softplus(beta=2.0, threshold=20.0)"),
        ("jax:gelu", "gelu(approximate=True)"),
        ("keras2:hard_sigmoid", None),
    ],
)
def test_spellings_of_other_frameworks_bring_their_defaults(alias, repr_):
    got = keras_acts.get(alias)
    if repr_ is None:
        assert got is keras_acts.activations.hard_sigmoid_legacy
    else:
        assert repr(got) == repr_


def test_get_takes_config_dicts():
    bound = keras_acts.get("elu(alpha=0.5)")
    for config in (keras.saving.serialize_keras_object(bound), keras.activations.serialize(bound)):
        assert keras_acts.get(config) == bound
    assert keras_acts.get(keras.activations.serialize(keras_acts.get("snake"))) is keras_acts.get("snake")
    assert keras_acts.get(keras.activations.serialize(bound), alpha=2.0) == keras_acts.get("elu(alpha=2)")


# ---- Bound activations ----------------------------------------------------------------------------------------------


def test_bound_activations_are_equal_by_activation_and_all_parameters():
    half = keras_acts.get("elu(alpha=0.5)")
    assert half == keras_acts.get("elu(0.5)")
    assert hash(half) == hash(keras_acts.get("elu(0.5)"))
    assert half != keras_acts.get("elu(0.6)")
    assert half != keras_acts.get("celu(0.5)")
    assert half != keras_acts.activations.elu
    assert keras_acts.get("elu()") == keras_acts.get("elu(alpha=1.0)")
    assert len({half, keras_acts.get("elu(0.5)"), keras_acts.get("celu(0.5)"), keras_acts.get("elu(0.6)")}) == 3


@pytest.mark.parametrize(
    "text",
    [
        "elu(alpha=0.5)",
        "elu()",
        "gelu(approximate=True)",
        "softmax(axis=-2)",
        "relu(negative_slope=0.1, max_value=None)",
        "softplus(beta=1e-09, threshold=20.0)",
        "hard_tanh(min_val=-0.1, max_val=1e+300)",
    ],
)
def test_repr_is_the_spec_string_that_get_reads_back(text):
    bound = keras_acts.get(text)
    assert repr(bound) == bound.__name__ == text
    assert keras_acts.get(repr(bound)) == bound


def test_parameters_are_plain_python_numbers():
    bound = keras_acts.get("relu", negative_slope=np.float32(0.25), max_value=6)
    assert [type(value) for value in bound.params.values()] == [float, float]
    assert type(keras_acts.get("softmax", axis=np.int64(0)).params["axis"]) is int
    assert type(keras_acts.get("gelu", approximate=np.bool_(True)).params["approximate"]) is bool


def test_config_of_a_bound_activation_names_it_and_gives_it_back():
    bound = keras_acts.get("relu(max_value=6)")
    config = bound.get_config()
    assert config == {"activation": "keras_acts>activations.relu", "params": {"max_value": 6.0}}
    assert keras_acts.BoundActivation.from_config(config) == bound
    config["params"]["max_value"] = 7.0
    assert bound.params == {"max_value": 6.0}
    assert bound.__doc__ == keras_acts.activations.relu.__doc__


def test_bound_activations_are_not_layers_and_work_as_activation():
    bound = keras_acts.get("snake(2.0)")
    assert not isinstance(bound, keras.layers.Layer)
    for layer in (
        keras.layers.Activation(bound),
        keras.layers.Dense(4, activation=bound, kernel_initializer="identity"),
    ):
        np.testing.assert_allclose(layer(X[None].astype("float32"))[0], X + np.sin(2 * X) ** 2 / 2, rtol=1e-6)


# ---- Registering from outside ---------------------------------------------------------------------------------------


def test_an_activation_from_outside_is_like_ours(registering):
    @keras_acts.activation(
        formula="x * cos(rate * x)",
        package="mine",
        traits={"odd", keras_acts.Trait.SMOOTH},
        aliases={"keras": "my_gcu", "torch": "MyGCU(2.0)"},
    )
    def my_cosine(x, rate: Annotated[float, keras_acts.Param("angular rate", low=0.0, exclusive=True)] = 1.0):
        """Growing cosine unit."""
        return x * ops.cos(rate * x)

    assert "my_cosine" in keras_acts.names(trait="odd")
    assert keras_acts.get("my_cosine") is keras_acts.get("my_gcu") is keras_acts.get("mine>my_cosine") is my_cosine
    assert repr(keras_acts.get("torch:MyGCU")) == "my_cosine(rate=2.0)"
    np.testing.assert_allclose(my_cosine(X, rate=2.0), X * np.cos(2.0 * X), rtol=1e-15)
    np.testing.assert_allclose(my_cosine(X, 2.0), X * np.cos(2.0 * X), rtol=1e-15)
    layer = keras.layers.Dense(2, activation="my_cosine(rate=2.0)")
    assert layer.get_config()["activation"]["config"] == {
        "activation": "mine>activations.my_cosine",
        "params": {"rate": 2.0},
    }
    assert keras.layers.Dense.from_config(layer.get_config()).activation == keras_acts.get("my_cosine(2.0)")
    assert (
        keras.layers.Dense(2, activation="my_gcu").get_config()["activation"]["config"] == "mine>activations.my_cosine"
    )
    assert keras_acts.custom_objects()["my_cosine"] is my_cosine
    with pytest.raises(ValueError, match=r"`rate` of 'my_cosine' must be a finite number > 0\. Received: rate=0"):
        my_cosine(X, rate=0)
    with pytest.raises(ValueError, match="Did you mean 'my_cosine'"):
        keras_acts.get("my_cosin")
    assert my_cosine.__doc__.splitlines() == [
        "Growing cosine unit.",
        "",
        "f(x) = x * cos(rate * x)",
        "",
        "Args:",
        "    x: float tensor of any shape.",
        "    rate: float > 0, angular rate.",
    ]


def derivative_of_three(x):
    """A wrong derivative, which shows whether it is used."""
    return 3.0 + 0.0 * x


def gradient(function, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return tape.gradient(value, x)


def test_declared_derivatives_take_the_place_of_autodiff(registering):
    @keras_acts.activation(formula="x * x", package="mine")
    def mine(x):
        return x * x

    x = tf.constant(X)
    np.testing.assert_array_equal(gradient(mine, x), 2.0 * X)  # by autodiff, and before any derivative is declared
    derivative = mine.derivative(derivative_of_three)
    np.testing.assert_array_equal(gradient(mine, x), np.full(4, 3.0))
    np.testing.assert_array_equal(gradient(lambda x: gradient(mine, x), x), np.zeros(4))

    @mine.second_derivative
    def second(x):
        return 5.0 + 0.0 * x

    np.testing.assert_array_equal(gradient(lambda x: gradient(mine, x), x), np.full(4, 5.0))
    np.testing.assert_array_equal(gradient(derivative, x), np.full(4, 5.0))  # for those who build on it
    record = keras_acts.info("mine")
    assert (record.derivative, record.second_derivative) == (derivative, second)


def test_derivatives_are_declared_once_and_in_order(registering):
    @keras_acts.activation(formula="x", package="mine")
    def mine(x):
        return x

    with pytest.raises(ValueError, match=r"`@mine.derivative` must decorate a function of \(x\)"):
        mine.derivative(lambda x, beta: beta * x)
    with pytest.raises(ValueError, match="derivative of 'mine' must be declared before its second derivative"):
        mine.second_derivative(derivative_of_three)
    mine.derivative(derivative_of_three)
    with pytest.raises(ValueError, match=r"`@mine.derivative` declares what 'mine' has already"):
        mine.derivative(derivative_of_three)
    with pytest.raises(ValueError, match=r"call keras_acts.info\('mish'\).derivative\(x\)"):
        keras_acts.activations.mish.derivative(derivative_of_three)
    np.testing.assert_allclose(gradient(mine, tf.constant(X)), np.full(4, 3.0))


def test_an_activation_from_outside_takes_a_row_of_nothing(registering):
    @keras_acts.activation(formula=keras_acts.notation.Latex("[i = argmax]", reason="over an axis"), package="outside")
    def first_of_row(x, axis: Annotated[int, keras_acts.Param("axis")] = -1):
        return ops.one_hot(ops.argmax(x, axis=axis), x.shape[axis], dtype=x.dtype)  # an error, of nothing

    assert first_of_row(np.zeros((3, 0), "float32")).shape == (3, 0)
    assert first_of_row(np.float32([[1.0, 2.0]])).numpy().tolist() == [[0.0, 1.0]]


def test_formulas_by_case(registering):
    cases = {"rate=None": "x", "doubled=True": "2*rate*x", "": "rate * x"}

    @keras_acts.activation(formula=cases, package="mine")
    def by_case(
        x,
        rate: Annotated[float | None, keras_acts.Param("rate")] = None,
        doubled: Annotated[bool, keras_acts.Param("twice")] = False,
    ):
        """A line."""
        return x

    record = keras_acts.info("by_case")
    assert record.params["rate"].optional  # Python 3.10 hides the annotation of a parameter whose default is None
    assert record.formula == "x"
    assert record.formula_at({"rate": 1.0, "doubled": True}) == "2*rate*x"
    assert record.formula_at({"rate": 1.0, "doubled": False}) == "rate * x"
    assert "f(x) = rate * x\n\nf(x) = x where rate=None\n\nf(x) = 2*rate*x where doubled=True" in by_case.__doc__
    for wrong in ({"": "x", "speed=1": "x"}, {"rate=None": "x"}, {"": "x", "True": "2*x"}):
        with pytest.raises(ValueError, match="The formulas of 'other' must be given by cases of its parameters"):
            keras_acts.activation(name="other", formula=wrong, package="mine")(by_case)


def test_the_name_may_differ_from_the_functions(registering):
    @keras_acts.activation(name="my_square", formula="x^2", package="mine")
    def anything(x):
        return x * x

    assert keras_acts.get("my_square") is anything
    assert keras_acts.get("my_square")(3.0) == 9.0
    assert "anything" not in keras_acts.names()


def test_a_cell_that_declares_an_activation_can_be_run_again(registering):
    cell = """
import keras_acts
@keras_acts.activation(formula="x + {0}")
def from_a_cell(x):
    return x + {0}
"""
    for number in (1.0, 2.0, 2.0):
        exec(cell.format(number), {"__name__": "__main__"})
        assert keras_acts.get("from_a_cell")(0.0) == number
        assert keras.layers.Activation("from_a_cell")(np.zeros(1)) == number
    assert keras_acts.info("from_a_cell").registered_name == "Custom>activations.from_a_cell"
    with pytest.raises(ValueError, match=r"already in use by 'Custom>activations\.from_a_cell'"):
        exec(cell.format(3.0), {"__name__": "another_module"})
    assert keras_acts.get("from_a_cell")(0.0) == 2.0


def run_cell(source, module="__main__"):
    """Runs the text as a notebook runs a cell, or an import a module."""
    exec(compile(textwrap.dedent(source), "<cell>", "exec"), {"__name__": module, "keras_acts": keras_acts})


CELLS = [
    "@keras_acts.activation(name='{name}', formula='{k}*x')\ndef first(x): return {k}*x",
    "@keras_acts.activation(name='{name}', formula='{k}*x')\ndef renamed(x): return {k}*x",
    "keras_acts.activation(name='{name}', formula='{k}*x')(lambda x: {k}*x)",
    "keras_acts.define('{k}*x', name='{name}')",
    "keras_acts.define('slope*x', name='{name}', params={{'slope': {k}}})",
    "for k in (0.5, {k}): keras_acts.define(f'{{k}}*x', name='{name}')",
]


@pytest.mark.parametrize("seed", range(8))
def test_who_declared_a_name_may_declare_it_anew_and_nobody_else(registering, seed):
    draw = random.Random(seed)
    owner, value = {"snake": "keras_acts"}, {"snake": float(keras_acts.get("snake")(1.0))}
    for step in range(25):
        name, k = draw.choice(["one", "two", "three", "snake"]), float(step + 2)
        module = draw.choice(["__main__", "somebody.functions", "somebody.more", "another"])
        cell = draw.choice(CELLS).format(name=name, k=k)
        if owner.setdefault(name, module) == module:
            for _ in range(draw.choice([1, 2])):
                run_cell(cell, module)
            value[name] = k
        else:
            with pytest.raises(ValueError, match=rf"The activation name '{name}' is already in use"):
                run_cell(cell, module)
        for known in value:
            assert float(keras_acts.get(known)(1.0)) == value[known]
            assert keras_acts.get(known) is keras_acts.info(known).function is keras.activations.get(known)


ALIASED = """
@keras_acts.activation(formula="x*{k}", aliases={{"torch": "{alias}"}}, replace={replace})
def {name}(x):
    return x*{k}
"""


def test_an_alias_is_taken_over_as_a_name_is(registering):
    """By the cell run again, in a notebook by the later one, by `replace=True`; else it is refused, and not ignored."""

    def declare(name, k, alias="Mine", module="__main__", replace=False):
        run_cell(ALIASED.format(name=name, k=k, alias=alias, replace=replace), module)
        assert keras_acts.get(f"torch:{alias}")(1.0) == k

    for k in (2.0, 3.0):
        declare("aliased", k)
        declare("read_again", k, "Other", "somebody.functions")
    declare("aliased_later", 4.0)
    for module in ("somebody", "another_module"):
        with pytest.raises(
            ValueError, match=r"'torch:Mine' of 'late' is already in use by 'Custom>activations\.aliased_l"
        ):
            declare("late", 5.0, module=module)
    twice = "".join(ALIASED.format(name=name, k=1.0, alias="Two", replace=False) for name in ("one", "two"))
    with pytest.raises(ValueError, match=r"'torch:Two' of 'two' is already in use by 'somebody>activations\.one'"):
        run_cell(twice, "somebody.functions")
    declare("late", 6.0, "LeakyReLU", replace=True)
    assert repr(keras_acts.get("torch:leaky_relu")) == "leaky_relu(negative_slope=0.01)"


@pytest.mark.parametrize("cell", [*CELLS[:2], CELLS[3]])
def test_one_name_twice_in_a_module_is_an_error_and_in_a_notebook_the_later_one(registering, cell):
    twice = "\n".join(cell.format(name="twice", k=k) for k in (2.0, 3.0))
    with pytest.raises(ValueError, match="already in use"):
        run_cell(twice, "somebody.functions")
    assert keras_acts.get("twice")(1.0) == 2.0
    run_cell(twice.replace("twice", "of_a_cell"))
    assert keras_acts.get("of_a_cell")(1.0) == 3.0


def test_another_package_in_a_notebook_is_another(registering):
    declare = "@keras_acts.activation(name='mine', formula='x', package='{0}')\ndef mine(x): return x"
    run_cell(declare.format("one"))
    with pytest.raises(ValueError, match=r"already in use by 'one>activations\.mine'"):
        run_cell(declare.format("two"))
    run_cell(declare.format("one"))


def test_a_module_of_a_user_can_be_reloaded(registering, tmp_path, monkeypatch):
    source = """
import keras, keras_acts
from keras_acts.layers.layer_registry import layer
@keras_acts.activation(formula='{0}*x')
def reloaded(x):
    return {0}*x
keras_acts.define('{0}*x', name='reloaded_formula')
@layer(formula='x')
class Reloaded(keras.layers.Layer):
    def call(self, x):
        return {0}*x
"""
    monkeypatch.setattr(resolve.layers, "_records", resolve.layers.snapshot())
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "module_of_a_user.py"
    for k in (1.0, 2.0, 2.0, 30.0):  # of another length each time it changes, as Python looks at that and the second
        path.write_text(source.format(k) + "#" * int(k))
        importlib.invalidate_caches()
        module = importlib.import_module("module_of_a_user")
        importlib.reload(module)
        for made in (keras_acts.get("reloaded"), keras_acts.get("reloaded_formula"), keras_acts.layers.get("Reloaded")):
            assert float(made(np.ones(1, "float32"))[0]) == k
        registered = keras.saving.get_registered_object("module_of_a_user>activations.reloaded")
        assert registered is keras_acts.get("reloaded") is module.reloaded


def test_two_names_of_one_formula_are_both_kept(registering):
    for name in ("first_name", "second_name"):
        keras_acts.define("x*x*x", name=name)
    assert [keras_acts.get(name)(2.0) for name in ("first_name", "second_name", "formula: x*x*x")] == [8.0] * 3
    assert keras_acts.names("*t_name") == ["first_name"]
    assert repr(keras_acts.get("first_name")) == "first_name"


def test_the_package_of_a_declaration_is_the_module_that_must_be_imported(registering):
    @keras_acts.activation(formula="x")
    def somebodys(x):
        return x

    assert keras_acts.info("somebodys").registered_name == "test_registry>activations.somebodys"


@pytest.mark.parametrize("taken", ["snake", "swish", "linear"])
def test_a_taken_name_is_an_error(registering, taken):
    before = state()
    owner = keras_acts.info(taken).registered_name
    with pytest.raises(
        ValueError, match=rf"The activation name '{taken}' is already in use by '{owner}'\..*`replace=True`"
    ):
        keras_acts.activation(name=taken, formula="x", package="mine")(lambda x: x)
    assert state() == before


def test_a_taken_name_can_be_replaced(registering):
    ours = keras_acts.get("snake")

    @keras_acts.activation(formula="3 x", package="mine", replace=True)
    def snake(x):
        return 3.0 * x

    assert keras_acts.get("snake") is snake
    assert keras.layers.Dense(1, activation="snake").activation is snake
    assert keras_acts.names("snake") == ["snake"]
    # Files written with the old one still get the old one.
    assert keras_acts.get("keras_acts>snake") is ours
    assert keras.activations.get(keras.activations.serialize(ours)) is ours

    @keras_acts.activation(name="snake", formula="4 x", package="mine", replace=True)
    def again(x):
        return 4.0 * x

    assert keras_acts.get("snake") is keras_acts.get("mine>snake") is again


def without_first_argument():
    return 0.0


def without_param(x, beta=1.0):
    return beta * x


def without_default(x, beta: Annotated[float, keras_acts.Param("scale")]):
    return beta * x


def of_text(x, beta: Annotated[str, keras_acts.Param("scale")] = "a"):
    return x


def out_of_its_range(x, beta: Annotated[float, keras_acts.Param("scale", low=0.0)] = -1.0):
    return beta * x


def below_nothing(x, low: Annotated[float, keras_acts.Param("lower end", below="height")] = 0.0):
    return x


def crossed(
    x,
    low: Annotated[float, keras_acts.Param("lower end", below="high")] = 3.0,
    high: Annotated[float, keras_acts.Param("upper end")] = 1.0,
):
    return x


def plain(x):
    return x


NEEDS = "Each parameter of '{0}' needs a default and a `Param`, such as `beta: Annotated[float, Param('what it does'"

FAULTY = {
    "no argument": (
        without_first_argument,
        {},
        "'without_first_argument' must take the input tensor as its first argument",
    ),
    "no Param": (without_param, {}, NEEDS.format("without_param")),
    "no default": (without_default, {}, NEEDS.format("without_default")),
    "not a number": (of_text, {}, "`beta` of 'of_text' must be a float, int or bool"),
    "default": (out_of_its_range, {}, "`beta` of 'out_of_its_range' must be a finite number >= 0. Received: beta=-1.0"),
    "name": (plain, {"name": "a b"}, "The name of an activation must be an identifier. Received: name='a b'"),
    "lambda": (lambda x: x, {}, "The name of an activation must be an identifier. Received: name='<lambda>'"),
    "trait": (plain, {"traits": ["bouncy"]}, "'bouncy' is not a valid Trait"),
    "below": (below_nothing, {}, "`below` of `low` of 'below_nothing' must name a parameter. Received: 'height'"),
    "defaults": (crossed, {}, "`low` of 'crossed' must be smaller than `high`. Received: low=3.0, high=1.0"),
    "alias": (plain, {"aliases": {"torch": "Plain(alpha="}}, "Received: 'Plain(alpha='"),
    "alias of ours": (
        plain,
        {"aliases": {"torch": "Mine LeakyReLU"}},
        "'torch:LeakyReLU' of 'plain' is already in use by",
    ),
    "alias in place": (
        plain,
        {"aliases": {"torch jax": "leaky_relu_"}},
        "already in use by 'keras_acts>activations.leaky_",
    ),
    "plain alias": (
        plain,
        {"aliases": {"keras": "swish"}},
        "'keras:swish' of 'plain' is already in use by 'keras_acts>",
    ),
    "name as alias": (
        plain,
        {"aliases": {"keras": "relu"}},
        "'keras:relu' of 'plain' is already in use by 'keras_acts>",
    ),
    "alias parameter": (plain, {"aliases": {"torch": "Plain(alpha=1)"}}, "'plain' has no parameter `alpha`"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_declaration_is_an_error_and_registers_nothing(registering, fault):
    body, options, text = FAULTY[fault]
    before = state()
    with pytest.raises((ValueError, TypeError)) as caught:
        keras_acts.activation(formula="x", package="mine", **options)(body)
    assert text in str(caught.value)
    assert state() == before
    with pytest.raises(ValueError, match="Unknown activation"):
        keras_acts.get("plain")


def test_the_body_stays_usable_after_an_error(registering):
    with pytest.raises(ValueError, match="already in use"):
        keras_acts.activation(name="snake", formula="x", package="mine")(plain)
    assert keras_acts.activation(formula="x", package="mine")(plain) is keras_acts.get("plain")


# ---- Spec strings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("elu", ("elu", (), {})),
        ("elu()", ("elu", (), {})),
        ("elu(0.5)", ("elu", (0.5,), {})),
        ("a>b(1, c=-2, d=None, e=True)", ("a>b", (1,), {"c": -2, "d": None, "e": True})),
        ("torch:ELU(alpha=1e-3)", ("torch:ELU", (), {"alpha": 1e-3})),
    ],
)
def test_spec_strings_are_parsed_and_written(text, parsed):
    assert spec.parse(text) == parsed
    name, args, kwargs = parsed
    if not args:
        assert spec.parse(spec.format(name, kwargs)) == parsed


PIECES = r"""( ) [ { alpha= elu elu( relu( , * ** = 1e999 - ~ ' " \ f'{1}' lambda:0 __import__('os') := # ; > : torch:
    é ١ nan None 1if 0_0 1j ... b'' not await yield \N{"""
evil = st.sampled_from([*PIECES.split(), " ", "\n", "\f", "\x00", "\ud800", "\u2028", "0x" + "f" * 270, "9" * 200])
texts = st.one_of(
    st.text(), st.lists(evil, max_size=12).map("".join), st.text().map(lambda inside: f"elu(alpha={inside})")
)


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # Python's own, on literals such as `1if`
@hypothesis.settings(max_examples=600, deadline=None, database=None)
@hypothesis.example("elu(" + "(" * 200 + ")" * 200 + ")")
@hypothesis.example("elu(" + "[" * 280)
@hypothesis.example("elu(" + "-" * 280 + "1)")
@hypothesis.example("elu(" * 5000)
@hypothesis.example("elu(alpha=0x" + "f" * 280 + ")")
@hypothesis.example("elu(alpha=9" + "9" * 100_000 + ")")
@hypothesis.example("elu(alpha=1e999999999)")
@hypothesis.example("elu(alpha={[]: 1})")
@hypothesis.example("softmax(axis=0x" + "f" * 280 + ")")
@hypothesis.example("elu(alpha='\\ud800')")
@hypothesis.given(texts)
def test_any_string_gives_an_activation_or_a_clear_error(text):
    try:
        got = keras_acts.get(text)
    except (ValueError, TypeError) as error:
        got = error
    assert isinstance(got, (types.FunctionType, keras_acts.BoundActivation)) or "Received: " in str(got)


@hypothesis.settings(max_examples=100, deadline=None, database=None)
@hypothesis.given(st.one_of(st.just(0.0), st.floats(min_value=1e-9, max_value=1e9)))
def test_every_legal_number_is_kept_exactly(alpha):
    bound = keras_acts.get("elu", alpha=alpha)
    assert keras_acts.get(repr(bound)).params == {"alpha": alpha}
    assert copy.deepcopy(bound) == bound


def test_spec_strings_are_never_evaluated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for payload in (
        "__import__('os').mkdir('x')",
        "open('x', 'w')",
        "[open('x', 'w') for _ in (1,)]",
        "(lambda: open('x', 'w'))()",
    ):
        for text in (
            f"elu(alpha={payload})",
            f"elu({payload})",
            f"elu(**{payload})",
            f"elu(alpha=1)({payload})",
            f"{payload}(1)",
        ):
            with pytest.raises(ValueError, match="Received: "):
                keras_acts.get(text)
    assert not list(tmp_path.iterdir())


def test_info_reads_well():
    *record, source = repr(keras_acts.info("celu")).splitlines()
    assert record == [
        "celu: ELU with a continuous derivative for every alpha.",
        "  formula: max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1)",
        "  alpha = 1.0: depth and reach of the negative branch",
        "  traits: monotonic",
        "  range: (-1.0, inf)",
        "  smoothness: C^1, a seam at 0",
        "  initializer: VarianceScaling(scale=1.5505) by keras_acts.paired; gain 1.2452",
        "  paper: arXiv:1704.07483",
        "  aliases: keras: celu; timm: celu; jax: celu(alpha=1.0); flax: celu(alpha=1.0); "
        "torch: CELU(alpha=1.0), celu(alpha=1.0); onnx: Celu(alpha=1.0)",
    ]
    assert source.startswith("  source: keras_acts/activations/exponential_linear.py:")
