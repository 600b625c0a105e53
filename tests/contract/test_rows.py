"""Rows on which functions over an axis go wrong: NaN in them, all entries equal, very long, huge, of unknown rank."""

import numpy as np
import pytest
import tensorflow as tf
from over_axis import judged_row, oracle
from subjects import OVER_AXIS

import keras_acts
from keras_acts.testing import evaluation, samples

RANKINGS = ["kwta", "kwta(k=2)", "topk_relu", "topk_relu(k=2)"]
OF_ALL_ENTRIES = [name for name in OVER_AXIS if name not in RANKINGS] + ["entmax(alpha=3.0)", "entmax(alpha=1.1)"]
INF = np.inf


def functions(specs):
    return {spec: keras_acts.get(spec) for spec in specs}


def value_and_gradient(fn, x):
    """The gradient is that of a weighted sum."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = fn(x)
    weights = tf.cos(tf.reshape(tf.cast(tf.range(tf.size(value)), value.dtype), tf.shape(value)))
    return value, tape.gradient(value, x, output_gradients=weights, unconnected_gradients="zero")


def values(fns, x, mode="eager", of=lambda fn, x: fn(x)):
    """What `of` gives for each function, computed in one graph."""

    def all_of_them(x):
        return {spec: of(fn, x) for spec, fn in fns.items()}

    if mode != "eager":
        all_of_them = tf.function(all_of_them, jit_compile=mode == "xla", autograph=False)
    return tf.nest.map_structure(lambda found: np.asarray(found).astype(np.float64), all_of_them(tf.constant(x)))


def units(got, right, eps, tiny):
    """The largest error, in units of the last place."""
    with np.errstate(invalid="ignore"):
        error = np.where(got == right, 0.0, np.abs(got - right) / (eps * np.abs(right) + tiny))
    return np.nan_to_num(error, nan=INF).max()


# ---- NaN -------------------------------------------------------------------------------------------------------------


def rows_with_nan():
    generator = np.random.default_rng(5)
    x = generator.normal(0.0, 3.0, (24, 6)).astype(np.float32)
    for row, other in zip(x, [0.5, -INF, INF] * 8, strict=True):
        row[generator.choice(6, generator.integers(0, 3), replace=False)] = other
        row[generator.choice(6, generator.integers(1, 3), replace=False)] = np.nan
    return np.concatenate([x, np.full((1, 6), np.nan, np.float32), np.float32([[-INF] * 5 + [np.nan]])])


def ranked(row, k, floor):
    """The k largest, of which NaN counts as one; of equal ones the first."""
    order = sorted(range(len(row)), key=lambda i: (-INF if np.isnan(row[i]) else -row[i], i))
    kept = [i for i in order[:k] if row[i] > -INF] + list(np.flatnonzero(np.isnan(row)))
    return [max(v, floor) if i in kept and v == v else v if v != v else 0.0 for i, v in enumerate(row)]


def findings_about_nan(fns):
    x = rows_with_nan()
    by_mode = {mode: values(fns, x, mode, value_and_gradient) for mode in evaluation.MODES}
    for spec in fns:
        right = np.full(x.shape, np.nan)
        if spec.partition("(")[0] in ("kwta", "topk_relu"):
            k = 2 if "k=2" in spec else 32
            right = np.array([ranked(row, k, 0.0 if spec.startswith("topk") else -INF) for row in x])
        for mode, found in by_mode.items():
            value, gradient = found[spec]
            if not np.array_equal(value, right, equal_nan=True):
                yield f"value of {spec} in {mode}"
            if not np.allclose(gradient, by_mode["graph"][spec][1], equal_nan=True):
                yield f"gradient of {spec} differs between graph and {mode}"


LOOPS = [spec for spec in OF_ALL_ENTRIES if "entmax" in spec]  # which XLA takes seconds to compile


in_parts = pytest.mark.parametrize(
    "specs",
    [[spec for spec in OF_ALL_ENTRIES if spec not in LOOPS], RANKINGS, pytest.param(LOOPS, marks=pytest.mark.slow)],
    ids=["of all entries", "rankings", "loops"],
)


@in_parts
def test_nan_in_a_row_is_the_same_in_all_modes(specs):
    assert list(findings_about_nan(functions(specs))) == []


def test_nan_check_bites():
    def by_sorting(x):
        return tf.where(x >= tf.sort(x, axis=-1)[..., -2:-1], x, 0.0)

    def around_nan(x):
        return tf.where(tf.math.is_nan(x), x, tf.nn.softmax(tf.where(tf.math.is_nan(x), 0.0, x)))

    for mutant in ({"softmax": around_nan}, {"kwta(k=2)": by_sorting}):
        assert list(findings_about_nan(mutant))


# ---- Unknown rank ----------------------------------------------------------------------------------------------------


def findings_about_rank(fns):
    traced = tf.function(
        lambda x: {name: fn(x) for name, fn in fns.items()}, input_signature=[tf.TensorSpec(None)], autograph=False
    )
    for shape in ((8,), (3, 8), (2, 3, 8), (2, 1, 3, 8)):
        x = np.random.default_rng(len(shape)).normal(size=shape).astype(np.float32)
        found = traced(x)
        yield from (name for name, fn in fns.items() if not np.allclose(found[name], fn(x), rtol=1e-5, atol=1e-6))


def test_tensors_of_unknown_rank():
    # Of the last axis: another one, tf.nn.softmax itself refuses.
    assert list(findings_about_rank(functions([*OVER_AXIS, *RANKINGS, "entmax(alpha=3.0)"]))) == []


def test_rank_check_bites():
    with pytest.raises(ValueError, match="unknown"):
        list(findings_about_rank({"mutant": lambda x: tf.nn.softmax(x, axis=len(x.shape) - 1)}))


@pytest.mark.parametrize("layer", [keras_acts.layers.GLU(), keras_acts.layers.SwiGLUOAI(), keras_acts.layers.Maxout(2)])
def test_built_layers_take_tensors_of_unknown_rank(layer):
    x = np.random.default_rng(1).normal(size=(3, 5, 8)).astype(np.float32)
    right = layer(x)
    got = tf.function(layer, input_signature=[tf.TensorSpec(None)], autograph=False)(x)
    np.testing.assert_allclose(got, right, rtol=1e-6)


# ---- entmax of equal and almost equal entries ------------------------------------------------------------------------

EQUAL = [(20.0, 100, "float32"), (20.0, 1000, "float32"), (50.0, 8, "float32"), (3.0, 7, "float64")]
EQUAL += [(2.5, 49, "float32")]
LONG = [(10.0, 10**5, "float32"), (10.0, 10**5, "float16"), (100.0, 10**5, "float64")]
EQUAL += [pytest.param(*each, marks=pytest.mark.slow) for each in LONG]


def error_at_equal_entries(fn, alpha, length, dtype):
    """Of the value and the gradient of one entry, in units of the last place."""
    info = samples.finfo(dtype)
    wide = samples.finfo("float32" if dtype == "float16" else dtype)
    worst = 0.0
    for size in (0.0, 0.7, -1e30):
        x = tf.cast(tf.fill([2, length], tf.constant(max(size, -float(info.max)), "float64")), dtype)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = fn(x)
        gradient = tape.gradient(value, x, tf.one_hot([0, 1], length, dtype=dtype)).numpy().astype(np.float64)
        worst = max(worst, units(value.numpy().astype(np.float64), 1.0 / length, float(info.eps), float(info.tiny)))
        slope = float(length) ** (alpha - 2.0) if alpha < 60 else INF
        if np.isfinite(slope) and slope < float(min(info.max, wide.max)):
            right = slope * (np.eye(2, length) - 1.0 / length)
            worst = max(worst, units(gradient, right, float(info.eps), float(info.tiny)))
        elif not np.all(np.isfinite(gradient)) and dtype != "float16":
            return INF
    return worst


@pytest.mark.parametrize(("alpha", "length", "dtype"), EQUAL)
def test_entmax_of_equal_entries(alpha, length, dtype):
    assert error_at_equal_entries(keras_acts.get("entmax", alpha=alpha), alpha, length, dtype) <= 4.0


def test_check_of_equal_entries_bites():
    def by_powers(x):
        power = tf.pow(1.0 / tf.cast(tf.shape(x)[-1], x.dtype), 19.0)
        share = tf.pow(tf.zeros_like(x) + power, 1.0 / 19.0)
        return share / tf.reduce_sum(share, axis=-1, keepdims=True) + 0.0 * x

    assert error_at_equal_entries(by_powers, 20.0, 1000, "float32") > 4.0


def worst_error_at_almost_equal_entries(fn, alpha, dtypes):
    """Of the Jacobian, in units of what rounding the input can cause."""
    generator = np.random.default_rng(3)
    worst = 0.0
    for size in (1e-3, 1e-6, 1e-9):
        row = (0.5 * (size > 1e-9) + size * (0.2 ** (alpha - 2.0)) * generator.normal(size=5)).astype(np.float32)
        _, _, right, conditioning = judged_row(oracle(f"entmax(alpha={alpha})"), row.astype(np.float64))
        for dtype in dtypes:
            x = tf.constant(np.tile(row, (5, 1)).astype(dtype))
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = fn(x)
            got = tape.gradient(value, x, tf.eye(5, dtype=dtype)).numpy().astype(np.float64)
            worst = max(worst, np.max(np.abs(got - right) / (float(samples.finfo(dtype).eps) * conditioning)))
    return worst


@pytest.mark.slow
@pytest.mark.parametrize("alpha", [3.0, 5.0, 10.0])
def test_jacobian_of_entmax_at_almost_equal_entries(alpha):
    fn = keras_acts.get("entmax", alpha=alpha)
    assert worst_error_at_almost_equal_entries(fn, alpha, ("float32", "float64")) <= 4.0


@pytest.mark.slow
def test_check_of_almost_equal_entries_bites():
    @tf.custom_gradient
    def by_shares(x):
        share = keras_acts.get("entmax", alpha=10.0)(x)
        weight = tf.where(share > 0.0, share**-8.0, 0.0)
        total = tf.reduce_sum(weight, axis=-1, keepdims=True)
        return share, lambda v: weight * (v - tf.reduce_sum(weight * v, axis=-1, keepdims=True) / total)

    assert worst_error_at_almost_equal_entries(by_shares, 10.0, ("float32",)) > 4.0


# ---- Long rows in half precision, and huge entries -------------------------------------------------------------------


def error_in_half_precision(fn, dtype, threshold=False):
    """In units of the last place. What an entry has above a threshold has the entry's rounding error in float32."""
    generator = np.random.default_rng(9)
    info = samples.finfo(dtype)
    worst = 0.0
    for size in (1.0, 5.0):
        x = tf.cast(generator.normal(0.0, size, (2, 100_000)), dtype)
        right = fn(tf.cast(x, "float64")).numpy()
        small = float(info.tiny) + threshold * 4.0 * float(np.finfo(np.float32).eps) * float(np.abs(x).max())
        worst = max(worst, units(fn(x).numpy().astype(np.float64), right, float(info.eps), small))
    return worst


