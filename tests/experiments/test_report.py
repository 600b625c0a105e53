"""The HTML page: complete, self-contained, and usable without sight, colour, mouse or network."""

import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from synthetic import record, records

from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.report import charts
from keras_acts.experiments.report import page as pages
from keras_acts.experiments.report.boundaries import Boundary
from keras_acts.experiments.report.gallery import exhibits

VOID = {"meta", "br", "link", "img", "input", "hr"}
EMPTY = {"metric": (), "val_metric": ()}
ACTIVATIONS = {"relu": 0.93, "gelu": 0.96, "elu(alpha=0.5)": 0.93, "sigmoid": 0.5}


class Page(HTMLParser):
    """Elements with their attributes and text, and a check that they are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "attrs": dict(attrs), "text": "", "parents": [each["tag"] for each in self.open]}
        element["inside"] = list(self.open)
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open[-1]["tag"] == tag
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def all(self, tag):
        return [element for element in self.elements if element["tag"] == tag]


@pytest.fixture(scope="module")
def comparison():
    tried = [
        record(name, seed, score=score - 0.1 * (rate == 1e-2), learning_rate=rate, tuning=True)
        for name, score in ACTIVATIONS.items()
        for rate in (1e-3, 1e-2)
        for seed in range(3)
    ]
    return Comparison(
        [*tried, *records(ACTIVATIONS), *records({"relu": 0.4, "snake": 0.1}, metric="mse", data="periodic")]
    )


@pytest.fixture(scope="module")
def text(comparison, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    points = np.random.default_rng(0).normal(size=(20, 2))
    boundary = Boundary.of(
        "relu, 8 units", lambda xy: (np.hypot(xy[:, 0], xy[:, 1]) < 1.0) * 1.0, points, np.arange(20) % 2
    )
    comparison.to_html(path, boundaries=[boundary], settings={"Command": "keras-acts compare --data <mine> & yours"})
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


@pytest.fixture(scope="module")
def specs(text):
    return specs_of(text)


def specs_of(text):
    """The figures as Vega-Lite, by their identifier."""
    return json.loads(re.search(r"Object\.entries\((\{.*\})\)\) draw", text)[1])


def rows_of(spec):
    """The data of a figure, all layers together."""
    return [row for rows in spec["datasets"].values() for row in rows]


def test_nothing_comes_from_elsewhere(page, text):
    ours = text.replace(pages._vega(), "")
    assert len(text) - len(ours) > 500_000
    assert "://" not in ours
    assert "@import" not in ours
    for element in page.elements:
        assert "src" not in element["attrs"]
        assert element["tag"] not in {"link", "iframe", "object"}
        if "href" in element["attrs"]:
            assert element["attrs"]["href"].startswith("#")


@pytest.mark.slow
def test_the_page_is_no_larger_than_two_megabytes(tmp_path):
    names = ("relu", "gelu", "elu", "selu", "tanh", "sigmoid", "swish", "mish", "softplus", "PReLU", "snake", "sin")
    scores = {name: 0.9 - 0.01 * number for number, name in enumerate(names)}
    Comparison(records(scores, epochs=200)).to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size <= 2_000_000


def test_identifiers_are_unique_and_references_meet_them(page):
    names = [element["attrs"]["id"] for element in page.elements if "id" in element["attrs"]]
    assert len(names) == len(set(names))
    references = {element["attrs"]["href"][1:] for element in page.elements if "href" in element["attrs"]}
    references |= {each["attrs"]["aria-labelledby"] for each in page.elements if "aria-labelledby" in each["attrs"]}
    assert references <= set(names)
    assert len(references) > 5


def test_the_answer_comes_first(page):
    first = [each["text"] for each in page.all("p") if each["attrs"].get("class") == "answer"]
    assert first[0] == "gelu beats relu; sigmoid loses to it; gelu is better than all others."
    assert first[1] == "snake beats relu; snake is better than all others."
    elements = [each for each in page.elements if each["attrs"].get("class") in ("answer", "verdict", "figures")]
    assert elements[0]["attrs"]["class"] == "answer"


def test_the_findings_are_on_the_page(page, comparison):
    """In the table those that have a row of their own there, in words all others."""
    sentences = [element["text"].replace("\xa0", " ") for element in page.all("li")]
    cells = [element["text"].replace("\xa0", " ") for element in page.all("td")]
    for task in comparison.tasks:
        for sentence in comparison.verdict(task).splitlines():
            assert (sentence in sentences) is not (" beats " in sentence or " loses to " in sentence)
    assert "▲ +3.0 (+2.9 to +3.1)" in cells
    assert sum(cell.startswith("▼") for cell in cells) == 1


def test_the_ranking_has_groups(page):
    """Those first that cannot be told from the best, each group by its scores."""
    groups = [each["text"] for each in page.all("th") if each["attrs"].get("scope") == "rowgroup"]
    assert groups == ["The best", "Worse than the best"] * 2
    names = [each["text"] for each in page.all("th") if each["attrs"].get("scope") == "row"]
    assert names[0] == "gelu"
    assert names[3] == "sigmoid"


def test_tables_have_a_row_for_each_activation(page, comparison):
    tables = page.all("table")
    assert len(tables) == 2 * len(comparison.tasks) == 4
    for table, task in zip(tables, [task for task in comparison.tasks for _ in range(2)], strict=True):
        inside = [element for element in page.elements if any(each is table for each in element["inside"])]
        names = [element["text"] for element in inside if element["attrs"].get("scope") == "row"]
        assert sorted(names) == sorted(entry.activation for entry in task.entries)
        heads = [element for element in inside if element["attrs"].get("scope") == "col"]
        cells = [element for element in inside if "data-value" in element["attrs"]]
        assert len(cells) == len(names) * len(heads)
        labels = [cell["attrs"]["data-label"] for cell in cells if cell["tag"] == "td"]
        assert labels == [head["text"] for head in heads[1:]] * len(names)  # what a narrow page shows for the heads


def test_columns_that_are_empty_or_alike_are_left_out(tmp_path):
    """Memory is not measured on a CPU; what is the same for all is said once."""
    Comparison(records({"relu": 0.9, "gelu": 0.93}, memory=None)).to_html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Memory" not in text.partition("<script>")[0]
    assert "The same for all: Diverged: 0 of 10; Learning rate: 0.001; ms per step: 2; Weights: 26,122." in text
    assert "Weights" not in [each["text"] for each in Page(text).all("button")]


def test_tables_are_sorted_by_keyboard(page):
    heads = [each for each in page.all("th") if each["attrs"].get("scope") == "col"]
    buttons = [each for each in page.all("button") if "th" in each["parents"]]
    assert len(heads) == len(buttons) > 10
    assert all(button["text"] for button in buttons)
    sorted_by = [(head["text"], head["attrs"]["aria-sort"]) for head in heads if "aria-sort" in head["attrs"]]
    assert sorted_by == [("Test accuracy", "descending"), ("Test mse", "ascending")]
    regions = [element for element in page.elements if element["attrs"].get("role") == "region"]
    assert [region["attrs"]["tabindex"] for region in regions] == ["0", "0"]


def test_each_learning_rate_of_the_grid_is_drawn(specs, comparison):
    """What each fixed rate would have given; the dot is the chosen one."""
    rows = [row for row in rows_of(specs["p1-learning_rates"]) if row["label"] == "gelu"]
    values = np.array(comparison.tasks[0].entry("gelu").validation[1e-3])
    assert [(row["x"], row["marked"]) for row in rows] == [(1e-3, True), (1e-2, False)]
    assert rows[0]["y"] == pytest.approx(100 * values.mean(), rel=1e-4)
    assert "p2-learning_rates" not in specs  # one rate


@pytest.mark.slow
def test_the_page_says_how_the_learning_rate_came_about(text, tmp_path):
    """Chosen on validation data where there was a grid to choose from; with a single rate nothing was tuned."""
    Comparison(records({"relu": 0.9, "gelu": 0.95}, seeds=2)).to_html(tmp_path / "one_rate.html")
    one_rate = (tmp_path / "one_rate.html").read_text(encoding="utf-8")
    chosen, alike = "best for it on validation data", "All activations of a task ran at the same learning rate"
    assert (chosen in text, alike in text) == (True, False)
    assert (chosen in one_rate, alike in one_rate) == (False, True)
    assert "tuned" not in one_rate


def test_every_figure_shows_something_and_says_what(page, specs):
    drawn = [element for element in page.all("div") if element["attrs"].get("class") == "chart"]
    assert [each["attrs"]["id"] for each in drawn] == list(dict.fromkeys(each["attrs"]["id"] for each in drawn))
    assert {each["attrs"]["id"] for each in drawn} == set(specs)
    assert len(drawn) == len(page.all("figure")) == len(page.all("figcaption")) == 9 + 8 + 1
    for each in drawn:
        assert each["attrs"]["role"] == "img"
        assert len(each["attrs"]["aria-label"]) > 30
        assert len(rows_of(specs[each["attrs"]["id"]])) > 2
    assert any("gelu beats relu" in each["attrs"]["aria-label"] for each in drawn)


def test_figures_take_the_colours_of_the_page(text, specs):
    """A variable of the style sheet wherever a colour stands, so that dark mode reaches all of them."""
    drawn = json.dumps({name: spec for name, spec in specs.items() if "boundaries" not in name})
    assert not re.search(r'"#|"black|"white|"steelblue', drawn)
    assert {*re.findall(r"var\(--([\w-]+)\)", drawn)} <= charts.LIGHT.keys() == charts.DARK.keys()
    dark = text.partition("@media (prefers-color-scheme: dark)")[2].partition("}\n}")[0]
    for colors, place in ((charts.LIGHT, text.partition("@media")[0]), (charts.DARK, dark)):
        assert all(f"--{name}: {color};" in place for name, color in colors.items())


def _luminance(color):
    shares = np.array([int(color[place : place + 2], 16) for place in (1, 3, 5)]) / 255.0
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def contrast(one, other):
    """As WCAG 2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [charts.LIGHT, charts.DARK], ids=["light", "dark"])
