"""Presets: each published outcome at small size, beside the published figures, from Python and the command line."""

import dataclasses
import math
import re

import keras
import pytest
from synthetic import record
from typer.testing import CliRunner

import keras_acts
from keras_acts import cli, experiments
from keras_acts.experiments import execution, presets
from keras_acts.experiments.presets import circles, depth, mnist, signals
from keras_acts.experiments.presets.measures import ACCURACY, MSE, values
from keras_acts.experiments.presets.preset import Part, Published
from keras_acts.experiments.presets.reproduction import Row
from keras_acts.experiments.runs import runner


def small(preset, keep=lambda plan: True, **changes):
    """The parts of a preset with smaller plans, and their records."""
    parts = [part for part in preset.parts() if keep(part.plan)]
    parts = [part._replace(plan=dataclasses.replace(part.plan, engine="here", **changes)) for part in parts]
    return parts, [runner.run_one(run) for part in parts for run in part.plan.runs()]


def reproduced(preset, parts, records):
    """The preset's table, with all its expected outcomes borne out."""
    found = presets.reproduce(preset, parts, records)
    assert found.outcomes
    assert all(outcome.holds for outcome in found.outcomes), str(found)
    return found


# ---- Each published outcome ------------------------------------------------------------------------------------------


@pytest.mark.nightly
def test_circles_units_as_in_the_notebook():
    """The notebook's own protocol with three seeds for one: .35, .58, .88, 1.0 for 4, 8, 32, 64 units."""
    parts, records = small(presets.get("circles-units"), lambda plan: plan.data == circles.DATA, seeds=3)
    found = reproduced(presets.get("circles-units"), parts, records)
    assert [row.published.value for row in found.rows] == [0.35, 0.575, 0.875, 1.0]
    assert all(len(row.values) == 3 for row in found.rows)


@pytest.mark.nightly
def test_a_disc_takes_three_hinges_or_two_folds():
    """1, 2, 3 and 8 units trained to the end, with the bounds of the preset: the telling cases only."""

    def end(units, activation):
        (run, *_) = (run for run in circles._to_the_end(units).runs() if run.activation == activation)
        return runner.run_one(run).score

    assert end(2, "relu") < 0.95
    assert end(2, "square") >= 0.99
    assert end(8, "relu") >= 0.99


@pytest.mark.nightly
def test_circles_get_better_with_depth_and_with_epochs():
    """The published fall from 3 to 4 layers is noise, and is called so."""
    _, records = small(presets.get("circles-depth"), lambda plan: plan.model[-2] in "34", seeds=4)
    third, fourth = (values(records, model=circles._layers_of_8(depth)) for depth in (3, 4))
    assert sum(fourth) >= sum(third)
    parts, records = small(presets.get("circles-epochs"), seeds=3)
    found = reproduced(presets.get("circles-epochs"), parts, records)
    assert [row.published.value for row in found.rows] == [0.65, 0.875, 1.0, 1.0]


@pytest.mark.nightly
def test_sigmoid_gradients_vanish_and_others_do_not():
    """Nielsen: a factor of 4 to 6 per layer; single ratios of 30 units scatter, so the median of a few seeds."""
    parts, records = small(
        presets.get("vanishing"), lambda plan: plan.model in (depth._nielsen(4), depth.KEPT_MODEL), seeds=4
    )
    found = reproduced(presets.get("vanishing"), parts, records)
    assert [round(row.published.value, 2) for row in found.rows[:3]] == [5.73, 4.07, 4.1]


@pytest.mark.nightly
def test_snake_goes_on_beyond_its_data():
    parts, records = small(presets.get("snake"), seeds=1, epochs=2000, activations=("relu", "snake(10.0)"))
    found = reproduced(presets.get("snake"), parts, records)
    assert "snake(10.0) find the period" in str(found)


