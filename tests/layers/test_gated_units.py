"""Gated linear units against torch and against the formulas of the models that use them, written in numpy."""

import keras
import numpy as np
import pytest
from backends import assert_close, assert_same, values
from mpmath import mp
from scipy.special import ndtr

from keras_acts import layers
from keras_acts.analysis.gradients import derivatives


def sample(*shape, size=2.0):
    return np.random.default_rng(0).normal(size=shape) * size


def silu(x):
    return x / (1.0 + np.exp(-x))


def gelu_tanh(x):
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)))


# Of each unit: its formula in gate and up, as in the source of the model that has it.
FORMULAS = {
    "GLU": lambda g, u: u / (1.0 + np.exp(-g)),
    "SwiGLU": lambda g, u: silu(g) * u,
    "SwiGLU(alpha=1.702)": lambda g, u: g / (1.0 + np.exp(-1.702 * g)) * u,
    "GEGLU": lambda g, u: g * ndtr(g) * u,
    "GEGLU(approximate=True)": lambda g, u: gelu_tanh(g) * u,
    "ReGLU": lambda g, u: np.maximum(g, 0.0) * u,
    "ReLU2GLU": lambda g, u: np.maximum(g, 0.0) ** 2 * u,
    "Bilinear": lambda g, u: g * u,
    "GTU": lambda g, u: np.tanh(u) / (1.0 + np.exp(-g)),
    "GLU(activation='relu', up_activation='relu')": lambda g, u: np.maximum(g, 0.0) * np.maximum(u, 0.0),
    "GLU(activation='threshold(threshold=0.5)')": lambda g, u: np.where(g > 0.5, g, 0.0) * u,
    # gpt-oss: gate.clamp(max=limit), up.clamp(-limit, limit), (up + 1) * gate * sigmoid(gate * 1.702)
    "SwiGLUOAI": lambda g, u: (np.clip(u, -7, 7) + 1) * np.minimum(g, 7) / (1 + np.exp(-1.702 * np.minimum(g, 7))),
    # DeepSeek-V4 clamps before silu, Step-3.7 after it.
    "SwiGLUClamped": lambda g, u: silu(np.minimum(g, 10)) * np.clip(u, -10, 10),
    "SwiGLUStep": lambda g, u: np.minimum(silu(g), 7) * np.clip(u, -7, 7),
    # Kimi K3: the sigmoid sees the gate as it is.
    "SiTUGLU": lambda g, u: 4 * np.tanh(g / 4) / (1 + np.exp(-g)) * 25 * np.tanh(u / 25),
    "GLU(activation='gelu', softcap=[4.0, 25.0])": lambda g, u: 4 * np.tanh(g / 4) * ndtr(g) * 25 * np.tanh(u / 25),
}


def test_every_gated_unit_has_a_formula():
    units = {name for name in layers.names() if issubclass(layers.info(name).cls, layers.GLU)}
    assert units == {spec.partition("(")[0] for spec in FORMULAS}


@pytest.mark.float64
@pytest.mark.parametrize("interleaved", [False, True])
@pytest.mark.parametrize("gate_first", [False, True])
@pytest.mark.parametrize("spec", FORMULAS)
def test_value(spec, gate_first, interleaved):
    x = sample(50, 40, size=8.0)
    arguments = {} if spec == "Bilinear" else {"gate_first": gate_first}
    y = layers.get(spec, interleaved=interleaved, dtype="float64", **arguments)(x)
    first, second = (x[:, ::2], x[:, 1::2]) if interleaved else (x[:, :20], x[:, 20:])
    gate, up = (first, second) if gate_first else (second, first)
    assert_close(y, FORMULAS[spec](gate, up), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "gate_first", "interleaved"),
    [
        ("GLU", False, False),
        ("GTU", False, False),
        ("SwiGLU", True, False),
        ("GEGLU", True, False),
        ("ReGLU", True, False),
        ("ReLU2GLU", True, False),
        ("SwiGLUClamped", True, False),
        ("SwiGLUStep", True, False),
        ("SiTUGLU", True, False),
        ("SwiGLUOAI", True, True),
    ],
)
def test_which_half_is_the_gate_without_arguments(name, gate_first, interleaved):
    x = sample(5, 4)
    explicit = layers.get(name, gate_first=gate_first, interleaved=interleaved)
    assert_same(layers.get(name)(x), explicit(x))