def test_what_is_drawn_stands_out_from_the_page(colors):
    assert contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.01)
    for name, color in colors.items():
        if name.startswith("series") or name in ("text", "soft", "accent"):
            least = 3.0 if name.startswith("series") else 4.5
            assert contrast(color, colors["page"]) >= least, name
            if not name.startswith("series"):
                assert contrast(color, colors["panel"]) >= least, name


def test_differences_are_in_the_order_of_the_table_with_all_of_their_intervals(comparison, specs):
    rows = [row for row in rows_of(specs["p1-differences"]) if "label" in row]
    assert [row["label"] for row in rows] == ["gelu", "relu (baseline)", "elu(alpha=0.5)", "sigmoid"]
    assert [row.get("verdict") for row in rows] == ["better", None, "no difference shown", "worse"]
    found = {each.activation: each for each in comparison.differences(comparison.tasks[0])}
    assert rows[3]["low"] == pytest.approx(100 * found["sigmoid"].low, rel=1e-4)
    (_, interval, mean) = specs["p1-differences"]["layer"]
    assert "scale" not in interval["encoding"]["x"]  # the axis holds all of them
    assert mean["encoding"]["fill"]["scale"]["range"][2] == "var(--page)"  # hollow where not significant


def test_differences_are_in_the_order_of_the_groups(tmp_path):
    """snake is worse than the best for certain, elu for all that is known: it has a lower mean but varies widely."""
    made = records({"relu": 0.97, "snake": 0.96}) + [record("elu", n, score=0.95 + 0.04 * (-1) ** n) for n in range(10)]
    Comparison(made).to_html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    rows = [each["text"] for each in Page(text).all("th") if each["attrs"].get("scope") == "row"]
    assert rows == ["relu", "elu", "snake"] * 2  # the ranking, the details
    drawn = [row["label"] for row in rows_of(specs_of(text)["p1-differences"]) if "label" in row]
    assert drawn == ["relu (baseline)", "elu", "snake"]
    (answer,) = [each["text"] for each in Page(text).all("p") if each["attrs"].get("class") == "answer"]
    assert answer == "None beats relu; snake loses to it; elu cannot be told from it."


