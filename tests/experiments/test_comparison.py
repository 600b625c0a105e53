"""From records to table, verdict, figures and CSV files, on records that no network was trained for."""

import csv
import dataclasses
import math
import re

import numpy as np
import pytest
import rich
from matplotlib.figure import Figure
from synthetic import record, records

from keras_acts.experiments.analysis import theory
from keras_acts.experiments.analysis.differences import differences
from keras_acts.experiments.analysis.tables import interval, score
from keras_acts.experiments.analysis.verdict import amount, amounts, describe, p_value
from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.report import figures
from keras_acts.experiments.report.boundaries import Boundary, draw_boundary, of_task
from keras_acts.experiments.runs.plane import SIZE, encode
from keras_acts.experiments.runs.records import SplitRecord


@pytest.fixture(scope="module")
def comparison():
    return Comparison(records({"relu": 0.93, "gelu": 0.96, "elu(alpha=0.5)": 0.93, "sigmoid": 0.5}))


@pytest.fixture
def ax():
    return Figure().subplots()


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# ---- Verdict ---------------------------------------------------------------------------------------------------------


def test_verdict_says_what_is_significant_and_what_is_not(comparison):
    best, worst, nothing, reach = comparison.verdict().splitlines()
    assert best.startswith("gelu beats relu by 3.0 points (97.5 % CI ")
    assert best.endswith("after Holm, 10 seeds)")
    assert worst.startswith("sigmoid loses to relu by 43.0 points (98.33 % CI 4")
    assert nothing.startswith("no significant difference between relu and elu(alpha=0.5) (10 seeds find 0.")
    assert reach.endswith("on data of this kind: each of 10 seeds made its own")
    assert str(comparison) == comparison.verdict()
    assert comparison.best() == "gelu"


def test_the_sentence_of_one_difference():
    """The interval is the one of the numbers."""
    scores = {"relu": dict.fromkeys(range(10), 0.9), "gelu": {seed: 0.905 + 0.001 * (seed % 3) for seed in range(10)}}
    (found,) = differences(scores, "relu", higher_is_better=True)
    ends = f"{100 * found.low:.1f} to {100 * found.high:.1f}"
    assert (
        describe(found, "accuracy") == f"gelu beats relu by 0.6 points (95 % CI {ends}, p < 0.001 after Holm, 10 seeds)"
    )
    (found,) = differences(scores, "relu", higher_is_better=False)
    assert describe(found, "mse").startswith("gelu loses to relu by 0.0059 in mse (95 % CI 0.00")
    (found,) = differences({"relu": {0: 0.9}, "gelu": {0: 0.8}}, "relu", higher_is_better=True)
    expected = "no significant difference between gelu and relu (95 % CI – to –, p = 1 after Holm, 1 seed)"
    assert describe(found, "accuracy") == expected


def test_one_seed_is_too_few_and_says_so():
    found = Comparison(records({"relu": 0.9, "gelu": 0.99, "elu": 0.9}, seeds=1))
    assert "1 seed cannot show any difference, however large: 2 seeds or more can" in found.verdict()
    assert "beats" not in found.verdict()
    assert "in 8 of 10 cases" not in found.verdict()  # the power of a test that cannot show anything is 0


ROWS = SplitRecord(1077, 360, "rows")


@pytest.mark.parametrize(
    ("by_seed", "said"),
    [
        ("data", "on data of this kind: each of 10 seeds made its own"),
        ("rows", "as far as 10 divisions of one set (1,077 training and 360 test rows) can tell"),
        ("nothing", "other first weights on these 360 test rows, not on other data"),
    ],
)
def test_the_last_sentence_says_what_the_answer_holds_for(by_seed, said):
    split = dataclasses.replace(ROWS, by_seed=by_seed)
    assert Comparison(records({"relu": 0.9, "gelu": 0.93}, split=split)).verdict().splitlines()[-1].endswith(said)