@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_glu_is_that_of_keras(axis):
    x = sample(3, 4, 6).astype("float32")
    assert_close(layers.GLU(axis=axis)(x), keras.ops.glu(x, axis=axis), rtol=1e-6, atol=1e-7)


@pytest.mark.second_oracle
@pytest.mark.parametrize("axis", [1, 2, -1, -2])
def test_glu_is_that_of_torch(axis):
    torch = pytest.importorskip("torch", reason="torch is a second oracle, not a dependency of the tests")
    x = sample(3, 4, 6).astype("float32")
    expected = torch.nn.functional.glu(torch.from_numpy(x), dim=axis)
    assert_close(layers.GLU(axis=axis)(x), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.float64
@pytest.mark.parametrize("interleaved", [False, True])
def test_split_along_another_axis(interleaved):
    x = sample(3, 4, 6)
    moved = np.moveaxis(x, 1, 2)
    y = layers.SwiGLU(interleaved=interleaved, axis=1, dtype="float64")(x)
    expected = layers.SwiGLU(interleaved=interleaved, dtype="float64")(moved)
    assert_same(y, np.moveaxis(np.asarray(expected), 1, 2))


@pytest.mark.parametrize("gate", [-30.0, -1.0, -1e-3, -1e-20, 0.0, 1e-20, 1e-6, 0.3, 3.999, 4.001, 9.0, 300.0])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [pytest.param("float64", 1e-14, marks=pytest.mark.float64), ("float32", 1e-6)]
)
def test_softcap_and_its_derivatives(gate, dtype, tolerance):
    """The quotient tanh(z) / z has no trouble at 0, nor have its derivatives."""
    layer = layers.SiTUGLU(dtype=dtype)
    rounded = float(np.asarray(gate, dtype))
    up = np.asarray([[2.0]], dtype)
    g = keras.ops.convert_to_tensor(np.asarray([[gate]], dtype))
    found = derivatives(lambda g: layer(keras.ops.concatenate([g, up], axis=-1)), g, orders=2)
    y, derivative, second_derivative = (float(values(each)[0, 0]) for each in found)

    def exact(g):
        return 4 * mp.tanh(g / 4) / (1 + mp.exp(-g)) * 25 * mp.tanh(mp.mpf(2) / 25)

    with mp.workdps(40):
        wanted = [float(mp.diff(exact, mp.mpf(rounded), n)) for n in (0, 1, 2)]
    assert y == pytest.approx(wanted[0], rel=20 * tolerance, abs=1e-37)
    assert derivative == pytest.approx(wanted[1], rel=20 * tolerance, abs=20 * tolerance)
    assert second_derivative == pytest.approx(wanted[2], rel=100 * tolerance, abs=100 * tolerance)


