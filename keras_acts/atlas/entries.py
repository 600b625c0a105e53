"""What the page shows of one activation, as plain data: computed here in float64, so that the page computes nothing."""

import base64
import functools
import json
import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np

from keras_acts import _extras, analysis, notation, plots
from keras_acts.analysis import elementwise
from keras_acts.atlas.stops import stops
from keras_acts.core import resolve, spec
from keras_acts.core.activation import Activation
from keras_acts.core.params import Trait

__all__ = ["Curves", "Rows", "documented_formula", "drawing", "entry"]

POINTS = 121  # of a curve: multiples of 0.1 on the usual axis
USUAL, FARTHEST = 6.0, 60.0  # ends of the axis
TURNS = 8  # that an axis shows at most
ROW = np.array([2.0, 1.2, 0.7, 0.3, 0.0, -0.4, -1.0, -2.0])  # what activations over an axis are shown on
SCALES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def entry(name: str) -> dict[str, Any]:
    """An activation, ready for JSON."""
    record = resolve.info(name)
    draw = drawing(record)
    sliders = []
    for param in record.params.values():
        found = [] if param.name == "axis" else stops(record, param)
        drawn = [(given, draw.of(given)) for given in found]
        kept = [(given, data) for given, data in drawn if data]
        if len(kept) > 1:
            at = [given[param.name] for given, _ in kept]
            default = at.index(param.default) if param.default in at else 0
            sliders.append(
                {
                    "name": param.name,
                    "meaning": f"{param.meaning}: {param.expected}{_beside(kept[0][0], param.name)}",
                    "default": default,
                    "stops": [{"at": _shown(given[param.name]), **data} for given, data in kept],
                }
            )
    return {
        "name": record.name,
        "summary": record.summary.replace("`", ""),
        "family": record.family.replace("_", " "),
        "kind": draw.kind,
        "traits": sorted(map(str, record.traits)),
        "formula": documented_formula(record),
        "formulas": _formulas(record),
        "names": [[framework, ", ".join(names)] for framework, names in record.aliases.items()],
        "paper": record.paper,
        "facts": _facts(record),
        "measured": _measured().get(record.name, {}),
        "axis": draw.axis,
        "plain": {"at": "", **(draw.of({}) or {})},
        "sliders": [*draw.sliders, *sliders],
    }


def drawing(record: Activation) -> "Curves | Rows":
    """What draws it."""
    return Rows(record) if Trait.OVER_AXIS in record.traits else Curves(record)


def documented_formula(record: Activation) -> str:
    """The formula in plain text; where the notation cannot say it, as the docstring does."""
    formula = record.formula_at(record.defaults)
    if isinstance(formula, str):
        return formula
    match = re.search(r"^f\(x\)\S* = (.+)$", record.documentation, flags=re.MULTILINE)
    return match[1] if match else formula.text


def _formulas(record: Activation) -> list[list[str]]:
    """By case, MathML; the case of the defaults first."""
    default = record.formula_at(record.defaults)
    cases = sorted(record.formulas.items(), key=lambda item: item[1] is not default)
    return [[case, _mathml(f"f(x) = {notation.latex(formula)}")] for case, formula in cases]


def _mathml(latex: str) -> str:
    with _extras.named():
        from latex2mathml import converter

    # Words stay words.
    upright = re.sub(r"\\mathrm\{([^}]*)\}", lambda word: rf"\text{{{_plain(word[1])}}}", latex)
    return converter.convert(upright.replace(r"\arg", r"\text{arg} \,"), display="block")


def _plain(latex: str) -> str:
    return re.sub(r"\\[;, ]", " ", latex.replace(r"\_", "_"))


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _beside(given: Mapping[str, Any], name: str) -> str:
    """The other parameter that this one needs."""
    return "".join(f"; with {other}={value!r}" for other, value in given.items() if other != name)


def _code(record: Activation, given: Mapping[str, Any]) -> str:
    """What makes a layer with it: by the plain string, unless that is Keras' own."""
    text = spec.format(record.name, given) if given else record.name
    is_ours = bool(given) or record.name not in record.aliases.get("keras", ())
    layer = "Activation(" if Trait.OVER_AXIS in record.traits else "Dense(64, activation="
    return f'keras.layers.{layer}"{text if is_ours else "keras_acts>" + text}")'


def _facts(record: Activation) -> list[list[str]]:
    facts = {"Initializer": record.initializer, "Declared in": record.source}
    curve = record.curve
    if curve is not None:
        facts = _facts_of_curve(curve) | _facts_of_signals(record) | facts
    return [[name, fact] for name, fact in facts.items()]