def test_what_learns_nothing_is_named_with_the_share_of_the_largest_class():
    split = SplitRecord(900, 100, "rows", classes=2, majority=0.93)
    made = records({"relu": 0.97, "gelu": 0.96}, split=split)
    made += [record("sigmoid", seed, score=0.93, split=split) for seed in range(10)]
    found = Comparison(made)
    assert "sigmoid scores as always naming the largest class does: nothing else is learned" in found.verdict()
    assert found.tasks[0].facts == "test accuracy in %; 2 classes, the largest with 93 % of the test rows"
    nothing = Comparison(
        [record(name, seed, score=0.93, split=split) for name in ("relu", "gelu") for seed in range(5)]
    )
    assert "all score as always naming the largest class does" in nothing.verdict()
    assert "largest class" not in Comparison(records({"relu": 0.93, "gelu": 0.93}, split=split)).verdict()


def test_divisions_of_the_same_rows_widen_the_interval():
    """By sqrt(1 / 10 + 360 / 1077) / sqrt(1 / 10)."""
    made = Comparison(records({"relu": 0.9, "gelu": 0.93})).differences()[0]
    divided = Comparison(records({"relu": 0.9, "gelu": 0.93}, split=ROWS)).differences()[0]
    assert divided.mean == made.mean
    assert divided.high - divided.low == pytest.approx((made.high - made.low) * math.sqrt(1 + 10 * 360 / 1077))


def test_what_is_worth_having_gives_better_equivalent_or_undecided():
    made = records({"relu": 0.9, "gelu": 0.93, "elu": 0.9, "silu": 0.901}, split=ROWS)
    said = Comparison(made, worth=0.5).verdict().splitlines()
    assert said[0].startswith("gelu beats relu by 3.0 points (98.33 % CI")
    assert said[1] == "equivalent to relu within 0.5 points: silu, elu"
    said = Comparison(made, worth=0.11).verdict().splitlines()
    assert said[1].startswith("undecided between silu and relu: no number of seeds would decide it on these rows")
    assert "0 points" not in said[1]
    assert not any("no significant difference" in each for each in said)
    fresh = Comparison(records({"relu": 0.9, "silu": 0.901}, seeds=3), worth=0.15).verdict().splitlines()
    assert re.match(r"undecided between silu and relu: about \d+ seeds more would decide it \(95 % CI", fresh[0])


def test_one_activation_has_nothing_to_be_compared_with():
    assert "nothing to compare" in Comparison(records({"tanh": 0.9})).verdict()


def test_diverged_runs_are_told():
    made = records({"relu": 0.9}) + [record("prelu", seed, score=0.9, diverged=seed < 2) for seed in range(10)]
    found = Comparison(made)
    assert "prelu: 2 of 10 runs diverged and count as accuracy 0" in found.verdict()
    row = next(row for row in found.table() if row.activation == "prelu")
    assert (row.diverged, row.worst) == (2, 0.0)
    assert row.mean == pytest.approx(0.72)
    assert row.difference.diverged == 2


def test_a_diverged_error_is_infinite_and_never_a_finite_score(tmp_path):
    """prelu is the best where it finishes; its mean, its worst score and its difference must not say so."""
    made = records({"relu": 0.4}, metric="mse")
    made += [record("prelu", seed, score=0.1, metric="mse", diverged=seed < 2) for seed in range(10)]
    made += [record("elu", seed, metric="mse", diverged=True) for seed in range(10)]
    found = Comparison(made)
    assert [row.activation for row in found.table()] == ["relu", "prelu", "elu"]
    relu, prelu, elu = found.table()
    assert (prelu.mean, prelu.worst, prelu.median, prelu.diverged) == (math.inf, math.inf, 0.1, 2)
    assert elu.median == math.inf
    assert (score(prelu), interval(prelu)) == ("∞ (2 of 10 diverged)", "+∞")
    assert "∞" not in score(relu)
    assert "prelu beats" not in found.verdict()
    assert "prelu has lower errors than relu where it finishes, but 2 of 10 runs diverged" in found.verdict()
    assert "elu loses to relu: 10 of 10 runs diverged against 0 (p < 0.001 after Holm)" in found.verdict()
    assert "prelu: 2 of 10 runs diverged and count as the worst finite mse in the test" in found.verdict()
    found.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count(' data-value="Infinity">') >= 4
    assert "prelu (2 diverged)" in page


def test_all_diverged_is_not_the_best():
    made = records({"relu": 0.4}, metric="mse", seeds=2)
    made += [record("elu", seed, metric="mse", diverged=True) for seed in range(2)]
    assert [row.activation for row in Comparison(made).table()] == ["relu", "elu"]