def test_what_is_worth_having_is_drawn(tmp_path):
    made = records({"relu": 0.9, "gelu": 0.9, "elu": 0.95})
    Comparison(made, worth=0.5).to_html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    drawn = [row["x"] for row in rows_of(specs_of(text)["p1-differences"]) if "x" in row]
    assert drawn == [0.0, -0.5, 0.5]
    assert "±0.5, the smallest difference worth having" in text
    assert "elu beats relu; gelu is equivalent to it; elu is better than all others." in text


def test_curves_have_linear_axes_from_the_first_epoch_to_the_last(specs):
    for name in ("p1-val_metric", "p1-val_loss", "p1-loss"):
        encoding = specs[name]["layer"][1]["encoding"]
        assert encoding["x"]["axis"]["values"] == [1, 2, 3, 4, 5, 6]
        assert "type" not in encoding["y"]["scale"]
    assert specs["p1-val_metric"]["layer"][1]["encoding"]["y"]["title"] == "validation accuracy, %"
    assert "p2-val_loss" in specs  # of mse the synthetic curves of loss and metric differ


def test_what_would_squeeze_the_others_is_switched_off_at_first(tmp_path):
    scores = {"relu": 0.93, "gelu": 0.94, "elu": 0.935, "tanh": 0.925, "sigmoid": 0.1}
    found = Comparison(records(scores, seeds=2))
    found.to_html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    spec = specs_of(text)["p1-val_metric"]
    params = {each["name"]: each["value"] for each in spec["params"] if "value" in each}
    assert params["off"] == ["sigmoid"]
    assert 70.0 < params["range"][0] < params["range"][1] < 95.0  # of the others, after the first quarter
    assert spec["usermeta"]["sigmoid"][1] == pytest.approx(10.0, abs=2.0)
    buttons = [each["attrs"] for each in Page(text).all("button") if "value" in each["attrs"]]
    assert [each["aria-pressed"] for each in buttons[:5]] == ["true"] * 4 + ["false"]
    assert "Switched off at first, as far from the others: sigmoid." in text
    exhibit = next(each for each in exhibits(found, found.tasks[0]) if each.name == "val_metric")
    exhibit.figure.savefig(tmp_path / "curves.svg")
    drawn = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert "not drawn, far from the others: sigmoid" in drawn
    assert "var(" not in drawn
    assert charts.LIGHT["series-0"] in drawn


