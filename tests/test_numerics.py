"""The primitives, each alone: the accuracy that their page states, and that the page names them all."""

import inspect
import math
import re
import types
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from mpmath import mp, mpf

from keras_acts.core import form
from keras_acts.core import numerics as nx

# For each: the primitive, the truth, the interval of its argument, and the most units in the last place it may be off.
FACTOR = 3.0
PRIMITIVES = {
    "times_exp": (lambda x: nx.times_exp(FACTOR * x, x), lambda x: FACTOR * x * mp.exp(x), (-86.0, 0.0), 3.0),
    "times_exp, number": (lambda x: nx.times_exp(FACTOR, x), lambda x: FACTOR * mp.exp(x), (-88.0, 0.0), 3.0),
    "times_exp_fast": (lambda x: nx.times_exp_fast(FACTOR * x, x), lambda x: FACTOR * x * mp.exp(x), (-86.0, 0.0), 4.0),
    "times_exp_fast, number": (lambda x: nx.times_exp_fast(FACTOR, x), lambda x: FACTOR * mp.exp(x), (-88.0, 0.0), 5.0),
    "times_square": (lambda x: nx.times_square(FACTOR, x), lambda x: FACTOR * x**2, (1e-18, 1e18), 3.0),
    "split_exp": (lambda x: math.prod(nx.split_exp(x)), mp.exp, (-87.0, 0.0), 2.0),
    "expm1": (nx.expm1, mp.expm1, (-20.0, 20.0), 3.0),
    "log1p": (nx.log1p, mp.log1p, (-0.9, 20.0), 3.0),
    "log1p_unit": (nx.log1p_unit, mp.log1p, (-0.5, 1.0), 3.0),
    "log1p_quotient": (nx.log1p_quotient, lambda x: mp.log1p(x) / x, (0.0, 1.0), 2.0),
    "softplus": (nx.softplus, lambda x: mp.log1p(mp.exp(x)), (-86.0, 20.0), 3.0),
    "arctan": (nx.arctan, mp.atan, (-20.0, 20.0), 3.0),
    "tanh": (nx.tanh, mp.tanh, (-10.0, 10.0), 4.0),
    "tanh_and_quotient": (lambda x: nx.tanh_and_quotient(x)[1], lambda x: mp.tanh(x) / x, (0.0, 10.0), 3.0),
    "sigmoid": (nx.sigmoid, lambda x: 1 / (1 + mp.exp(-x)), (-86.0, 20.0), 6.0),
    "sigmoid_derivative": (nx.sigmoid_derivative, lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, (-86.0, 86.0), 5.0),
    "times_sigmoid_derivative": (
        lambda x: nx.times_sigmoid_derivative(FACTOR, x),
        lambda x: FACTOR * mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
        (-88.0, 88.0),
        6.0,
    ),
    "sech_squared": (nx.sech_squared, lambda x: mp.sech(x) ** 2, (-44.0, 44.0), 5.0),
    "sigmoid_gated": (lambda x: nx.sigmoid_gated(x, x), lambda x: x / (1 + mp.exp(-x)), (-90.0, 20.0), 4.0),
    "erf": (nx.erf, mp.erf, (-6.0, 6.0), 2.0),
    "erf_and_quotient": (lambda x: nx.erf_and_quotient(x)[1], lambda x: mp.erf(x) / x, (0.0, 6.0), 2.0),
    "scaled_normal_tail": (
        nx.scaled_normal_tail,
        lambda t: mp.exp(t**2 / 2) * mp.erfc(t / mp.sqrt(2)) / 2,
        (0.0, 100.0),
        4.0,
    ),
    "hypotenuse": (lambda x: nx.hypotenuse(x, FACTOR), lambda x: mp.hypot(x, FACTOR), (-1e30, 1e30), 3.0),
    "algebraic_sigmoid": (nx.algebraic_sigmoid, lambda x: x / mp.sqrt(1 + x**2), (-1e3, 1e3), 3.0),
    "sine": (nx.sine, mp.sin, (-3.0, 3.0), 2.0),
    "sine, frequency": (lambda x: nx.sine(x, 30.0), lambda x: mp.sin(30 * x), (0.001, 0.1), 2.0),
}


def _points(low, high, dtype):
    """Evenly spread, and spread over the magnitudes: both matter to relative errors."""
    generator = np.random.default_rng(5)
    even = generator.uniform(low, high, 150)
    size = np.exp(generator.uniform(math.log(1e-6), math.log(max(abs(low), abs(high))), 150))
    signed = size * (1.0 if low >= 0.0 else -1.0 if high <= 0.0 else np.sign(generator.normal(size=150)))
    x = np.concatenate([even, signed]).astype(dtype)
    return x[(x >= low) & (x <= high) & (x != 0.0)]


def errors(dtype, compiled):
    """For each primitive its largest error in units of the last place of the result, and where it is."""
    points = {name: _points(*interval, dtype) for name, (_, _, interval, _) in PRIMITIVES.items()}

    @tf.function(jit_compile=compiled, autograph=False)
    def computed(arguments):
        return {name: PRIMITIVES[name][0](x) for name, x in arguments.items()}

    found = {}
    for name, got in computed({name: tf.constant(x) for name, x in points.items()}).items():
        with mp.workdps(60):
            truth = [PRIMITIVES[name][1](mpf(float(x))) for x in points[name]]
            off = [abs(mpf(float(y)) - t) for y, t in zip(got.numpy(), truth, strict=True)]
        units = np.array([float(o) for o in off]) / np.spacing(np.abs(np.array([float(t) for t in truth], dtype)))
        found[name] = (float(units.max()), float(points[name][units.argmax()]))
    return found


@pytest.mark.parametrize("compiled", [False, True], ids=["plain", "compiled"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_primitives_are_accurate(dtype, compiled):
    for name, (worst, x) in errors(dtype, compiled).items():
        assert worst <= PRIMITIVES[name][3], f"{name} at {x!r} is off by {worst} units in the last place"


def test_the_page_names_every_primitive():
    named = set(re.findall(r"`(\w+)", nx.__doc__))
    given = {name for name, value in vars(nx).items() if name[0] != "_" and not isinstance(value, types.ModuleType)}
    assert sorted(given - named) == []
    assert named - given == {"ops", "keras", "from", "where", "minimum", "clip"}


def test_second_forms_are_worth_it():
    """Each primitive of two forms is in the table, with over 1.3 in one of the modes."""
    table = (Path(__file__).parent.parent / "benchmarks" / "results" / "forms.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| `(\w+)` \| ([\d.]+) .*?\| ([\d.]+) ", table)
    primitives = {name: value for name, value in vars(nx).items() if inspect.isfunction(value)}
    sources = {name: inspect.getsource(inspect.unwrap(value)) for name, value in primitives.items()}
    of_two = {name for name, source in sources.items() if "form.chosen()" in source or "_is_vectorized(" in source}
    assert {name for name, *_ in rows} == of_two
    assert [row for row in rows if max(map(float, row[1:])) <= 1.3] == []


def test_form_is_compiled_under_xla_only():
    chosen = []

    def body(x):
        chosen.append(form.chosen())
        return x

    x = tf.zeros(1)
    body(x)
    tf.function(body, jit_compile=False, autograph=False)(x)
    tf.function(body, jit_compile=True, autograph=False)(x)
    assert chosen == ["plain", "plain", "compiled"]