@pytest.mark.nightly
def test_siren_fits_a_picture_and_the_initializer_is_why():
    parts, records = small(
        presets.get("siren"),
        seeds=1,
        data="image(size=32)",
        epochs=80,
        activations=(signals.SINE, "relu"),
        baseline=signals.SINE,
    )
    assert len(reproduced(presets.get("siren"), parts, records).outcomes) == 3


def test_what_deep_30_expects():
    """Scores as measured with JAX; test_initializer_experiments.py trains networks of this depth."""

    def learned(scores):
        return [
            record(name, seed, score=score, model=depth.DEEP, paired=paired)
            for (name, paired), score in scores.items()
            for seed in range(2)
        ]

    measured = {
        ("gelu", True): 0.93,
        ("gelu", False): 0.08,
        ("silu", True): 0.94,
        ("silu", False): 0.08,
        ("relu", True): 0.91,
        ("relu", False): 0.65,
        ("sigmoid", True): 0.08,
    }
    outcomes = presets.get("deep-30").outcomes(learned(measured))
    assert [outcome.holds for outcome in outcomes] == [True] * 4
    turned = {(name, not paired if name != "sigmoid" else paired): score for (name, paired), score in measured.items()}
    outcomes = presets.get("deep-30").outcomes(learned(turned | {("sigmoid", True): 0.5}))
    assert [outcome.holds for outcome in outcomes] == [False] * 4


@pytest.mark.slow
def test_sigmoid_starts_last_on_digits_where_mnist_cannot_be_had(monkeypatch):
    def no_network():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", no_network)
    preset = presets.get("mnist-cnn")
    parts, note = preset.prepared(seeds=1)
    assert note.startswith("mnist cannot be had here (keras.datasets could not download it); digits takes its place.")
    (part,) = parts
    plan = dataclasses.replace(part.plan, activations=("relu", "sigmoid"), epochs=1, engine="here")
    assert plan.data == "digits"
    records = [runner.run_one(run) for run in plan.runs()]
    found = reproduced(preset, [part._replace(plan=plan)], records)
    assert records[0].metric_name == "accuracy"  # of the right class: sigmoid's is at chance, binary accuracy at 0.9
    assert values(records, mnist.FIRST, activation="sigmoid")[0] < 0.3
    assert found.rows[0].published.value is None
    assert "digits" not in {each.plan.data for each in preset.parts()}


# ---- Beside the published figures ------------------------------------------------------------------------------------


def test_rows_tell_the_published_figure_the_median_and_the_spread():
    parts = [
        Part(experiments.Plan(("relu",), seeds=3, epochs=6, batch_size=32, model="mlp", learning_rates=(1e-3,)), ())
    ]
    scores = {0: 0.5, 1: 0.7, 2: math.nan}
    records = [
        record("relu", seed, score=score, model="mlp", diverged=math.isnan(score)) for seed, score in scores.items()
    ]
    published = (Published("a net", 0.65, "relu", ACCURACY), Published("another", None, "relu", MSE))
    parts = [parts[0]._replace(published=published)]
    preset = dataclasses.replace(presets.get("circles-depth"), expected=())
    found = presets.reproduce(preset, parts, records, "a note")
    assert found.rows[0].cells == ("a net", "relu", "0.65", "0.6", "0.5 to 0.7", "3, 1 diverged")
    assert found.rows[1].cells[2] == "–"
    assert list(found.tables) == ["test accuracy", "test MSE"]
    assert Row(Published("x", 1.0, "relu"), (math.nan,)).cells[2:] == ("1", "–", "–", "1, 1 diverged")


