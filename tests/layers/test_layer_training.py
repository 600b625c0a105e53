"""Layers in training: weight decay, constraints, several devices, another process, and what Snake is for."""

import os
from pathlib import Path

import fresh_process
import keras
import numpy as np
import pytest
from backends import assert_close, assert_same, gradients, values
from keras import ops

from keras_acts import layers
from keras_acts.core.keras_bridge import float64

STEPS = 600
TESTS = Path(__file__).parents[1]


def test_weight_decay_leaves_learnable_parameters_alone():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, name="dense"), layers.PReLU(), layers.Swish(), layers.DynamicTanh()]
    )
    bends = layers.learnable_parameters(model)
    assert [variable.name for variable in bends] == ["alpha", "beta", "alpha", "gamma", "beta"]
    optimizer = keras.optimizers.AdamW(learning_rate=0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=bends)
    before = [values(variable) for variable in model.trainable_variables]
    optimizer.apply([ops.zeros(variable.shape) for variable in model.trainable_variables], model.trainable_variables)
    for variable, value in zip(model.trainable_variables, before, strict=True):
        decayed = not any(variable is bend for bend in bends)
        assert_close(variable, value * (0.95 if decayed else 1.0), rtol=1e-6)


def test_learnable_parameters_of_nested_models_count_once_and_must_exist():
    act = layers.PReLU()
    inputs = keras.Input((4,))
    inner = keras.Model(inputs, act(keras.layers.Dense(4)(act(inputs))))
    outer = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(2)])
    assert len(layers.learnable_parameters(outer)) == 1
    assert layers.learnable_parameters(outer)[0] is act.alpha
    with pytest.raises(ValueError, match="The weights of 'late' do not exist yet"):
        layers.learnable_parameters(keras.Sequential([layers.PReLU(name="late")]))


def test_regularizer_constraint_and_freezing():
    layer = layers.PReLU(alpha_regularizer=keras.regularizers.L2(0.5), alpha_constraint="non_neg")
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(keras.optimizers.SGD(10.0), "mse")
    assert values(sum(model.losses)) == pytest.approx(0.5 * 2 * 0.25**2)
    x = -np.ones((8, 2), "float32")
    model.fit(x, np.full_like(x, 5.0), verbose=0)
    assert_same(layer.get_weights()[0], [0.0, 0.0])
    again = layers.PReLU.from_config(layer.get_config())
    assert again.alpha_regularizer.l2 == 0.5
    assert isinstance(
        again.alpha_constraint,
        keras.constraints.NonNegative if hasattr(keras.constraints, "NonNegative") else keras.constraints.NonNeg,
    )
    layer.trainable = False
    assert not model.trainable_weights


def test_pelu_keeps_its_weights_away_from_0():
    layer = layers.PELU()
    model = keras.Sequential([keras.Input((2,)), layer])
    model.compile(keras.optimizers.SGD(100.0), "mse")
    x = np.ones((8, 2), "float32")
    model.fit(x, -x, verbose=0)
    assert min(values(layer.alpha), values(layer.beta)) == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["PReLU", "TLU", "Snake", "StarReLU", "DynamicTanh", "LearnableAffine"])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
def test_gradients_of_weights_are_not_summed_in_half_precision(name, policy):
    """In float16 a sum of more than 65,504 ones is infinite, and 2,048 + 1 is 2,048; in bfloat16 256 + 1 is 256."""

    def of_weights(policy):
        layer = layers.get(name, dtype=policy)
        layer.build((None, 1))
        x = np.tile(np.array([[-1.5], [0.5]], "float16"), (30000, 1))
        scale = 2.0 if policy == "float16" else 1.0  # the gradient of a float16 weight must itself be a float16 number

        def total():
            return ops.sum(ops.cast(layer(ops.cast(x, layer.compute_dtype)), layer.wide_dtype)) / scale

        found = gradients(total, layer.trainable_weights)
        return [np.asarray(gradient, "float64").ravel() * scale for gradient in found]

    for actual, expected in zip(of_weights(policy), float64()(of_weights)("float64"), strict=True):
        assert_close(actual, expected, rtol=2e-3 if policy == "float16" else 1e-5, atol=1e-3)