def _facts_of_curve(curve: analysis.Landmarks) -> dict[str, str]:
    turns = [
        f"{'maximum' if each.is_maximum else 'minimum'} {each.value:.6g} at {each.x:.6g}" for each in curve.extrema
    ]
    zeros = [f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}" for low, high in curve.zeros]
    return {
        "Range": " to ".join(f"{end:.6g}" for end in curve.range),
        "Smoothness": curve.smoothness_class,
        "Zeros": _several(zeros) or "none",
        "Turns": _several(turns) or "none",
        "Largest |f'|": f"{curve.largest_slope:.6g}",
    }


def _several(found: list[str]) -> str:
    return ", ".join(found) if len(found) <= 3 else f"{len(found)}{' or more' if len(found) >= 64 else ''} near 0"


def _facts_of_signals(record: Activation) -> dict[str, str]:
    try:
        found = analysis.statistics(record.with_params({}))
    except ValueError:  # no gain
        return {}
    steady = "keeps its variance" if found.stable else "its variance runs away in deep networks"
    mean = found.mean if abs(found.mean) > 1e-12 else 0.0  # of an odd function, but for rounding
    facts = {"Under N(0, 1)": f"mean {mean:.6g}, variance {found.variance:.6g}"}
    facts["With its gain"] = f"{steady} (slope {found.slope:.4g})"
    if found.critical is not None:
        weights, biases = found.critical.weight_variance, found.critical.bias_variance
        facts["Critical point"] = f"weights {weights:.6g} / fan_in, biases {biases:.6g}"
    return facts


@functools.cache
def _measured() -> dict[str, dict[str, Any]]:
    """Kept by `python -m tools.measured`: errors in float32 and cost, of the default parameters."""
    return json.loads(resources.files("keras_acts.atlas").joinpath("measured.json").read_text(encoding="utf-8"))


def _packed(values: np.ndarray) -> str:
    """Float32 numbers; what is not finite is NaN."""
    finite = np.where(np.isfinite(values) & (np.abs(values) < 1e30), values, np.nan)
    return base64.b64encode(finite.astype("<f4").tobytes()).decode()


class Curves:
    """f, f' and f'' on an axis that shows what there is to see."""

    kind = "curve"
    sliders: tuple[Any, ...] = ()

    def __init__(self, record: Activation) -> None:
        self.record = record
        curve = record.curve
        turns = sorted(abs(each.x) for each in curve.extrema)
        end = USUAL
        if len(turns) > TURNS:
            end = min(USUAL, turns[TURNS])
        elif Trait.BOUNDED in record.traits and curve.saturation is not None and np.isfinite(curve.saturation).all():
            end = min(FARTHEST, max(USUAL, 0.7 * max(map(abs, curve.saturation))))
        places = [abs(each.x) for each in curve.seams if abs(each.x) > end]
        end = max([end, *(1.3 * place for place in places)])
        self.end = float(f"{end:.2g}")
        names = plots.derivative_names(record.with_params({}))
        self.axis = {"end": self.end, "names": ["f(x)", *names]}

    def of(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The curves for these parameters."""
        kinks = [round(kink, 4) for kink in elementwise.kinks(self.record.with_params(given)) if abs(kink) < self.end]
        return {"y": _packed(np.stack(self.curve(given)[1:])), "kinks": kinks, "code": _code(self.record, given)}

    def curve(self, given: Mapping[str, Any] = MappingProxyType({})) -> plots.Curve:
        """In float64."""
        return plots.evaluate(self.record.with_params(given), np.linspace(-self.end, self.end, POINTS))


class Rows:
    """What becomes of a row of numbers."""

    kind = "bars"

    def __init__(self, record: Activation) -> None:
        self.record = record
        self.axis = {"row": ROW.tolist()}
        scaled = [{"at": f"{scale:g}", "scale": scale, **self.of({}, scale)} for scale in SCALES]
        self.sliders = (
            {
                "name": "input times",
                "meaning": "the row is multiplied by it",
                "default": SCALES.index(1.0),
                "stops": scaled,
            },
        )

    def of(self, given: Mapping[str, Any], scale: float = 1.0) -> dict[str, Any]:
        """The outputs for these parameters; nothing where the row is too short for them."""
        try:
            return {"y": _packed(self.outputs(given, scale)), "code": _code(self.record, given)}
        except ValueError:
            return {}

    def outputs(self, given: Mapping[str, Any] = MappingProxyType({}), scale: float = 1.0) -> np.ndarray:
        """In float64."""
        return elementwise.evaluate(self.record.with_params(given), scale * ROW[None])[0][0]