def test_an_outcome_that_fails_is_called_so():
    records = [record("relu", seed, score=0.5, data=circles.DATA, model="mlp(width=8, depth=3)") for seed in range(2)]
    for layers, score in ((1, 0.9), (2, 0.8), (4, 0.3)):
        model = circles._layers_of_8(layers)
        records += [record("relu", seed, score=score, data=circles.DATA, model=model) for seed in range(2)]
    sentences = str(presets.reproduce(presets.get("circles-depth"), [], records)).splitlines()
    assert [line.split(":")[0] for line in sentences] == ["NOT as expected", "NOT as expected"]
    assert "the published 0.7 lies outside" in sentences[1]


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_is_whole(name):
    """Its plans can run, no two of them are one task, and what was published belongs to what is run."""
    preset = presets.get(name)
    parts = preset.parts()
    identities = [tuple(part.plan.settings.items()) for part in parts]
    assert len(set(identities)) == len(parts)
    for part in parts:
        assert {published.activation for published in part.published} <= set(part.plan.activations)
    assert preset.outcomes([]) == ()  # a budget may leave nothing


# ---- From Python and the command line --------------------------------------------------------------------------------


@pytest.fixture
def tiny(monkeypatch):
    """A preset of two quick plans, one with something to compare."""
    plan = experiments.Plan(("relu",), data="moons(samples=60)", model="mlp(width=2)", seeds=1, epochs=1, engine="here")
    parts = tuple(
        Part(each, (Published(f"{len(each.activations)} activations", 0.5, "relu"),))
        for each in (plan, dataclasses.replace(plan, activations=("relu", "tanh"), epochs=2))
    )
    made = dataclasses.replace(
        presets.get("circles-depth"), name="tiny", title="Tiny", parts=lambda: parts, expected=(_something_is_learned,)
    )
    monkeypatch.setitem(presets.PRESETS, "tiny", made)


def _something_is_learned(records):
    return presets.Outcome(bool(values(records)), f"{len(records)} runs")


@pytest.mark.slow
def test_a_preset_is_one_command(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "dumb")
    result = CliRunner().invoke(cli.app, ("compare", "--preset", "tiny", "--seeds", "2"))
    assert result.exit_code == 0, result.output
    assert "6/6" in result.stdout
    assert "Tiny: test accuracy" in result.stdout
    assert "as expected: 6 runs" in result.stdout
    assert "no significant difference between relu and tanh" in result.stdout
    assert "nothing to compare" not in result.stdout
    folder = tmp_path / "runs" / "tiny"
    assert (folder / "1-moons-mlp" / execution.STORE).exists()
    names = {path.name for path in (folder / "figures").iterdir()}
    assert {"published-1.png", "published-1.svg", "2-boundaries.png", "2-boundaries.svg"} <= names
    page = (folder / "report.html").read_text(encoding="utf-8")
    for expected in ("<h1>Tiny</h1>", "as expected: 6 runs", "Published and measured", "--preset tiny --seeds"):
        assert expected in page

    monkeypatch.setattr(runner, "run_one", lambda run: pytest.fail(f"{run} is finished"))
    again = keras_acts.compare(preset="tiny", seeds=2, output=str(folder))
    assert str(again).startswith("as expected: 6 runs\nmoons(samples=60), mlp(width=2):\n")
    assert len(again.records) == 6


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "circle-units"}, "Unknown preset. Did you mean 'circles-units'?"),
        ({"preset": "siren", "epochs": 3}, "The preset 'siren' fixes `epochs`; it takes seeds, budget"),
        ({"preset": "siren", "activations": ["relu"]}, "The preset 'siren' fixes `activations`"),
        ({"preset": "siren", "seeds": 0}, "`seeds` of a plan must be an integer >= 1"),
    ],
)
def test_what_a_preset_refuses(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        keras_acts.compare(**settings)
    options = [text for name, value in settings.items() for text in (f"--{name}", _option(value))]
    result = CliRunner().invoke(cli.app, ("compare", *options))
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def _option(value):
    return ",".join(value) if isinstance(value, list) else str(value)


def test_the_help_lists_every_preset():
    text = CliRunner().invoke(cli.app, ("compare", "--help")).stdout
    for name, preset in presets.PRESETS.items():
        assert f"  {name:15} {preset.title}" in text