def test_rounding_errors_are_not_told():
    """Scores are float32: an interval that ends at 6e-9 ends at 0."""
    assert amount(6e-9, "accuracy", signed=True) == "0.0"
    assert amounts((0.02, -6e-9, 0.05), "mse", signed=True) == ["+0.02", "0", "+0.05"]
    assert amounts((2e-8, 1e-8, 3e-8), "mse") == ["2e-08", "1e-08", "3e-08"]


def test_numbers_in_words():
    assert [amount(value, "accuracy") for value in (0.0061, 0.0004, 0.0, math.nan)] == ["0.6", "0.04", "0.0", "–"]
    assert amount(0.0061, "accuracy", signed=True) == "+0.6"
    assert amount(1234.5678, "mse") == "1.23e+03"
    assert (p_value(0.0203), p_value(0.0001)) == ("= 0.02", "< 0.001")


# ---- Selection -------------------------------------------------------------------------------------------------------


def test_the_learning_rate_is_chosen_on_validation_data():
    """By runs that are not compared; those that are must be at the rate that these have chosen."""
    trials = [
        record(activation, seed, learning_rate=rate, score=score, tuning=True)
        for activation in ("relu", "gelu")
        for seed in range(3)
        for rate, score in ((1e-3, 0.8), (1e-2, 0.9), (1e-1, 0.5))
    ]
    found = Comparison([*trials, *records({"relu": 0.7, "gelu": 0.7}, learning_rate=1e-2)])
    assert {(row.learning_rate, row.trials, round(row.mean, 6)) for row in found.table()} == {(1e-2, 9, 0.7)}
    with pytest.raises(ValueError, match=r"Received: relu at 0\.1, and the best was 0\.01"):
        Comparison([*trials, *records({"relu": 0.7, "gelu": 0.7}, learning_rate=1e-1)])
    with pytest.raises(ValueError, match=r"Received: relu at 0\.001, 0\.1, and none was chosen"):
        Comparison([*records({"relu": 0.7}), *records({"relu": 0.7}, learning_rate=1e-1)])
    with pytest.raises(ValueError, match="only such as choose learning rates"):
        Comparison(trials)


def test_a_rate_at_the_end_of_those_tried_and_curves_that_still_improve_are_said():
    def trials(activation, best):
        return [
            record(activation, seed, learning_rate=rate, score=0.9 if rate == best else 0.8, tuning=True, epochs=50)
            for seed in range(3)
            for rate in (1e-3, 1e-2, 1e-1)
        ]

    made = [*trials("relu", 1e-2), *records({"relu": 0.9}, learning_rate=1e-2, epochs=50)]
    made += [*trials("gelu", 1e-1), *records({"gelu": 0.9}, learning_rate=1e-1, epochs=50)]
    found = Comparison(made)
    said = "best at the lowest or highest learning rate tried, so that others may be better: gelu (0.1)"
    assert said in found.verdict().splitlines()
    assert "still improving" not in found.verdict()  # after 50 epochs nothing is left but rounding
    rising = Comparison(records({"relu": 0.9, "gelu": 0.95}, epochs=5, split=SplitRecord(1077, 360, "data", 10)))
    assert "still improving in the last of 5 epochs, so that more may change it: all" in rising.verdict()
    worse = Comparison(records({"relu": 0.4, "gelu": 0.3}, epochs=5, metric="mse"))  # whose error rises
    assert "still improving" not in worse.verdict()


def test_lower_errors_are_better():
    found = Comparison(records({"relu": 0.4, "snake": 0.1}, metric="mse"))
    assert found.best() == "snake"
    assert found.verdict().startswith("snake beats relu by 0.3 in mse")


def test_tasks_are_kept_apart():
    made = records({"relu": 0.9, "gelu": 0.95}) + records({"relu": 0.9, "gelu": 0.85}, model="cnn", paired=False)
    found = Comparison(made)
    assert [task.label for task in found.tasks] == [
        "digits, mlp(width=128, depth=3)",
        "digits, cnn, same initializer for all",
    ]
    assert [found.best(task) for task in found.tasks] == ["gelu", "relu"]
    assert "digits, mlp(width=128, depth=3):\ngelu beats relu" in found.verdict()
    with pytest.raises(ValueError, match=r"one of `comparison\.tasks`, of which there are several \(digits, mlp"):
        found.best()


