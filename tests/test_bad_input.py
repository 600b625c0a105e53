"""What goes wrong is said in one error with the received value, what was expected, and how to fix it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_acts

NAMES = keras_acts.names()
X = np.float32([[-1.0, 2.0]])


def in_a_layer(text):
    return keras.layers.Dense(1, activation=text)


LISTS_ALL = "`keras_acts.names()` lists all."
MALFORMED = (
    "An activation string must be a name, or a name with literal parameters such as 'elu(alpha=0.5)' "
    "(at most 300 characters). Received: {!r}"
)


@pytest.mark.parametrize("get", [keras_acts.get, in_a_layer])
@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        # unknown name
        ("sanke", ValueError, f"Unknown activation. Did you mean 'snake'? {LISTS_ALL} Received: 'sanke'"),
        ("LeakyReLU", ValueError, f"Unknown activation. Did you mean 'leaky_relu'? {LISTS_ALL} Received: 'LeakyReLU'"),
        ("hardswish", ValueError, f"Unknown activation. Did you mean 'hard_silu'? {LISTS_ALL} Received: 'hardswish'"),
        ("gelu_new", ValueError, f"Unknown activation. Did you mean 'gelu_tanh'? {LISTS_ALL} Received: 'gelu_new'"),
        ("xyzzy", ValueError, f"Unknown activation. {LISTS_ALL} Received: 'xyzzy'"),
        ("xyzzy(alpha=1)", ValueError, f"Unknown activation. {LISTS_ALL} Received: 'xyzzy'"),
        ("torch:Xyzzy", ValueError, f"Unknown activation. {LISTS_ALL} Received: 'torch:Xyzzy'"),
        ("", ValueError, f"Unknown activation. {LISTS_ALL} Received: ''"),
        # a layer's name
        (
            "PReLU",
            ValueError,
            "'PReLU' is not an activation function but a layer, with weights, randomness or a change of shape. "
            "Add the layer instead: keras_acts.layers.PReLU(). Received: 'PReLU'",
        ),
        (
            "prelu",
            ValueError,
            "'prelu' is not an activation function but a layer, with weights, randomness or a change of shape. "
            "Add the layer instead: keras_acts.layers.PReLU(). Received: 'prelu'",
        ),
        # unknown parameter
        ("elu(beta=2)", TypeError, "'elu' has no parameter `beta`; it takes `alpha`. Received: beta=2"),
        ("mish(alpha=1.0)", TypeError, "'mish' has no parameter `alpha`; it takes no parameters. Received: alpha=1.0"),
        (
            "hard_tanh(low=0)",
            TypeError,
            "'hard_tanh' has no parameter `low`; it takes `min_val`, `max_val`. Received: low=0",
        ),
        (
            "swish(beta=2)",
            TypeError,
            "'silu' has no parameter `beta`; it takes no parameters. Use 'swish_beta(beta=...)'. Received: beta=2",
        ),
        ("elu(1, 2)", TypeError, "'elu' takes `alpha`. Received: 2 values"),
        ("elu(1, alpha=2)", TypeError, "'elu' takes `alpha`. Received: alpha twice"),
        # out of range, not finite, not a number
        ("elu(alpha=-1.0)", ValueError, "`alpha` of 'elu' must be a finite number >= 0. Received: alpha=-1.0"),
        ("elu(alpha=1e999)", ValueError, "`alpha` of 'elu' must be a finite number >= 0. Received: alpha=inf"),
        ("elu(alpha='1')", ValueError, "`alpha` of 'elu' must be a finite number >= 0. Received: alpha='1'"),
        ("elu(alpha=None)", ValueError, "`alpha` of 'elu' must be a finite number >= 0. Received: alpha=None"),
        ("elu(alpha=True)", ValueError, "`alpha` of 'elu' must be a finite number >= 0. Received: alpha=True"),
        ("celu(alpha=0)", ValueError, "`alpha` of 'celu' must be a finite number > 0. Received: alpha=0"),
        ("snake(0)", ValueError, "`frequency` of 'snake' must be a finite number > 0. Received: frequency=0"),
        ("swish_beta(1j)", ValueError, "`beta` of 'swish_beta' must be a finite number. Received: beta=1j"),
        (
            "relu(max_value=-1)",
            ValueError,
            "`max_value` of 'relu' must be a finite number >= 0 or None. Received: max_value=-1",
        ),
        ("softmax(axis=1.0)", ValueError, "`axis` of 'softmax' must be an integer. Received: axis=1.0"),
        ("gelu(approximate=1)", ValueError, "`approximate` of 'gelu' must be True or False. Received: approximate=1"),
        (
            "hard_tanh(min_val=2)",
            ValueError,
            "`min_val` of 'hard_tanh' must be smaller than `max_val`. Received: min_val=2.0, max_val=1.0",
        ),
        # malformed
        *(
            (text, ValueError, MALFORMED.format(text))
            for text in (
                "elu(alpha=",
                "elu(",
                "(",
                "elu(alpha=0.5",
                "elu(alpha=0.5))",
                "elu(alpha=0.5)(1)",
                "elu(alpha=0.5) + 1",
                "elu(__import__('os'))",
                "elu(alpha=__import__('os').getpid())",
                "elu(alpha=1+1)",
                "elu(*[1])",
                "elu(**{'alpha': 1})",
                "elu(alpha=1, alpha=2)",
            )
        ),
        ("elu(alpha=" + "1" * 300 + ")", ValueError, MALFORMED.format("elu(alpha=" + "1" * 290 + "...")),
    ],
)
def test_bad_string(get, text, error, message):
    with pytest.raises(error) as caught:
        get(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "shown"), [(float("nan"), "nan"), (float("-inf"), "-inf"), (10**400, repr(10**400)), ([1.0], "[1.0]")]
)
def test_bad_parameter_value(value, shown):
    message = f"`alpha` of 'elu' must be a finite number >= 0. Received: alpha={shown}"
    for use in (lambda: keras_acts.get("elu", alpha=value), lambda: keras_acts.activations.elu(X, alpha=value)):
        with pytest.raises(ValueError, match="of 'elu' must be") as caught:
            use()
        assert str(caught.value) == message


def test_bad_parameter_of_a_function_called_directly():
    with pytest.raises(TypeError) as caught:
        keras_acts.activations.elu(X, beta=2.0)
    assert str(caught.value) == "'elu' has no parameter `beta`; it takes `alpha`. Received: beta=2.0"
    with pytest.raises(TypeError) as caught:
        keras_acts.activations.mish(X, 1.0)
    assert str(caught.value) == "'mish' takes no parameters. Received: 1 values"


@pytest.mark.parametrize(
    ("identifier", "shown"), [(3, "3 of type int"), ({"a": 1}, "{'a': 1} of type dict"), ([], "[] of type list")]
)
def test_bad_identifier(identifier, shown):
    with pytest.raises(ValueError, match="An activation must be") as caught:
        keras_acts.get(identifier)
    expected = "An activation must be a name, a spec string, a callable or a config dict."
    assert str(caught.value) == f"{expected} Received: {shown}"


def test_parameters_for_what_is_not_ours():
    with pytest.raises(TypeError) as caught:
        keras_acts.get(abs, alpha=0.5)
    assert str(caught.value) == (
        "Only activations of keras_acts take parameters. Received: <built-in function abs> with (alpha=0.5)"
    )


@pytest.mark.parametrize("name", ["sanke", "PReLU"])
def test_info_of_an_unknown_name(name):
    with pytest.raises(ValueError, match="Received: '") as caught:
        keras_acts.info(name)
    with pytest.raises(ValueError, match="Received: '") as of_get:
        keras_acts.get(name)
    assert str(caught.value) == str(of_get.value)


# ---- Bad tensors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_tensor_that_is_not_float(name):
    activation = keras_acts.get(name)

    def in_a_graph(x):
        with tf.Graph().as_default():
            activation(tf.compat.v1.placeholder(x.dtype, (None, None)))

    uses = [
        activation,
        keras_acts.get(f"{name}()"),
        lambda x: activation(x[:0]),
        lambda x: activation(keras.KerasTensor((None, 3), str(x.dtype))),
        in_a_graph,
    ]
    for dtype in ("bool", "int8", "uint8", "int32", "int64", "complex128"):
        message = (
            f"`x` of '{name}' must have a floating-point dtype (float16, bfloat16, float32, float64). "
            f"Received: dtype={dtype}. Cast it first: keras.ops.cast(x, 'float32')"
        )
        for use in uses:
            with pytest.raises(TypeError) as caught:
                use(np.ones((2, 3), dtype))
            assert str(caught.value) == message


def test_number_that_is_not_float():
    with pytest.raises(TypeError, match="Received: dtype=int32"):
        keras_acts.activations.mish(3)


@pytest.mark.parametrize("name", [name for name in NAMES if "axis" in keras_acts.info(name).params])
@pytest.mark.parametrize(
    ("shape", "axis", "expected"),
    [
        ((2, 3), 2, "must be in [-2, 2)"),
        ((2, 3), -3, "must be in [-2, 2)"),
        ((3,), 1, "must be in [-1, 1)"),
        ((), -1, "needs at least one dimension"),
        ((), 0, "needs at least one dimension"),
    ],
)
def test_axis_that_the_input_has_not(name, shape, axis, expected):
    message = f"`axis` of '{name}' {expected} for an input of shape {shape}. Received: axis={axis}"
    for use in (
        lambda: keras_acts.get(name)(np.ones(shape, "float32"), axis=axis),
        lambda: keras_acts.get(name, axis=axis)(np.ones(shape, "float32")),
        lambda: keras_acts.get(name, axis=axis)(keras.KerasTensor(shape)),
    ):
        with pytest.raises(ValueError, match="`axis` of") as caught:
            use()
        assert str(caught.value) == message


def test_axis_error_inside_a_layer_says_the_same():
    layer = keras.layers.Activation("softmax(axis=3)")
    with pytest.raises(ValueError, match=r"`axis` of 'softmax' must be in \[-2, 2\) for an input of shape \(1, 2\)"):
        layer(X)


@pytest.mark.parametrize(
    "wrong", [{"modes": ["xla", "graf"]}, {"modes": []}, {"dtypes": ["float8"]}, {"dtypes": []}, {"modes": "jit"}]
)
def test_a_check_in_an_unknown_dtype_or_mode_or_in_none_is_no_check(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"`{name}` must hold some of .*Received: {name}="):
        keras_acts.testing.check_activation("relu", **wrong)


# ---- Said at once, and with what to write ---------------------------------------------------------------------------

MODEL = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="relu")])


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: keras_acts.info(3), ValueError, "An activation must be a name"),
        (lambda: keras_acts.info(keras.activations.relu), ValueError, "Only activations of keras_acts have a record"),
        (lambda: keras_acts.names(3), ValueError, "`pattern` of names must be a string such as '*lu*'"),
        (lambda: keras_acts.layers.names(["PReLU"]), ValueError, "`pattern` of names must be a string such as '*lu*'"),
        (lambda: keras_acts.layers.info(3), ValueError, "Unknown layer."),
        (lambda: keras_acts.install(override=True), ValueError, "or be 'all'. Received: True"),
        (lambda: keras_acts.install(override=3), ValueError, "or be 'all'. Received: 3"),
        (
            lambda: keras_acts.layers.learnable_parameters(3),
            TypeError,
            "must be a keras.Model or keras.Layer. Received: 3",
        ),
        (lambda: keras_acts.define("x * beta", params={"beta": 1.0}, trainable=True), TypeError, "takes the names"),
        (
            lambda: keras_acts.compare("relu"),
            ValueError,
            "must be a list with something in it. Received: activations='relu'",
        ),
        (lambda: keras_acts.compare(["relu"], data="no.csv"), OSError, "The data file no.csv cannot be read"),
        (lambda: keras_acts.initializers.lsuv(MODEL, [[1.0, 2.0]] * 8), ValueError, "Arrays do: np.asarray(rows)"),
        (
            lambda: keras_acts.initializers.lsuv(MODEL, tf.data.Dataset.from_tensors(X)),
            ValueError,
            "Arrays do: np.asarray(rows), or next(iter(dataset))[0].",
        ),
        (lambda: in_a_layer("formula: x * sigmoid(beta * x)"), ValueError, "or ', beta=1.0' in a string"),
        (lambda: in_a_layer("x * sigmoid(x)"), ValueError, "A formula begins so: 'formula: x * sigmoid(x)'."),
        (lambda: in_a_layer("max(x, 0.1*x)"), ValueError, "A formula begins so: 'formula: max(x, 0.1*x)'."),
        (lambda: in_a_layer("x**2"), ValueError, "A formula begins so: 'formula: x**2'."),
        (lambda: keras_acts.get("torch:softmax"), TypeError, "as in 'torch:softmax(dim=-1)'"),
        (lambda: keras_acts.layers.get("torch:softmax"), ValueError, "Activation('torch:Softmax(dim=-1)')"),
        (lambda: keras_acts.get("torch:threshold"), TypeError, "'torch:threshold(threshold=..., value=...)'"),
        (lambda: keras_acts.paired("gelu", layer="con"), ValueError, "one of 'dense', 'conv', "),
    ],
)
def test_what_to_write_instead_is_said(call, error, said):
    with pytest.raises(error) as caught:
        call()
    assert said in str(caught.value)
    assert "Received:" in str(caught.value) or "cannot be read" in str(caught.value)


def test_the_strings_that_an_error_advises_work():
    keras.layers.Activation("torch:Softmax(dim=-1)")
    keras.layers.Dense(1, activation="formula: x * sigmoid(beta * x), beta=1.0")
    assert keras_acts.paired("gelu", layer="conv").keys() == keras_acts.paired("gelu").keys()


def test_a_record_is_found_by_name_function_and_class():
    assert keras_acts.info(keras_acts.activations.mish) is keras_acts.info("mish")
    assert keras_acts.info(keras_acts.get("elu", alpha=0.5)).defaults == {"alpha": 0.5}
    assert keras_acts.layers.info(keras_acts.layers.PReLU) is keras_acts.layers.info("PReLU")
    assert keras_acts.layers.info(keras_acts.layers.PReLU()) is keras_acts.layers.info("PReLU")


def test_a_users_layer_of_the_same_name_has_no_record_of_ours():
    own = type("PReLU", (keras.layers.Layer,), {})
    with pytest.raises(ValueError, match="Unknown layer"):
        keras_acts.layers.info(own)


def test_names_of_layers_take_a_pattern_in_any_case():
    found = keras_acts.layers.names("*glu*")
    assert {"GLU", "SwiGLU", "GEGLU"} <= set(found)
    assert all("glu" in name.lower() for name in found)


def test_a_named_formula_with_weights_has_no_string_and_the_error_says_so():
    keras_acts.define("x * sigmoid(beta * x)", name="a_learned_one", params={"beta": 1.0}, trainable=("beta",))
    for look in (keras_acts.get, keras_acts.info, keras_acts.layers.get, keras_acts.layers.info, in_a_layer):
        with pytest.raises(ValueError, match=r"It is a layer that `define` returned.*Received: 'a_learned_one'"):
            look("a_learned_one")


def test_nothing_private_is_suggested():
    with pytest.raises(AttributeError) as caught:
        keras_acts.pair  # noqa: B018
    assert str(caught.value) == "module 'keras_acts' has no attribute 'pair'. Did you mean keras_acts.paired?"


def test_the_families_in_an_error_are_files_and_no_script():
    script = {"__name__": "__main__", "keras_acts": keras_acts}
    known = keras_acts.core.registry.Registry.snapshot(keras_acts.core.activation.activations)
    try:
        exec("@keras_acts.activation(formula='x', package='s')\ndef of_a_script(x):\n    return x", script)
        with pytest.raises(ValueError, match="`family` must be one of") as caught:
            keras_acts.names(family="x")
        assert "__main__" not in str(caught.value)
        assert "of_a_script" in keras_acts.names(family="__main__")
    finally:
        keras_acts.core.activation.activations.restore(known)
