"""The atlas in Chromium: what a user does with it, and that it fits its window."""

import re

import chromium
import pytest

import keras_acts

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="chromium is not on the PATH (.ci/run installs it)"),
]

NAMES = ("elu", "exp_sigmoid", "gelu", "hard_tanh", "mish", "relu", "softmax", "soft_exponential", "step", "tanh")
SHOWN = "[...document.querySelectorAll('.card')].filter(it => !it.hidden).map(it => it.dataset.name)"
PANELS = "[...document.querySelectorAll('.panel h2')].map(it => it.innerText)"
READY = "document.readyState === 'complete' && document.querySelectorAll('.card').length"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("atlas") / "atlas.html"
    found.write_text(keras_acts.atlas.render(NAMES), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with chromium.tab(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def opened(tab, path):
    def opened(hash="", **window):
        tab.errors.clear()
        tab.asked.clear()
        tab.open(path, hash=hash, **window)
        tab.wait(READY)
        return tab

    yield opened
    assert tab.errors == []
    assert {address.partition("#")[0] for address in tab.asked if address != "about:blank"} == {path.resolve().as_uri()}


def type_into(tab, id, value):
    tab.ask(f"(it => {{ it.value = {value!r}; it.dispatchEvent(new Event('input', {{bubbles: true}})) }})({id})")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("hash", ["", "exp_sigmoid", "softmax,step"])
def test_the_page_fits_its_window(opened, width, dark, hash):
    tab = opened(hash, width=width, dark=dark)
    assert tab.ask("document.documentElement.scrollWidth") <= width
    outside = "[...document.querySelectorAll('body *')].filter(it => it.getBoundingClientRect().right > innerWidth + 1)"
    inside = f"{outside}.filter(it => !it.closest('.formula')).map(it => it.outerHTML.slice(0, 80))"
    assert tab.ask(inside) == []
    page = tab.ask("getComputedStyle(document.body).backgroundColor")
    assert page == ("rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)")
    assert tab.ask("document.querySelectorAll('#panels:not([hidden]) math').length") >= len(hash.split(",")) * bool(
        hash
    )


def test_search_and_filters(opened):
    tab = opened()
    assert sorted(tab.ask(SHOWN)) == sorted(NAMES)
    search, family, trait, framework = (
        f"document.getElementById('{id}')" for id in ("search", "family", "trait", "framework")
    )
    for text, expected in {"gelu": ["gelu"], "HardTanh": ["hard_tanh"], "normal_cdf": ["gelu"], "no such": []}.items():
        type_into(tab, search, text)
        assert tab.ask(SHOWN) == expected
    assert tab.ask("document.getElementById('count').innerText") == "none fits"
    type_into(tab, search, "")
    for choice, value in ((trait, "bounded"), (framework, "torch"), (family, "tanh like")):
        type_into(tab, choice, value)
    records = [keras_acts.info(name) for name in NAMES]
    fits = [
        each.name for each in records
        if "bounded" in each.traits and "torch" in each.aliases and each.family == "tanh_like"
    ]  # fmt: skip
    assert tab.ask(SHOWN) == fits
    assert fits
    tab.ask("document.getElementById('controls').requestSubmit()")
    tab.wait(f"{PANELS}.join() === '{fits[0]}'")


def readout(tab, name):
    return tab.ask(f"document.querySelector('#panel-{name} .readout').innerText")


def test_a_slider_shows_the_curve_and_the_code_of_its_parameter(opened):
    tab = opened("elu")
    slider = "document.querySelector('.slider input')"
    curve = "document.querySelector('.curve:last-of-type').getAttribute('d')"
    before = tab.ask(curve)
    type_into(tab, slider, "0")
    assert tab.ask("document.querySelector('.slider output').value") == "0"
    assert tab.ask(curve) != before
    assert 'activation="elu(alpha=0.0)"' in tab.ask("document.querySelector('pre').innerText")
    box = tab.ask(
        "(it => [it.left, it.top, it.width, it.height])(document.querySelector('.chart svg').getBoundingClientRect())"
    )
    tab.move(box[0] + 0.25 * box[2], box[1] + 0.5 * box[3])
    tab.wait("document.querySelector('.readout').innerText.includes('x = ')")
    found = dict(re.findall(r"(\S+) = (−?[\d.]+)", readout(tab, "elu")))
    assert float(found["x"].replace("−", "-")) < -1.0
    assert [float(found[name]) for name in ("f(x)", "f'(x)", "f''(x)")] == [0.0, 0.0, 0.0]
    tab.move(1, 1)
    tab.wait("!document.querySelector('.readout').innerText.includes('x = ')")


def test_values_under_the_pointer_are_those_of_the_function(opened):
    tab = opened("mish")
    tab.ask("document.querySelector('.chart svg').focus()")
    for _ in range(7):
        tab.ask("document.querySelector('.chart svg').dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}))")
    found = {
        key: float(value.replace("−", "-")) for key, value in re.findall(r"(\S+) = (−?[\d.]+)", readout(tab, "mish"))
    }
    curve = keras_acts.plots.evaluate("mish", [found["x"]])
    assert found["x"] == pytest.approx(0.7)
    for name, expected in zip(("f(x)", "f'(x)", "f''(x)"), curve[1:], strict=True):
        assert found[name] == pytest.approx(float(expected[0]), rel=1e-4)


def test_two_side_by_side_and_deep_links(opened):
    tab = opened("mish")
    assert tab.ask(PANELS) == ["mish"]
    tab.ask(
        "(it => { it.value = 'gelu'; it.dispatchEvent(new Event('change')) })(document.querySelector('.head select'))"
    )
    tab.wait(f"{PANELS}.join() === 'mish,gelu'")
    assert tab.ask("location.hash") == "#mish,gelu"
    left, right = tab.ask("[...document.querySelectorAll('.panel')].map(it => it.getBoundingClientRect().left)")
    assert left < right
    tab.ask(
        "document.querySelectorAll('.chart svg')[0].dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}))"
    )
    assert readout(tab, "gelu").startswith("x = 0.1")  # both pointers move
    tab.ask("document.querySelector('.head button').click()")
    tab.wait(f"{PANELS}.join() === 'gelu'")
    tab.ask("document.querySelector('.card[data-name=softmax]').click()")
    tab.wait("document.querySelectorAll('.bar').length === 16")
    tab.ask("history.back()")
    tab.wait(f"{PANELS}.join() === 'gelu'")
    assert opened("no_such").ask(PANELS) == []
