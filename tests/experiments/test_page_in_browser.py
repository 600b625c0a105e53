"""The page in Chromium: what a mouse does to it, and that it fits its window."""

import re

import chromium
import pytest
from synthetic import record, records

from keras_acts.experiments.comparison import Comparison
from keras_acts.experiments.report.boundaries import Boundary

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="chromium is not on the PATH (.ci/run installs it)"),
]

NAMES = ("relu", "gelu", "elu(alpha=0.5)", "hard_tanh(-2.0, 2.0)", "tanh", "sigmoid", "swish", "mish", "softplus")
NAMES += ("PReLU", "snake", "selu")
DRAWN = """document.readyState === 'complete'
    && [...document.querySelectorAll('.chart')].every(each => each.querySelector('svg'))"""
# The lines of the first chart of curves: their labels, and how strongly they are drawn.
CURVES = "document.getElementById('p1-val_metric')"
LINES = f"""[...{CURVES}.querySelectorAll('.mark-line path')].filter(each => each.getAttribute('d'))
    .map(each => each.getAttribute('opacity') || '1')"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Twelve activations, three rates, a plane, and a second task with errors."""
    scores = {name: 0.97 - 0.002 * number for number, name in enumerate(NAMES)}
    made = [
        record(name, seed, score=score - rate, learning_rate=rate, tuning=True, epochs=20)
        for name, score in scores.items()
        for rate in (1e-3, 3e-3, 1e-2)
        for seed in range(3)
    ]
    made += records(scores, epochs=20)
    made += records({"relu": 0.4, "snake": 0.1}, metric="mse", data="periodic")
    found = tmp_path_factory.mktemp("page") / "report.html"
    plane = Boundary.of("relu", lambda xy: xy[:, 0] > 0.0, [[-1.0, 0.0], [1.0, 0.5]], [0, 1])
    Comparison(made).to_html(found, boundaries=[plane] * 4, settings={"command": "keras-acts compare"})
    return found


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chromium.tab(tmp_path_factory.mktemp("profile")) as found:
        yield found


def middle(tab, element):
    """The middle of an element, which is brought into view."""
    tab.ask(f"{element}.scrollIntoView({{block: 'center'}})")
    return tab.ask(f"(box => [box.x + box.width / 2, box.y + box.height / 2])({element}.getBoundingClientRect())")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_window_and_nothing_goes_wrong(tab, path, width, dark):
    tab.open(path, width=width, dark=dark)
    tab.wait(DRAWN)
    assert tab.ask("document.documentElement.scrollWidth") <= width
    boxes = "[...document.querySelectorAll('.scroll, table, td, th, figure')]"
    wide = f"{boxes}.filter(it => it.scrollWidth > it.clientWidth + 1)"
    assert tab.ask(f"{wide}.map(it => it.outerHTML.slice(0, 80))") == []
    outside = "[...document.querySelectorAll('.chart svg')].filter(it => it.getBoundingClientRect().right > innerWidth)"
    assert tab.ask(f"{outside}.length") == 0
    page = tab.ask("getComputedStyle(document.body).backgroundColor")
    assert page == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)")
    ink = tab.ask(f"getComputedStyle({CURVES}.querySelector('.role-axis-label text')).fill")
    assert ink == ("rgb(230, 234, 238)" if dark else "rgb(27, 31, 36)")
    assert tab.errors == []
    assert {address for address in tab.asked if not address.startswith("data:")} == {path.resolve().as_uri()}


def test_answer_and_ranking_are_on_the_first_screen(tab, path):
    tab.open(path)
    tab.wait(DRAWN)
    bottom = tab.ask("document.querySelector('table').getBoundingClientRect().bottom")
    assert 200 < bottom < 720
    assert tab.ask("document.querySelector('.answer').getBoundingClientRect().bottom") < 250


def test_a_pointer_on_a_line_lifts_it_and_tells_its_name_and_value(tab, path):
    tab.open(path)
    tab.wait(DRAWN)
    assert set(tab.ask(LINES)) == {"1"}
    count = len(tab.ask(LINES))
    assert count == len(NAMES)
    x, y = middle(tab, CURVES)
    tab.move(x, y)
    tab.wait("document.querySelector('#vg-tooltip-element.visible')")
    said = tab.ask("document.querySelector('#vg-tooltip-element').innerText")
    name, _, value = said.partition(", epoch ")
    assert name in NAMES
    assert re.fullmatch(r"\d+: \d\d\.\d+ % \(95 % CI \d\d\.\d+ to \d\d\.\d+\)", value)
    tab.wait(f"{LINES}.filter(each => each === '1').length === 1")
    tab.move(1, 1)
    tab.wait(f"{LINES}.every(each => each === '1')")


def test_a_click_on_a_name_switches_its_line_off_and_on(tab, path):
    tab.open(path)
    tab.wait(DRAWN)
    count = len(tab.ask(LINES))
    button = f"{CURVES}.closest('figure').querySelector('.legend button[value=gelu]')"
    place = middle(tab, button)
    tab.move(*place)
    tab.wait(f"{LINES}.filter(each => each === '1').length === 1")  # a name under the pointer lifts its line
    tab.click(*place)
    tab.wait(f"{LINES}.length === {count - 1}")
    assert tab.ask(f"{button}.getAttribute('aria-pressed')") == "false"
    tab.click(*place)
    tab.wait(f"{LINES}.length === {count}")
    assert tab.ask(f"{button}.getAttribute('aria-pressed')") == "true"


def test_a_table_is_sorted_within_its_groups(tab, path):
    tab.open(path)
    tab.wait(DRAWN)
    names = "[...document.querySelectorAll('table')[0].querySelectorAll('tbody th')].map(each => each.innerText)"
    before = tab.ask(names)
    tab.click(*middle(tab, "document.querySelectorAll('table')[0].querySelectorAll('th button')[1]"))
    after = tab.ask(names)
    assert after != before
    assert after[0] == before[0]  # the title of the group
    assert sorted(after) == sorted(before)
    assert tab.errors == []