def test_presets_are_saved_with_what_they_leave_open():
    layer = layers.SwiGLUOAI(limit=5.0)
    config = layer.get_config()
    assert config["limit"] == 5.0
    assert "activation" not in config
    assert type(layer).from_config(config).up_shift == 1.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.SwiGLU()(sample(2, 5)), "SwiGLU makes one channel of each 2: .* Received: 5 channels"),
        (
            lambda: layers.GLU().compute_output_shape((None, 5)),
            "GLU makes one channel of each 2: their number must be divisible by 2",
        ),
        (lambda: layers.GLU()(keras.Input((3, None))), "GLU needs a known number of channels: the size of axis -1"),
        (
            lambda: layers.GLU(axis=2)(sample(2, 4)),
            "`axis` of GLU must be an axis after the batch axis. Received: axis=2",
        ),
        (lambda: layers.GLU(axis=0), "`axis` of GLU must be an integer other than 0"),
        (lambda: layers.GLU("silo"), "Unknown activation. Did you mean 'silu'"),
        (lambda: layers.GLU(alpha=0.0), "`alpha` of GLU must be a finite number > 0. Received: alpha=0.0"),
        (
            lambda: layers.SwiGLUOAI(limit=-1.0),
            "`limit` of SwiGLUOAI must be a finite number > 0. Received: limit=-1.0",
        ),
        (lambda: layers.GLU(clamp_position="behind"), "`clamp_position` of GLU must be one of 'before', 'after'"),
        (lambda: layers.SiTUGLU(softcap=4.0), "`softcap` of SiTUGLU must be two numbers > 0, for gate and up"),
        (lambda: layers.SiTUGLU(softcap=(4.0, 0.0)), "`softcap` of SiTUGLU must be a finite number > 0"),
        (lambda: layers.GLU(limit=1.0, softcap=(1.0, 1.0)), "`limit` and `softcap` of GLU are two ways to bound"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("layer", ["GLU", "SwiGLU", "Maxout", "CReLU"])
@pytest.mark.parametrize("host", ["Dense", "LSTM"])
def test_a_change_of_shape_cannot_be_an_activation_argument(layer, host):
    message = rf"{layer} changes the number of channels, so it cannot be the `activation` of {host}.* layer"
    with pytest.raises(ValueError, match=message):
        getattr(keras.layers, host)(6, activation=layers.get(layer))


# ---- GatedDense ------------------------------------------------------------------------------------------------------


@pytest.mark.float64
def test_gated_dense_is_two_projections():
    layer = layers.GatedDense(4, "GEGLU", use_bias=True, bias_initializer="random_normal", dtype="float64")
    x = sample(3, 7, 5)
    y = layer(x)
    kernel, bias = (keras.ops.convert_to_numpy(w) for w in layer.weights)
    gate, up = x @ kernel[:, :4] + bias[:4], x @ kernel[:, 4:] + bias[4:]
    assert_close(y, gate * ndtr(gate) * up, rtol=1e-12, atol=1e-14)


def test_two_thirds_keeps_the_number_of_weights():
    """Of a feed-forward block, as arXiv:2002.05202 has it: three matrices of 2/3 the width for two."""

    def block(*hidden):
        return keras.Sequential([keras.Input((96,)), *hidden, keras.layers.Dense(96, use_bias=False)]).count_params()

    plain = block(keras.layers.Dense(384, use_bias=False, activation="gelu"))
    assert block(layers.GatedDense(384, two_thirds=True)) == plain
    assert block(layers.GatedDense(384)) == 1.5 * plain


@pytest.mark.parametrize(
    ("units", "multiple_of", "width"), [(16384, 256, 11008), (384, 1, 256), (100, 1, 66), (3, 8, 8)]
)
def test_two_thirds_rounds_as_llama_does(units, multiple_of, width):
    """LLaMA 7B: int(2 * 16384 / 3) = 10922, up to a multiple of 256: 11008."""
    layer = layers.GatedDense(units, two_thirds=True, multiple_of=multiple_of)
    assert layer.compute_output_shape((None, 4)) == (None, width)


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have a `quantize` method:UserWarning")
@pytest.mark.parametrize("name", ["GatedDense", "MaxoutDense"])
def test_kernels_of_fused_layers_are_quantized(name, tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((64,)), layers.get(name, units=32), keras.layers.Dense(4)])
    model.save_weights(tmp_path / "m.weights.h5")
    model.quantize("int8")  # before the first call
    float_model = keras.Sequential([keras.Input((64,)), layers.get(name, units=32), keras.layers.Dense(4)])
    float_model.load_weights(tmp_path / "m.weights.h5")
    x = sample(20, 64).astype("float32")
    before = values(float_model(x))
    assert keras.backend.standardize_dtype(model.layers[0].kernel.dtype) == "int8"
    assert np.max(np.abs(values(model(x)) - before)) <= 0.05 * np.max(np.abs(before))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert_same(loaded(x), model(x))


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have a `quantize` method:UserWarning")
@pytest.mark.parametrize(
    "inner", [lambda: layers.Swish(beta_initializer=1.5), keras.layers.PReLU], ids=["ours", "keras"]
)
@pytest.mark.filterwarnings("ignore:Layer PReLU does not have a `quantize` method:UserWarning")
def test_a_unit_with_weights_keeps_them_and_its_kernel_is_quantized(inner, tmp_path):
    model = keras.Sequential([keras.Input((6,)), layers.GatedDense(4, layers.GLU(inner()), name="gated")])
    assert len(model.trainable_weights) == 2  # kernel, and beta or alpha, before the first call
    model.trainable_weights[1].assign(np.full(model.trainable_weights[1].shape, 0.7))
    x = sample(20, 6).astype("float32")
    before = values(model(x))
    model.quantize("int8")
    assert keras.backend.standardize_dtype(model.layers[0].kernel.dtype) == "int8"
    assert np.max(np.abs(values(model(x)) - before)) <= 0.05 * np.max(np.abs(before))
    model.save(tmp_path / "m.keras")
    assert_same(keras.models.load_model(tmp_path / "m.keras")(x), model(x))