def test_settings_and_versions_are_told_and_escaped(page, text):
    told = dict(zip((each["text"] for each in page.all("dt")), (each["text"] for each in page.all("dd")), strict=True))
    assert told["Command"] == "keras-acts compare --data <mine> & yours"
    assert "<mine>" not in text
    assert told["keras"] == "3.15.0"
    assert told["Seeds"] == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    rates = [each["text"] for each in page.all("dd") if each["text"].endswith(("0.001", "0.01"))]
    assert rates == ["0.001, 0.01", "0.001"]


@pytest.mark.slow
def test_names_of_any_kind_are_escaped(tmp_path):
    made = records({"relu": 0.9, "<script>alert(1)</script>": 0.95}, seeds=2, data='"a" & <b>')
    Comparison(made).to_html(tmp_path / "report.html")
    written = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in written
    assert len(Page(written).all("script")) == 2


def test_what_must_be_known_of_the_runs_is_on_the_page(tmp_path):
    """Notes, such as that a budget cut them short; and a loop of one's own gives curves of any length, or none."""
    made = [
        dataclasses.replace(each, history={"loss": (), "val_loss": (0.1,) * (each.run.seed + 1)} | EMPTY)
        for each in records({"relu": 0.9, "gelu": 0.95}, seeds=2, epochs=1, layers=0)
    ]
    Comparison(made, notes=["cut short"]).to_html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "cut short" in [each["text"] for each in Page(text).all("li")]
    assert list(specs_of(text)) == ["p1-differences"]


def test_the_smallest_comparison_has_a_page(tmp_path):
    """One run that diverged at once, of one activation, without layers or memory."""
    Comparison([record("relu", diverged=True, epochs=2, memory=None, layers=0)]).to_html(tmp_path / "report.html")
    written = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "relu: 1 of 1 run diverged and counts as accuracy 0" in [each["text"] for each in written.all("li")]


def test_the_same_records_give_the_same_page(tmp_path):
    first = Comparison(records({"relu": 0.9}, seeds=2))
    first.to_html(tmp_path / "one.html")
    Comparison(first.records).to_html(tmp_path / "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