@pytest.mark.parametrize(
    "dtype", [pytest.param("float16", marks=pytest.mark.slow), pytest.param("bfloat16", marks=pytest.mark.nightly)]
)
def test_half_precision_is_rounded_once_in_long_rows(dtype):
    """The sums of float32 that are inside are off by 1.5e-5, which is 0.02 units of float16."""
    for name in OF_ALL_ENTRIES:
        sparse = "sparse" in keras_acts.info(name.partition("(")[0]).traits
        assert error_in_half_precision(keras_acts.get(name), dtype, threshold=sparse) <= 0.6, name


def test_check_of_half_precision_bites():
    def shares(x):
        e = tf.exp(x - tf.reduce_max(x, axis=-1, keepdims=True))
        return e / tf.reduce_sum(e, axis=-1, keepdims=True)

    assert error_in_half_precision(shares, "bfloat16") > 0.6


HUGE = [[2e38, 2e38, 2e38], [3e38, -3e38, 3e38], [-3e38, 3e38, -3e38], [3e38, 3.3e38, -3e38], [3e38, 1e20, -1.0]]


def findings_about_huge_entries(fns):
    x = np.float32(HUGE)
    wide = values(fns, x.astype(np.float64))
    largest = float(np.finfo(np.float32).max)
    for mode in evaluation.MODES:
        for spec, value in values(fns, x, mode).items():
            right = wide[spec]
            right = np.where(np.abs(right) > largest, np.copysign(INF, right), right)
            with np.errstate(invalid="ignore"):
                near = np.abs(value - right) <= 1e-5 * np.abs(right) + 1e-37
            if not np.all((value == right) | near):
                yield f"{spec} in {mode}: {value.tolist()} for {right.tolist()}"