def test_the_baseline_is_relu_or_named_or_the_first():
    made = records({"gelu": 0.95, "relu": 0.9})
    assert Comparison(made).differences()[0].baseline == "relu"
    assert Comparison(made, baseline="gelu").verdict().startswith("relu loses to gelu")
    assert Comparison(records({"tanh": 0.9, "gelu": 0.95})).differences()[0].baseline == "tanh"
    with pytest.raises(ValueError, match=r"`baseline` must be one of the activations: gelu, relu\. Received: 'elu'"):
        Comparison(made, baseline="elu")


def test_no_records_are_refused():
    with pytest.raises(ValueError, match="needs at least one record"):
        Comparison([])
    with pytest.raises(ValueError, match="must have one metric"):
        Comparison([record("relu"), record("gelu", metric="mse")])


# ---- Table and files -------------------------------------------------------------------------------------------------


def test_the_table_is_sorted_and_complete(comparison):
    rows = comparison.table()
    assert [row.activation for row in rows][::3] == ["gelu", "sigmoid"]
    assert len(rows) == 4
    scores = comparison.tasks[0].entry("gelu").scores
    assert rows[0].mean == pytest.approx(np.mean(list(scores.values())))
    assert rows[0].sd == pytest.approx(np.std(list(scores.values()), ddof=1))
    assert rows[0].worst == min(scores.values())
    assert next(row for row in rows if row.activation == "relu").difference is None


def test_the_terminal_shows_table_and_verdict(comparison, capsys):
    console = rich.console.Console(width=100)
    console.print(comparison)
    text = capsys.readouterr().out
    for expected in ("digits, mlp(width=128, depth=3)", "elu(alpha=0.5)", "baseline", "gelu beats relu by 3.0 points"):
        assert expected in text


def test_csv_files_hold_everything_and_say_which_part_a_score_is_of(tmp_path):
    made = [
        record(name, seed, learning_rate=rate, score=score, tuning=tuning)
        for name in ("relu", "gelu")
        for seed in range(2)
        for rate, score, tuning in ((1e-3, 0.9, True), (1e-2, 0.5, True), (1e-3, 0.7, False))
    ]
    Comparison(made).to_csv(tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    runs = rows_of(folder / "runs.csv")
    assert len(runs) == 12
    assert {(run["learning_rate"], run["part"], run["score"]) for run in runs} == {
        ("0.001", "validation", "0.9"),
        ("0.01", "validation", "0.5"),
        ("0.001", "test", "0.7"),
    }
    assert len(rows_of(folder / "history.csv")) == 12 * 6
    layers = rows_of(folder / "layers.csv")
    assert len(layers) == 12 * 4
    assert (layers[0]["name"], layers[0]["dead_end"], layers[3]["dead_end"]) == ("dense_0", "0.1", "")
    relu, gelu = sorted(rows_of(folder / "summary.csv"), key=lambda row: row["activation"], reverse=True)
    assert (relu["p_holm"], gelu["pairs"], gelu["significant"]) == ("", "2", "False")


# ---- Figures ---------------------------------------------------------------------------------------------------------


def test_curves_have_a_band_and_leave_diverged_seeds_out(ax):
    histories = {"relu": [[1.0, 0.5], [0.8, 0.3], [math.nan, math.nan]], "gelu": [[0.5, 0.2], [0.4, 0.1]]}
    figures.draw_curves(histories, metric="loss", ax=ax)
    lines = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    np.testing.assert_allclose(lines["relu (1 of 3 diverged)"], [0.9, 0.4])
    relu, gelu = (band.get_paths()[0].vertices for band in ax.collections)
    half = 12.706 * 0.1  # t of one degree of freedom, times the standard error of 1.0 and 0.8
    assert relu[:, 1].max() == pytest.approx(0.9 + half, rel=1e-3)
    assert gelu[:, 1].max() == pytest.approx(0.45 + half / 2.0, rel=1e-3)
    assert ax.get_ylim()[1] < 1.2  # wide bands do not stretch the axis
    assert ax.get_yscale() == "log"


def test_a_curve_far_out_does_not_stretch_the_axis(ax):
    histories = {name: [[1.0, 0.1 + 0.01 * number]] for number, name in enumerate(["relu", "elu", "gelu", "mish"])}
    figures.draw_curves(histories | {"linear": [[1e6, 1e5]]}, ax=ax)
    assert ax.get_ylim()[1] < 2.0
    assert ax.get_title(loc="right") == "off the axis: linear"


def test_differences_are_drawn_in_points_and_filled_where_significant(comparison, ax):
    comparison.plot_differences(ax=ax)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == ["gelu", "elu(alpha=0.5)", "sigmoid"]
    dots = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert dots[0].get_xdata()[0] == pytest.approx(3.0, abs=0.1)
    assert [dot.get_fillstyle() for dot in dots] == ["full", "none", "full"]
    assert [dot.get_color() for dot in dots] == [figures.BETTER, figures.NOT_SIGNIFICANT, figures.WORSE]
    assert "right is better" in ax.get_xlabel()


def test_learning_rates_show_the_mean_of_each_rate(ax):
    figures.draw_learning_rates({"relu": {1e-3: [0.8, 1.0], 1e-2: [0.5, math.nan]}}, metric="accuracy", ax=ax)
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), [0.9, 0.5])
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.001", "0.01"]


