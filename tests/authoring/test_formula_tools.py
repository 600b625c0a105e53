"""What surrounds a formula: the report of lost digits, the judge by its own text, the command line, `compare`."""

import dataclasses

import pytest
from keras import ops
from typer.testing import CliRunner

import keras_acts
from keras_acts import cli
from keras_acts.cli import comparing
from keras_acts.testing import check_activation


def test_accuracy_of_a_good_formula_is_said_in_one_line():
    report = keras_acts.authoring.accuracy(keras_acts.define("x*exp(-x**2)"), points=40)
    assert report.ok
    assert "\n" not in str(report)


def test_accuracy_names_dtype_order_and_range():
    # Tends to 1/2 as the difference of two large numbers: no rule knows it.
    report = keras_acts.authoring.accuracy(keras_acts.define("sqrt(x**2 + x + 9) - sqrt(x**2 + 9)"), points=60)
    assert not report.ok
    worst = max(report.lost, key=lambda lost: lost.k)
    assert worst.dtype in ("float32", "float64")
    assert worst.k > 1e3
    assert worst.low <= worst.high
    assert f"for x from {worst.low:.4g} to {worst.high:.4g}" in str(report)


def test_accuracy_of_a_layer_is_that_of_its_weights():
    layer = keras_acts.define("1 - beta*tanh(x)", params={"beta": 0.5}, trainable=["beta"], shared_axes=None)
    assert keras_acts.authoring.accuracy(layer, points=40).ok
    layer.build((None, 2))
    layer.beta.assign([0.5, 1.0 + 2.0**-20])
    f = keras_acts.define("1 - beta*tanh(x)", params={"beta": 1.0 + 2.0**-20})
    assert keras_acts.authoring.accuracy(layer, points=40).lost == keras_acts.authoring.accuracy(f, points=40).lost
    with pytest.raises(TypeError, match=r"takes what keras_acts\.define returns"):
        keras_acts.authoring.accuracy("gelu")


@pytest.mark.slow
def test_a_formula_is_judged_by_its_own_text():
    quick = {"dtypes": ["float64"], "modes": ["eager"]}
    f = keras_acts.define("x*tanh(exp(x))")
    check_activation(f, **quick)
    other = dataclasses.replace(f.declaration, formulas={"": "x*tanh(1.0000001*exp(x))"})
    with pytest.raises(AssertionError, match=r"check_accuracy: value in float64, eager: K = "):
        check_activation(other.with_params({}), **quick)


def test_findings_about_a_plain_function_are_readable():
    def naive(x):
        return ops.log(1.0 + ops.exp(x))

    with pytest.raises(AssertionError) as found:
        check_activation(
            naive, keras_acts.define("log(1 + exp(x))").declaration.reference, dtypes=["float32"], modes=["eager"]
        )
    first, *findings = str(found.value).splitlines()
    assert "naive" in first
    assert f"breaks the contract in {len(findings)} places" in first
    assert any(line.startswith("check_accuracy: value in float32, eager: K = ") for line in findings)
    assert "check_limits: value at inf" not in str(found.value)  # log(inf) is right there


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("relu,formula: max(x, 0.1*x),gelu", ["relu", "formula: max(x, 0.1*x)", "gelu"]),
        ("formula: x*sigmoid(b*x), b=1.5, elu(alpha=0.5)", ["formula: x*sigmoid(b*x), b=1.5", "elu(alpha=0.5)"]),
        ("formula: where(x > 0, x, a*x), a=0.2,tanh", ["formula: where(x > 0, x, a*x), a=0.2", "tanh"]),
    ],
)
def test_lists_on_the_command_line_keep_formulas_whole(given, expected):
    assert list(comparing.split(given)) == expected


def test_show_takes_a_formula():
    result = CliRunner().invoke(cli.app, ("show", "formula: x*sigmoid(beta*x), beta=1.5"))
    assert result.exit_code == 0, result.output
    assert "x*sigmoid(beta*x)" in result.stdout
    assert "1.5" in result.stdout


@pytest.mark.slow
def test_compare_takes_a_formula(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    formula = "formula: max(x, slope*x), slope=0.1"
    small = ("--data", "iris", "--model", "mlp(width=4)", "--epochs", "1", "--engine", "here", "--seeds", "1")
    result = CliRunner().invoke(cli.app, ("compare", *small, "--activations", f"relu, {formula}"))
    assert result.exit_code == 0, result.output
    page = next((tmp_path / "runs").glob("*/report.html")).read_text(encoding="utf-8")
    assert "max(x, slope*x)" in page
