"""The HTML page: complete, self-contained, and usable without sight, colour, mouse or network."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from synthetic import record, records

from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.report.boundaries import Boundary

VOID = {"meta", "br", "link", "img", "input", "hr"}
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


def test_nothing_comes_from_elsewhere(page, text):
    assert "://" not in text
    assert "@import" not in text
    for element in page.elements:
        assert "src" not in element["attrs"]
        assert element["tag"] not in {"link", "iframe", "object"}
        if "href" in element["attrs"]:
            assert element["attrs"]["href"].startswith("#")


def test_identifiers_are_unique_and_references_meet_them(page, text):
    names = [element["attrs"]["id"] for element in page.elements if "id" in element["attrs"]]
    assert len(names) == len(set(names))
    references = {element["attrs"]["href"][1:] for element in page.elements if "href" in element["attrs"]}
    references |= set(re.findall(r"url\(#([^)]+)\)", text))
    references |= {each["attrs"]["aria-labelledby"] for each in page.elements if "aria-labelledby" in each["attrs"]}
    assert references <= set(names)
    assert len(references) > 10


def test_the_verdict_is_on_the_page(page, comparison):
    sentences = [element["text"].replace("\xa0", " ") for element in page.all("li")]
    for task in comparison.tasks:
        for sentence in comparison.verdict(task).splitlines():
            assert sentence in sentences
    assert any(sentence.startswith("gelu beats relu by 3.0 points (97.5 % CI") for sentence in sentences)


def test_tables_have_a_row_for_each_activation(page, comparison):
    tables = [table for table in page.all("table") if "Learning rate" in table["text"]]
    assert len(tables) == len(comparison.tasks) == 2
    for table, task in zip(tables, comparison.tasks, strict=True):
        inside = [element for element in page.elements if any(each is table for each in element["inside"])]
        names = [element["text"] for element in inside if element["attrs"].get("scope") == "row"]
        assert sorted(names) == sorted(entry.activation for entry in task.entries)
        heads = [element for element in inside if element["attrs"].get("scope") == "col"]
        cells = [element for element in inside if element["tag"] in ("td", "th") and "tbody" in element["parents"]]
        assert len(cells) == len(names) * len(heads)
        assert all("data-value" in cell["attrs"] for cell in cells)


def test_columns_that_hold_nothing_are_left_out(tmp_path):
    """Memory is not measured on a CPU."""
    Comparison(records({"relu": 0.9, "gelu": 0.93}, memory=None)).to_html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Memory MB" not in text
    assert "p after Holm" in text


def test_tables_are_sorted_by_keyboard(page):
    heads = [
        element
        for element in page.all("th")
        if element["attrs"].get("scope") == "col" and "Learning rate" in element["inside"][-3]["text"]
    ]
    buttons = [element for element in page.all("button") if "th" in element["parents"]]
    assert len(heads) == len(buttons) == 28
    assert all(button["text"] for button in buttons)
    sorted_by = [(head["text"], head["attrs"]["aria-sort"]) for head in heads if "aria-sort" in head["attrs"]]
    assert sorted_by == [("Test score", "descending"), ("Test score", "ascending")]  # accuracy, mse
    regions = [element for element in page.elements if element["attrs"].get("role") == "region"]
    assert [region["attrs"]["tabindex"] for region in regions] == ["0", "0", "0"]


def test_each_learning_rate_of_the_grid_has_its_column(page, comparison):
    """Where a grid was tried, a second table tells what each fixed rate would have given; here both the same."""
    (table,) = [table for table in page.all("table") if "Learning rate" not in table["text"]]
    cells = [element["text"] for element in page.all("td") if any(each is table for each in element["inside"])]
    assert len(cells) == len(ACTIVATIONS) * 2
    assert sum(cell.endswith(" ●") for cell in cells) == len(ACTIVATIONS)
    gelu = comparison.tasks[0].entry("gelu").validation[1e-3]
    assert f"{100 * np.mean(gelu):.3g} ± {100 * np.std(gelu, ddof=1):.2g} ●" in cells
    assert "before training (dotted: theory)" in page.all("main")[0]["text"]


@pytest.mark.slow
def test_the_page_says_how_the_learning_rate_came_about(text, tmp_path):
    """Chosen on validation data where there was a grid to choose from; with a single rate nothing was tuned."""
    Comparison(records({"relu": 0.9, "gelu": 0.95}, seeds=2)).to_html(tmp_path / "one_rate.html")
    one_rate = (tmp_path / "one_rate.html").read_text(encoding="utf-8")
    chosen, alike = "best for it on validation data", "All activations of a task ran at the same learning rate"
    assert (chosen in text, alike in text) == (True, False)
    assert (chosen in one_rate, alike in one_rate) == (False, True)
    assert "tuned" not in one_rate


def test_every_figure_shows_something_and_says_what(page):
    figures = page.all("figure")
    drawn = [element for element in page.all("svg") if "figure" in element["parents"]]
    assert len(drawn) == len(figures) == len(page.all("figcaption")) == 11 + 10 + 1
    for svg in drawn:
        assert svg["attrs"]["role"] == "img"
        assert len(svg["attrs"]["aria-label"]) > 30
        assert svg["attrs"]["viewbox"]
        marks = [each for each in page.all("path") + page.all("use") if any(parent is svg for parent in each["inside"])]
        assert len(marks) > 15
    labels = [svg["attrs"]["aria-label"] for svg in drawn]
    assert len(set(labels)) >= len(labels) - 6  # the two tasks may have equal shares and costs
    assert any("gelu beats relu" in label for label in labels)


def test_figures_take_the_colours_of_the_page(text):
    figures = "".join(re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL))
    assert "currentColor" in figures
    assert "var(--series-0)" in figures
    assert "#010203" not in figures
    assert "#0072b2" not in figures.lower()
    assert "prefers-color-scheme: dark" in text


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
    assert len(Page(written).all("script")) == 1


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