@pytest.mark.parametrize("unit", ["SwiGLU", lambda: layers.GLU(layers.Swish())], ids=["name", "layer"])
@pytest.mark.parametrize(
    "policy", ["mixed_float16", "mixed_bfloat16", pytest.param("float64", marks=pytest.mark.float64)]
)
def test_the_dtype_of_a_gated_layer_is_that_of_its_unit(policy, unit):
    """From arguments, from a config with another dtype, and in a clone; weights stay wide."""
    make = unit if callable(unit) else lambda: unit
    direct = layers.GatedDense(4, make(), dtype=policy)
    plain = layers.GatedDense(4, make()).get_config()
    for layer in (
        direct,
        layers.GatedDense.from_config({**plain, "dtype": policy}),
        keras.models.clone_model(keras.Sequential([keras.Input((6,)), direct])).layers[0],
    ):
        assert layer.unit.compute_dtype == layer.compute_dtype
        assert keras.backend.standardize_dtype(layer(sample(2, 6)).dtype) == layer.compute_dtype
        assert {keras.backend.standardize_dtype(w.dtype) for w in layer.weights} <= {"float32", "float64"}


@pytest.mark.parametrize(
    "spec", ["MaxoutDense(4, pieces=3)", "GatedDense(4, use_bias=True)", "GatedDense(4, 'SwiGLUOAI')"]
)
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_fused_layer_in_half_precision_is_its_unit_of_what_dense_gives(spec, policy):
    fused = layers.get(spec, dtype=policy)
    fused.build((None, 6))
    fused.set_weights([sample(*weight.shape) for weight in fused.weights])
    dense = keras.layers.Dense(fused.kernel.shape[1], use_bias=fused.use_bias, dtype=policy)
    dense.build((None, 6))
    dense.set_weights(fused.get_weights())
    x = keras.ops.cast(sample(3, 6), policy.removeprefix("mixed_"))
    assert_same(*(keras.ops.cast(y, "float32") for y in (fused(x), fused.unit(dense(x)))))


@pytest.mark.parametrize("inner", [layers.PReLU, layers.Swish, keras.layers.PReLU, layers.LearnableAffine])
@pytest.mark.parametrize("outer", [layers.GLU, layers.LearnableAffine, layers.CReLU])
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_a_layer_inside_computes_in_the_precision_of_the_outer_one(inner, outer, policy):
    """One rounding, of the result: that of float32 layers with the same weights."""
    wide = outer(inner(dtype="float32"), dtype="float32")
    narrow = outer(inner(dtype=policy), dtype=policy)
    x = keras.ops.cast(sample(3, 6), policy.removeprefix("mixed_"))
    narrow(x), wide(keras.ops.cast(x, "float32"))
    given = [np.full(weight.shape, 0.3) for weight in wide.weights]
    wide.set_weights(given), narrow.set_weights(given)
    expected = keras.ops.cast(wide(keras.ops.cast(x, "float32")), x.dtype)
    assert_same(keras.ops.cast(narrow(x), "float32"), keras.ops.cast(expected, "float32"))


@pytest.mark.parametrize("outer", [layers.GLU, layers.LearnableAffine, layers.CReLU])
def test_weights_of_a_layer_inside_count_before_the_first_call(outer, tmp_path):
    trained, fresh = (keras.Sequential([keras.Input((4, 6)), outer(layers.PReLU())]) for _ in range(2))
    trained.trainable_weights[-1].assign(values(trained.trainable_weights[-1]) + 0.4)
    trained.save_weights(tmp_path / "m.weights.h5")
    fresh.load_weights(tmp_path / "m.weights.h5")
    x = sample(2, 4, 6).astype("float32")
    assert_same(fresh(x), trained(x))