@in_parts
def test_huge_entries_in_float32_are_as_in_float64(specs):
    more = ["gaussian_topk(sparsity=0.25)", "gaussian_topk(sparsity=0.75)"] if "gaussian_topk" in specs else []
    assert list(findings_about_huge_entries(functions([*specs, *more]))) == []


def test_check_of_huge_entries_bites():
    def plain_squash(x):
        length = tf.norm(x, axis=-1, keepdims=True)
        return length / (1.0 + length**2) * x

    def plain_topk(x):
        deviation = x - tf.reduce_mean(x, axis=-1, keepdims=True)
        return tf.nn.relu(deviation - 0.6745 * tf.math.reduce_std(x, axis=-1, keepdims=True))

    for mutant in ({"squash": plain_squash}, {"gaussian_topk(sparsity=0.75)": plain_topk}):
        assert list(findings_about_huge_entries(mutant))


@pytest.mark.parametrize("mode", evaluation.MODES)
def test_gaussian_topk_leaves_masked_entries_out(mode):
    x = np.float32([[INF, -INF, 0.0, 1.0], [-INF, 1.0, 2.0, 4.0], [-INF, -INF, 3.0, 3.0]])
    for value in values(functions(f"gaussian_topk(sparsity={s})" for s in (0.05, 0.3, 0.6)), x, mode).values():
        np.testing.assert_array_equal(value[np.isneginf(x)], 0.0)
        assert value[0, 0] == INF
        assert set(value[0, 2:]) <= {0.0, INF}
