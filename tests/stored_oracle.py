"""What the oracle says about the subjects of the contract, kept in `tests/data/oracle`, a file for each activation.

`python -m tools.oracle` writes the files. What is missing, or was made from another reference, sample, parameter or
precision, is computed live, so that a new activation can be tested at once.
"""

import ast
import functools
import hashlib
from pathlib import Path

import numpy as np
import over_axis
import subjects

from keras_acts.core import resolve
from keras_acts.testing import contract, oracle, samples
from keras_acts.testing.metric import Exact

FOLDER = Path(__file__).parent / "data" / "oracle"
REFERENCE_FILE = Path(__file__).parent / "reference.py"
COMMAND = "python -m tools.oracle"

# Three orders of the four are judged, to 4 bits below the last one of float64: K is off by 1/32 at most. The fourth
# sets a scale only, which needs no more than 6 bits in all.
_TAIL_UNITS = 2.0**4
_SCALE_BITS = 6


# ---- What a stored result depends on --------------------------------------------------------------------------------


@functools.cache
def _parts_of_the_reference(text: str) -> dict[str, tuple[str, frozenset[str]]]:
    """For each function and each oracle line of `reference.py`: its text, and the names that it uses."""
    parts, kinds = {}, {"REFERENCES": "oracle", "SURROGATES": "surrogate"}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            parts[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            kind = kinds[node.targets[0].id]
            parts |= {
                f"{kind} {key.value}": value for key, value in zip(node.value.keys, node.value.values, strict=True)
            }
    return {
        key: (
            ast.get_source_segment(text, node),
            frozenset(used.id for used in ast.walk(node) if isinstance(used, ast.Name)),
        )
        for key, node in parts.items()
    }


def reference_source(name: str, text: str | None = None) -> str:
    """The text of an activation's reference and of all that it calls."""
    parts = _parts_of_the_reference(REFERENCE_FILE.read_text(encoding="utf-8") if text is None else text)
    needed, open_ends = {}, [f"oracle {name}", f"surrogate {name}"]
    while open_ends:
        part = open_ends.pop()
        if part in parts and part not in needed:
            needed[part], used = parts[part]
            open_ends += used
    return "\n".join(needed[part] for part in sorted(needed))


def digest(spec: str) -> str:
    """Changes with all that a stored result depends on."""
    declaration, params = resolve.declaration_of(resolve.get(spec))
    hashed = hashlib.sha256(repr((reference_source(declaration.name), sorted(params.items()))).encode())
    if declaration.name in subjects.OVER_AXIS:
        hashed.update(repr((over_axis.DIGITS, over_axis.STEP)).encode())
        inputs = [over_axis.rows(dtype) for dtype in samples.DTYPES]
    else:
        hashed.update(repr((oracle.PRECISION, _TAIL_UNITS, _SCALE_BITS)).encode())
        inputs = [samples.sample("float64", declaration.kinks(**params))]
    for x in inputs:
        hashed.update(x.tobytes())
    return hashed.hexdigest()


# ---- Files ----------------------------------------------------------------------------------------------------------


def _packed(exact: Exact) -> dict[str, np.ndarray]:
    heads = exact.head.copy()
    mantissas, exponents = np.frexp(heads[3])
    heads[3] = np.ldexp(np.round(mantissas * 2**_SCALE_BITS) / 2**_SCALE_BITS, exponents)
    with np.errstate(invalid="ignore"):  # an infinity has no spacing
        tails = np.nan_to_num(np.round(exact.tail[:3] / np.spacing(np.abs(exact.head[:3])) * _TAIL_UNITS))
    # Bytes of equal weight side by side are compressed best.
    slope = {} if exact.slope is None else {"slope": exact.slope}
    return {"heads": heads.view(np.uint8).reshape(-1, 8).T, "tails": tails.astype(np.int8), **slope}


def _unpacked(heads: np.ndarray, tails: np.ndarray, slope: np.ndarray | None) -> Exact:
    wide = np.ascontiguousarray(heads.T).view(np.float64).reshape(4, -1)
    with np.errstate(invalid="ignore"):
        wide_tails = np.nan_to_num(tails * (np.spacing(np.abs(wide[:3])) / _TAIL_UNITS))
    return Exact(wide, np.concatenate([wide_tails, np.zeros_like(wide[3:])]), slope=slope)


def write(name: str) -> None:
    """Judge an activation at all its parameters, and keep the results in its file."""
    content = {}
    for spec in subjects.specs_of(name):
        parts = _judged_rows(spec) if name in subjects.OVER_AXIS else _judged(subjects.subject(spec))
        parts["digest"] = np.array(digest(spec))
        content |= {f"{spec} {part}": array for part, array in parts.items()}
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(FOLDER / f"{name}.npz", **content)


def _judged(subject: contract.Subject) -> dict[str, np.ndarray]:
    return _packed(subject.judged[1]) | {"limits": subject.limits}


def _judged_rows(spec: str) -> dict[str, np.ndarray]:
    parts = {}
    for dtype in samples.DTYPES:
        parts |= {f"{dtype} {i}": array for i, array in enumerate(over_axis.judged(spec, dtype))}
    return parts


@functools.lru_cache(maxsize=2)
def _file(name: str) -> dict[str, np.ndarray]:
    path = FOLDER / f"{name}.npz"
    if not path.exists():
        return {}
    with np.load(path) as content:
        return dict(content)


@functools.lru_cache(maxsize=2)
def kept(spec: str) -> dict[str, np.ndarray] | None:
    """What is kept about these parameters of an activation, or None where it is out of date or missing."""
    content = _file(subjects.name_of(spec))
    prefix = f"{spec} "
    found = {key.removeprefix(prefix): array for key, array in content.items() if key.startswith(prefix)}
    return found if found and str(found["digest"]) == digest(spec) else None


def forget() -> None:
    """Read the files anew."""
    _file.cache_clear()
    kept.cache_clear()


# ---- In place of the oracle -----------------------------------------------------------------------------------------


class Judge:
    """The oracle on one elementwise activation: from the file where that is current, else live."""

    def __init__(self, spec: str) -> None:
        self._spec = spec

    def derivatives(self, reference, x: np.ndarray, surrogate=None) -> Exact:
        found = kept(self._spec)
        if found is None:
            return oracle.derivatives(reference, x, surrogate)
        return _unpacked(found["heads"], found["tails"], found.get("slope"))

    def limits(self, reference, surrogate=None) -> np.ndarray:
        found = kept(self._spec)
        return oracle.limits(reference, surrogate) if found is None else found["limits"]


def judged_rows(spec: str, dtype: str) -> tuple[np.ndarray, ...]:
    """What is judged about an activation over an axis, as `over_axis.judged`."""
    found = kept(spec)
    return over_axis.judged(spec, dtype) if found is None else tuple(found[f"{dtype} {i}"] for i in range(4))