def test_costs_show_every_run(comparison, ax):
    comparison.plot_time(ax=ax)
    assert [len(line.get_xdata()) for line in ax.get_lines()] == [10] * 4
    assert ax.patches[0].get_width() == pytest.approx(2.0)  # ms


def test_gradients_show_the_median_and_the_theory(comparison, ax):
    comparison.plot_gradients(ax=ax)
    lines = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_allclose(lines["relu"].get_ydata(), 0.1 * 2.0 ** np.arange(4) * 1.045)
    dotted = [line for line in ax.get_lines() if line.get_linestyle() == ":"]
    assert len(dotted) == 4
    # The theory of relu with its own initializer: the same norm everywhere, through the mean of layers 2 and 3.
    np.testing.assert_allclose(dotted[0].get_ydata()[1:3], 0.1 * 2.0**1.5 * 1.045)


def test_shares_leave_out_layers_without_units(comparison, ax):
    comparison.plot_shares("dead", ax=ax)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["dense_0", "dense_1", "dense_2"]
    assert [text.get_text() for text in ax.texts][:2] == ["10%", "10%"]


def test_boundary_separates_what_the_classifier_separates(ax):
    points = np.array([[-1.0, -1.0], [1.0, 1.0], [0.0, 1.0]])
    seen = []

    def predict(xy):
        seen.append(xy)
        return np.stack([xy[:, 0] < 0.0, xy[:, 0] >= 0.0], axis=1)

    draw_boundary(Boundary.of("half", predict, points, [0, 1, 1]), ax=ax)
    assert seen[0].min() < -1.0
    assert seen[0].max() > 1.0
    assert ax.get_title() == "half"
    assert len(ax.collections) == 2


def test_figures_are_made_without_axes_too(comparison):
    import matplotlib.pyplot as plt

    ax = comparison.plot_curves("val_metric")
    assert ax.get_ylabel() == "validation accuracy"
    plt.close(ax.figure)


@pytest.mark.slow
def test_all_figures_are_saved_as_files(tmp_path):
    paths = Comparison(records({"relu": 0.9, "gelu": 0.95}, seeds=2)).save_figures(tmp_path)
    names = {path.name for path in paths}
    assert {"differences.png", "differences.svg", "val_loss.png", "gradients_start.svg", "dead.png"} <= names
    assert all(path.stat().st_size > 1000 for path in paths)


@pytest.mark.slow
def test_a_boundary_is_that_of_the_middle_run(tmp_path):
    """Three runs with different decisions on data that can be had again; the middle score's are drawn."""
    runs = [
        dataclasses.replace(
            record("relu", seed, score=score, data="moons(samples=50)", epochs=3),
            decisions=encode(np.full((SIZE, SIZE), decided)),
        )
        for seed, score, decided in ((0, 0.5, 0), (1, 0.9, 0), (2, 0.8, 1))
    ]
    found = Comparison(runs)
    (boundary,) = of_task(found.tasks[0])
    assert boundary.label == "relu, 80%"
    assert (boundary.decided == 1).all()
    assert boundary.points.shape == (50, 2)
    assert {"boundaries.png", "boundaries.svg"} <= {path.name for path in found.save_figures(tmp_path)}
    gone = [dataclasses.replace(run, run=dataclasses.replace(run.run, data="gone.csv")) for run in runs]
    assert of_task(Comparison(gone).tasks[0]) == []