@pytest.mark.nightly
def test_several_devices_give_what_one_gives(tmp_path):
    """A step of SGD on two logical CPUs, for every layer: the same weights as on one device."""
    printed = fresh_process.run(
        """
        import logging
        import numpy as np
        import tensorflow as tf

        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        import keras
        from keras_acts.testing.layer_subject import sample
        from layers.examples import ONE_EACH

        # Both devices see the same samples, as batch statistics differ otherwise.
        x = [np.tile(sample(example.shape, batch=4), (2, *(1 for _ in example.shape))) for example in ONE_EACH]

        def new_model():
            keras.utils.set_random_seed(0)
            inputs = [keras.Input(example.shape) for example in ONE_EACH]
            # Inputs within half a bandwidth of its threshold are all that this one learns from.
            wide = {"JumpReLU": {"bandwidth": 8.0}}
            made = [each.layer(name=f"e{number}", **wide.get(each.name, {})) for number, each in enumerate(ONE_EACH)]
            outputs = [keras.layers.Flatten()(layer(x)) for layer, x in zip(made, inputs)]
            return keras.Model(inputs, keras.layers.Concatenate()(outputs)), made

        model, made = new_model()
        before = [layer.get_weights() for layer in made]
        trainable = [len(layer.trainable_weights) for layer in made]
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model([part[:4] for part in x], training=True) - 1.0) ** 2)
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        keras.optimizers.SGD(0.1).apply(gradients, model.trainable_variables)
        one = [layer.get_weights() for layer in made]

        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
        assert strategy.num_replicas_in_sync == 2
        with strategy.scope():
            model, made = new_model()
            model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
        model.fit(x, np.ones((8, model.output_shape[-1])), batch_size=8, verbose=0, shuffle=False)
        two = [layer.get_weights() for layer in made]

        for example, old, a, b, learned in zip(ONE_EACH, before, one, two, trainable):
            for x, y in zip(a, b):
                if x.dtype.kind == "f":  # the others are states of random numbers
                    np.testing.assert_allclose(y, x, rtol=1e-4, atol=1e-6, err_msg=str(example))
            if learned:
                assert any(np.any(x != y) for x, y in zip(old, a)), str(example)
            print(example.name)
        """,
        tmp_path,
        PYTHONPATH=os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
    )
    assert set(printed.split()) == set(layers.names())


@pytest.mark.slow
def test_another_process_loads_the_model(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((5, 4, 3)),
            layers.FReLU(),
            layers.MetaACON(reduction=2),
            keras.layers.Flatten(),
            keras.layers.Dense(6),
            layers.PReLU(),
            layers.Rational("gelu"),
            layers.PELU(),
            layers.LearnableAffine("elu(alpha=0.5)"),
        ]
    )
    rng = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(rng.uniform(0.2, 0.6, weight.shape))
    x = rng.normal(size=(3, 5, 4, 3)).astype("float32")
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", values(model(x)))
    model.save(tmp_path / "m.keras")
    fresh_process.run(
        """
        import keras, keras_acts
        import numpy as np
        model = keras.models.load_model("m.keras")
        np.testing.assert_allclose(model(np.load("x.npy")), np.load("y.npy"), rtol=1e-6, atol=1e-6)
        """,
        tmp_path,
    )


@pytest.mark.slow
def test_snake_extrapolates_a_sine_and_others_do_not():
    """The experiment of arXiv:2006.08195 in small: learn sin(x) on [-10, 10], judge it on 10 < |x| < 20."""
    x = np.linspace(-10.0, 10.0, 400, dtype="float32")[:, None]
    beyond = np.concatenate([np.linspace(-20.0, -10.0, 200), np.linspace(10.0, 20.0, 200)]).astype("float32")[:, None]
    errors = {}
    for name, activation in {
        "snake": lambda: layers.Snake(frequency_initializer=keras.initializers.RandomUniform(0.5, 2.0, seed=1)),
        "relu": lambda: keras.layers.Activation("relu"),
        "tanh": lambda: keras.layers.Activation("tanh"),
    }.items():
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(64), activation(), keras.layers.Dense(1)])
        # Many steps in one call of the compiled function: the epochs of `fit` cost more than the arithmetic.
        model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False, steps_per_execution=STEPS)
        model.fit(np.tile(x, (STEPS, 1)), np.tile(np.sin(x), (STEPS, 1)), batch_size=len(x), shuffle=False, verbose=0)
        errors[name] = float(np.mean((values(model(beyond)) - np.sin(beyond)) ** 2))
    assert errors["snake"] * 10 < min(errors["relu"], errors["tanh"]), errors