@pytest.mark.parametrize("name", ["GatedDense", "MaxoutDense"])
def test_fused_layers_learn_by_lora_as_dense_does(name, tmp_path):
    model = keras.Sequential([keras.Input((6,)), layers.get(name, units=4)])
    x = sample(20, 6).astype("float32")
    before = values(model(x))
    model.layers[0].enable_lora(2)
    assert_close(model(x), before, rtol=1e-6)
    rng = np.random.default_rng(0)
    for weight in (model.layers[0].lora_kernel_a, model.layers[0].lora_kernel_b):
        assert any(weight is trained for trained in model.trainable_weights)
        weight.assign(rng.normal(size=weight.shape))
    assert np.max(np.abs(values(model(x)) - before)) > 0.1
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert_close(loaded(x), model(x), rtol=1e-5, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Layer InputLayer does not have a `quantize` method:UserWarning")
@pytest.mark.parametrize("quantized", [False, True])
@pytest.mark.parametrize("name", ["GatedDense", "MaxoutDense"])
def test_lora_of_a_file_is_that_of_dense(name, quantized, tmp_path):
    """The product is that of a Dense layer with the same weights, in the file and out of it."""
    rng = np.random.default_rng(0)
    fused, dense = layers.get(name, units=4, use_bias=True), keras.layers.Dense(8)
    models = [keras.Sequential([keras.Input((6,)), layer]) for layer in (fused, dense)]
    for weights in zip(fused.weights, dense.weights, strict=True):
        value = rng.normal(size=weights[0].shape)
        for weight in weights:
            weight.assign(value)
    for model, layer in zip(models, (fused, dense), strict=True):
        if quantized:
            model.quantize("int8")
        layer.enable_lora(2)
    for attribute in ("lora_kernel_a", "lora_kernel_b"):
        value = rng.normal(size=getattr(dense, attribute).shape)
        for layer in (fused, dense):
            getattr(layer, attribute).assign(value)
    x = sample(20, 6).astype("float32")
    for number, model in enumerate(models):
        model.save(tmp_path / f"{number}.keras")
    loaded = [keras.models.load_model(tmp_path / f"{number}.keras") for number in range(2)]
    for first, second in (models, loaded):
        assert_close(first(x), fused.unit(second(x)), rtol=1e-5, atol=1e-5)
        assert first.layers[0].lora_rank == 2


@pytest.mark.parametrize("name", ["GatedDense", "MaxoutDense"])
def test_constraints_hold_in_training_and_are_saved(name):
    layer = layers.get(name, units=4, kernel_constraint=keras.constraints.MaxNorm(0.5), lora_rank=None)
    optimizer = keras.optimizers.SGD(0.1)
    layer.build((None, 6))
    optimizer.apply([keras.ops.ones(layer.kernel.shape) * -20.0], [layer.kernel])
    norms = np.linalg.norm(keras.ops.convert_to_numpy(layer.kernel), axis=0)
    assert_close(norms, 0.5, rtol=1e-5)
    assert type(layer).from_config(layer.get_config()).kernel_constraint.max_value == 0.5
    with pytest.raises(ValueError, match="Lora is incompatible with kernel constraints"):
        layer.enable_lora(2)


def test_what_is_no_argument_is_refused_and_not_lost_in_files():
    with pytest.raises(
        TypeError, match=r"MaxoutDense has no argument `activation`: what follows .* is its unit, Maxout"
    ):
        layers.MaxoutDense(4, activation="relu")
    with pytest.raises(
        TypeError, match=r"ReGLU has no argument `alpha`; GLU\(activation='relu'\) has. Received: alpha=2"
    ):
        layers.ReGLU(alpha=2.0)


@pytest.mark.parametrize("name", ["GatedDense", "MaxoutDense"])
def test_regularizers_count_and_are_saved(name):
    layer = layers.get(name, units=4, kernel_regularizer=keras.regularizers.L2(0.5), kernel_initializer="ones")
    layer.build((None, 3))
    assert values(sum(layer.losses)) == pytest.approx(0.5 * 3 * 8)
    assert type(layer).from_config(layer.get_config()).kernel_regularizer.l2 == 0.5


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.GatedDense(0), "`units` of GatedDense must be an integer >= 1. Received: units=0"),
        (lambda: layers.GatedDense(4, "Maxout"), "`unit` of GatedDense must be a gated linear unit over the last axis"),
        (
            lambda: layers.GatedDense(4, "GLU(axis=1)"),
            "`unit` of GatedDense must be a gated linear unit over the last axis",
        ),
        (lambda: layers.GatedDense(4, multiple_of=0), "`multiple_of` of GatedDense must be an integer >= 1"),
        (lambda: layers.GatedDense(4)(keras.Input((None,))), "GatedDense needs a known number of input channels"),
    ],
)
def test_bad_input_of_gated_dense(call, message):
    with pytest.raises(ValueError, match=message):
        call()
