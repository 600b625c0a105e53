"""Curves and figures: right numbers, drawn where asked."""

import json

import fresh_process
import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from subjects import some_per_change

import keras_acts
from keras_acts import notation, plots

mpl.use("Agg")


@pytest.fixture
def ax():
    return Figure().subplots()


def line(ax, label):
    return next(drawn for drawn in ax.get_lines() if drawn.get_label() == label)


def test_curve_of_tanh_has_the_known_derivatives():
    x = np.linspace(-3, 3, 25)
    curve = plots.evaluate("tanh", x)
    t = np.tanh(x)
    np.testing.assert_array_equal(curve.x, x)
    np.testing.assert_allclose(curve.value, t, rtol=1e-13, atol=0)
    np.testing.assert_allclose(curve.derivative, 1 - t**2, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(curve.second_derivative, -2 * t * (1 - t**2), rtol=1e-12, atol=1e-15)
    assert all(part.dtype == np.float64 for part in curve)


def test_curve_takes_parameters_from_a_spec_string():
    curve = plots.evaluate("elu(alpha=0.5)", [-1.0, 2.0])
    np.testing.assert_allclose(curve.value, [0.5 * np.expm1(-1.0), 2.0], rtol=1e-15)
    np.testing.assert_allclose(curve.derivative, [0.5 * np.exp(-1.0), 1.0], rtol=1e-15)


def test_curve_of_a_function_that_is_not_ours():
    curve = plots.evaluate(lambda x: x**3, [2.0])
    assert (curve.value[0], curve.derivative[0], curve.second_derivative[0]) == (8.0, 12.0, 12.0)


@pytest.mark.parametrize("softmax", ["softmax", "softmax(axis=0)", "softmax(axis=2)"])
def test_softmax_of_a_pair_is_the_sigmoid(softmax):
    x = np.linspace(-4, 4, 9)
    pair, sigmoid = plots.evaluate(softmax, x), plots.evaluate("sigmoid", x)
    np.testing.assert_allclose(pair.value, sigmoid.value, rtol=1e-12)
    np.testing.assert_allclose(pair.derivative, sigmoid.derivative, rtol=1e-12)
    np.testing.assert_allclose(pair.second_derivative, sigmoid.second_derivative, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_curves_are_the_same_on_other_backends(backend, tmp_path):
    pytest.importorskip(backend)
    printed = fresh_process.run(
        """
        import json
        from keras_acts import notation, plots
        curves = [plots.evaluate(name, [-2.0, 0.5]) for name in ("mish", "softmax", "relu")]
        print(json.dumps([[part.tolist() for part in curve] for curve in curves]))
        """,
        tmp_path,
        KERAS_BACKEND=backend,
    )
    for name, found in zip(("mish", "softmax", "relu"), json.loads(printed.splitlines()[-1]), strict=True):
        np.testing.assert_allclose(found, plots.evaluate(name, [-2.0, 0.5]), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", some_per_change(keras_acts.names()))
def test_every_activation_can_be_drawn(name, ax):
    assert plots.draw_function(name, ax=ax) is ax
    labels = [drawn.get_label() for drawn in ax.get_lines()]
    record = keras_acts.info(name)
    has_surrogate = record.surrogate_at(record.defaults) is not None
    derivatives = ["surrogate of $f'(x)$", "its derivative"] if has_surrogate else ["$f'(x)$", "$f''(x)$"]
    assert [label for label in labels if not label.startswith("_")] == ["$f(x)$", *derivatives]
    # All formulas are typeset; a formula that matplotlib cannot set would leave the name alone.
    assert ax.get_title().startswith(name)
    assert ax.get_title().endswith(f"${keras_acts.info(name).latex}$")


def test_lines_break_at_kinks_only(ax):
    plots.draw_function("relu(max_value=3.0)", ax=ax)
    derivative = line(ax, "$f'(x)$")
    broken = derivative.get_xdata()[np.isnan(derivative.get_ydata())]
    assert broken.tolist() == [0.0, 3.0]
    assert set(derivative.get_ydata()[~np.isnan(derivative.get_ydata())]) == {0.0, 1.0}


@pytest.mark.parametrize("formula", [notation.Latex(r"\nosuchcommand{x}", reason="a test"), "x +"])
def test_a_formula_that_cannot_be_typeset_is_left_out(ax, formula):
    @keras_acts.activation(formula=formula, package="test_plots", replace=True)
    def badly_written(x):
        return x

    assert plots.draw_function(badly_written, ax=ax).get_title() == "badly_written"


def test_axes_are_made_where_none_are_given():
    import matplotlib.pyplot as plt

    ax = plots.draw_function("relu")
    assert ax.figure.number in plt.get_fignums()
    plt.close(ax.figure)


def test_histories_show_the_mean_and_each_seed(ax):
    drawn = plots.draw_histories({"relu": [[1.0, 0.5], [3.0, 1.5]], "gelu": [[1.0, 0.25]]}, ax=ax, title="CNN")
    assert drawn is ax
    assert ax.get_yscale() == "log"
    assert ax.get_title() == "CNN"
    assert line(ax, "relu").get_xdata().tolist() == [1, 2]
    assert line(ax, "relu").get_ydata().tolist() == [2.0, 1.0]
    # two seeds and their mean, and one line for the single seed
    assert len(ax.get_lines()) == 4
    assert line(ax, "relu").get_color() != line(ax, "gelu").get_color()


def test_many_histories_stay_apart(ax):
    plots.draw_histories({f"a{number}": [[1.0, 2.0]] for number in range(20)}, ax=ax)
    looks = {(drawn.get_color(), drawn.get_linestyle()) for drawn in ax.get_lines()}
    assert len(looks) == 20


def test_accuracy_axis_widens_towards_one(ax):
    plots.draw_histories({"relu": [[0.1, 0.9, 1.0]]}, metric="accuracy", ax=ax)
    ax.figure.canvas.draw()

    def height(accuracy):
        return ax.transData.transform((1.0, accuracy))[1]

    assert height(0.0) < height(0.5) < height(0.9) < height(0.95) < height(1.0)
    assert height(1.0) - height(0.9) > height(0.9) - height(0.5)
    assert [label.get_text() for label in ax.get_yticklabels()][-1] == "100%"


@pytest.mark.parametrize("metric", ["loss", "accuracy"])
def test_a_single_epoch_and_diverged_runs_are_drawn(metric, ax):
    plots.draw_histories({"good": [[0.5]], "bad": [[np.nan]]}, metric=metric, ax=ax)
    ax.figure.canvas.draw()
    assert line(ax, "good").get_marker() == "o"


def test_terminal_plot_puts_dots_where_the_curve_is():
    x = np.linspace(-5, 5, 4001)
    lines = plots.terminal_plot(x, np.maximum(x, 0.0), width=27, height=10)
    assert len(lines) == 11
    assert max(map(len, lines)) <= 27
    assert lines[0].split()[0] == "5"
    assert lines[-1].split() == ["-5", "0", "5"]
    dotted = [[character for character in text if "\u2800" < character <= "\u28ff"] for text in lines[:-1]]
    assert len(dotted[-1]) >= 10  # the flat half lies on the lowest line
    assert len(dotted[0]) in (1, 2)  # the top is reached at the right end only
    assert lines[0].rstrip()[-1] in dotted[0]


def test_terminal_plot_leaves_jumps_open():
    x = np.linspace(-1, 1, 4001)
    lines = plots.terminal_plot(x, np.sign(x), width=27, height=10)
    between = "".join(lines[1:4] + lines[6:9])
    assert not any("\u2800" < character <= "\u28ff" for character in between)


def test_terminal_plot_survives_what_is_not_finite():
    lines = plots.terminal_plot([0.0, 1.0, 2.0], [np.nan, np.inf, -np.inf], height=4)
    assert len(lines) == 5