# ---- Theory ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "paired"), [("sigmoid", True), ("tanh", False), ("relu", True), ("gelu", True)])
def test_theory_agrees_with_a_wide_random_network(activation, paired):
    """Gradients of a network of 6 layers of 400 units by the chain rule in numpy, with its own slopes."""
    functions = {
        "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), 1.84622854534),
        "tanh": (np.tanh, 1.59253741972),
        "relu": (lambda x: np.maximum(x, 0.0), math.sqrt(2.0)),
        "gelu": (lambda x: x * 0.5 * (1.0 + np.vectorize(math.erf)(x / math.sqrt(2.0))), 1.5335304412),
    }
    f, gain = functions[activation]
    layers, width, batch = 6, 400, 40
    generator = np.random.default_rng(0)
    weights = [
        (gain if paired else 1.0) / math.sqrt(width) * generator.normal(size=(width, width)) for _ in range(layers)
    ]
    z = [generator.normal(size=(batch, width))]  # of the first layer
    for weight in weights[1:]:
        z.append(f(z[-1]) @ weight)
    slopes = [(f(x + 1e-5) - f(x - 1e-5)) / 2e-5 for x in z]
    back = generator.normal(size=(batch, width)) * slopes[-1]
    norms = []
    for layer in range(layers - 1, 0, -1):
        # Per sample: the norm over a batch adds up what different samples have in common.
        norms.append(np.sqrt(np.mean(np.sum(f(z[layer - 1]) ** 2, axis=1) * np.sum(back**2, axis=1))))
        back = (back @ weights[layer].T) * slopes[layer - 1]
    measured = np.array(norms[::-1]) / norms[0]
    start = theory.start(f"mlp(depth={layers})", activation, paired=paired)
    np.testing.assert_allclose(theory.kernel_gradients(activation, start), measured, rtol=0.25)


@pytest.mark.parametrize(
    ("model", "activation", "paired", "expected"),
    [
        ("mlp(depth=4)", "gelu", True, (4, 1.5335304412**2, 0.0)),
        ("deep_mlp", "gelu", True, (30, 1.98305826, 0.17292239)),  # the critical point, arXiv:2106.10165
        ("deep_mlp", "sigmoid", True, (30, 1.84622854534**2, 0.0)),  # has none
        ("deep_mlp(depth=3)", "gelu", False, (3, 1.0, 0.0)),
        ("nielsen(depth=4)", "sigmoid", True, (4, 1.0, 1.0)),
    ],
)
def test_the_theory_knows_how_networks_start(model, activation, paired, expected):
    start = theory.start(model, activation, paired=paired)
    assert (start.layers, start.weight_variance, start.bias_variance) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("model", ["cnn", "siren", "torch_mlp", "mlp(widths=(8, 16, 8))", "package.module:own_mlp"])
def test_the_theory_keeps_silent_about_other_networks(model, comparison):
    assert theory.start(model, "relu", paired=True) is None
    task = dataclasses.replace(comparison.tasks[0], model=model)
    assert comparison.predicted_gradients(task) == {}


def test_sigmoid_gradients_shrink_by_the_factor_of_mean_field_theory():
    """4.88 per layer with Nielsen's weights, from the fixed point q = 1 + E f(sqrt(q) z)^2 by plain quadrature."""
    z, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    q = 1.0
    for _ in range(50):
        f = 1.0 / (1.0 + np.exp(-math.sqrt(q) * z))
        q = 1.0 + weights @ f**2
    factor = 1.0 / math.sqrt(weights @ (f * (1.0 - f)) ** 2)
    assert factor == pytest.approx(4.88, abs=0.01)
    norms = theory.kernel_gradients("sigmoid", theory.Start(12, 1.0, 1.0))
    assert norms[6] / norms[5] == pytest.approx(factor, rel=1e-3)
