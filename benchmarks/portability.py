"""Every activation and layer, and ten whole models, written for each target, run there and compared with Keras.

    python -m benchmarks.portability [--targets onnx,litert] [--minutes 15] [--only NAME]

Needs the extra `export`, and openvino for that target; `onnx_torch` takes KERAS_BACKEND=torch, which has no other. What
is in `benchmarks/results/portability.csv` is not done again: after a change of something, delete its rows. An export
that takes its process along is a row too. Writes that table and its summary, `portability.md`.

An activation passes in float if every number is within 1e-5 of Keras' value, relatively, or 1e-6; on normal numbers
times 5, -30 .. 30, and +-100 and +-1e4. In int8, if every number is within one step of the exact table, the value at
each of the 256 inputs. Layers and models are held to their largest value, as by `keras_acts.export`.
"""

import argparse
import csv
import functools
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np

import keras_acts
from keras_acts.carrying import converter, exporting, int8_tables, samples
from keras_acts.core import form

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "layers")]
import drawn_parameters  # noqa: E402  (after their folders are on the path)
from examples import EXAMPLES  # noqa: E402

TABLE = ROOT / "benchmarks" / "results" / "portability.csv"
SUMMARY = TABLE.with_suffix(".md")
COLUMNS = ("kind", "subject", "target", "result", "worst", "reason", "operations")
TARGETS = {"saved_model": "SavedModel", "onnx": "ONNX", "litert": "LiteRT", "litert_int8": "LiteRT int8"}
TARGETS |= {"openvino": "OpenVINO", "onnx_torch": "ONNX on torch"}

# The operations that a target has, and where it says so; by which of our files.
BY_OPERATIONS = {"TFLite Micro": "litert", "Qualcomm QNN": "onnx"}
KNOWN = json.loads((Path(__file__).parent / "operations.json").read_text(encoding="utf-8"))


# ---- Subjects --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One subject; those of one kind and shape are outputs of one model, as an export takes seconds."""

    kind: str
    name: str
    shape: tuple[int, ...] | None
    make: Callable[[], Any]


def cases() -> Iterator[Case]:
    """Each activation at its defaults and at parameters drawn for its name, each example of a layer, ten networks."""
    for name in keras_acts.names():
        yield Case("activation", name, (8,), functools.partial(keras.layers.Activation, keras_acts.get(name)))
    for name in keras_acts.names():
        if keras_acts.info(name).params.keys() - {"axis"}:
            drawn = drawn_parameters.parameters(name, np.random.default_rng(zlib.crc32(name.encode())), 0.5)
            bound = keras_acts.get(name, **{key: _few_digits(value) for key, value in drawn.items() if key != "axis"})
            yield Case("activation", str(bound), (8,), functools.partial(keras.layers.Activation, bound))
    for example in EXAMPLES:
        yield Case("layer", str(example), example.shape, example.layer)
    for name, make in NETWORKS.items():
        yield Case("model", name, None, make)


def _few_digits(value: Any) -> Any:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def together(some: list[Case]) -> keras.Model:
    """One model of them all."""
    keras.utils.set_random_seed(0)
    if some[0].shape is None:
        return some[0].make()
    inputs, generator = keras.Input(some[0].shape, name="x"), np.random.default_rng(1)
    made = [case.make() for case in some]
    model = keras.Model(inputs, {f"y{i}": layer(inputs) for i, layer in enumerate(made)})
    for layer in made:  # other weights than at the start
        layer.set_weights([w + 0.1 * generator.normal(size=w.shape).astype(w.dtype) for w in layer.get_weights()])
    return model


def _resnet() -> keras.Model:
    x = inputs = keras.Input((16, 16, 3))
    for activation in ("xielu", "gelu", "asinh"):
        y = keras.layers.Conv2D(8, 3, padding="same", activation=activation)(x)
        y = keras_acts.layers.PReLU()(keras.layers.BatchNormalization()(y))
        x = keras.layers.Add()([keras.layers.Conv2D(8, 1)(x), y])
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(5, activation=keras_acts.get("entmax15"))(x))


def _mobilenet() -> keras.Model:
    x = inputs = keras.Input((16, 16, 3))
    for _ in range(2):
        x = keras.layers.Conv2D(8, 1, activation="hard_silu")(x)
        x = keras.layers.DepthwiseConv2D(3, padding="same", activation="mish")(x)
        x = keras.layers.Conv2D(4, 1, activation="logish")(x)
    return keras.Model(inputs, keras.layers.Dense(5, activation="softmax")(keras.layers.Flatten()(x)))


def _transformer() -> keras.Model:
    x = inputs = keras.Input((6, 8))
    for _ in range(2):
        attended = keras.layers.MultiHeadAttention(2, 4)(x, x)
        x = keras.layers.LayerNormalization()(x + attended)
        fed = keras.layers.Dense(8)(keras.layers.Dense(16, activation="gelu")(x))
        x = keras_acts.layers.DynamicTanh()(x + fed)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))


def _recurrent(cls: Any, activation: str) -> keras.Model:
    inputs = keras.Input((6, 4))
    hidden = cls(8, activation=activation, recurrent_activation="hard_sigmoid_legacy")(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, activation="softplus")(hidden))


def _unet() -> keras.Model:
    inputs = keras.Input((16, 16, 2))
    fine = keras.layers.Conv2D(6, 3, padding="same", activation="swoosh_r")(inputs)
    coarse = keras.layers.Conv2D(8, 3, padding="same", activation="serf")(keras.layers.MaxPooling2D()(fine))
    up = keras.layers.Conv2DTranspose(6, 2, strides=2, activation="snake")(coarse)
    return keras.Model(inputs, keras.layers.Conv2D(1, 1)(keras.layers.Concatenate()([fine, up])))


def _siren() -> keras.Model:
    sizes = [keras.layers.Dense(16, activation="sin(w0=30.0)") for _ in range(2)]
    return keras.Sequential([keras.Input((2,)), *sizes, keras.layers.Dense(3)])


def _swiglu() -> keras.Model:
    hidden = [keras_acts.layers.GatedDense(16), keras.layers.Dense(8, activation="symlog")]
    return keras.Sequential([keras.Input((8,)), *hidden, keras.layers.Dense(3)])


def _mixed() -> keras.Model:
    dense = [keras.layers.Dense(8, activation=name, dtype="mixed_bfloat16") for name in ("snake", "mish")]
    return keras.Sequential([keras.Input((8,)), *dense, keras.layers.Dense(3)])


def _two_inputs() -> keras.Model:
    sequence, vector = keras.Input((6, 4), name="sequence"), keras.Input((5,), name="vector")
    x = keras.layers.Conv1D(6, 3, activation="snake")(sequence)
    x = keras.layers.Concatenate()([keras.layers.GlobalMaxPooling1D()(x), keras.layers.Dense(4, "celu")(vector)])
    return keras.Model([sequence, vector], keras.layers.Dense(2, activation="tanh_shrink")(x))


NETWORKS: dict[str, Callable[[], keras.Model]] = {
    "resnet": _resnet,
    "mobilenet": _mobilenet,
    "transformer": _transformer,
    "lstm": functools.partial(_recurrent, keras.layers.LSTM, "snake"),
    "gru": functools.partial(_recurrent, keras.layers.GRU, "asinh"),
    "unet": _unet,
    "siren": _siren,
    "swiglu_mlp": _swiglu,
    "mixed_bfloat16": _mixed,
    "two_inputs": _two_inputs,
}
KINDS = ("activation", "layer", "model")
GROUP = 16  # cases in one export; after one that fails, eighths of it


# ---- One export ------------------------------------------------------------------------------------------------------


def measured(some: list[Case], target: str) -> list[dict[str, str]]:
    """A row for each."""
    kind, model = some[0].kind, together(some)
    quantize = "int8" if target == "litert_int8" else None
    inputs = _inputs(kind, model, quantize)
    with tempfile.TemporaryDirectory() as folder:
        path, format = Path(folder) / "file", {"litert_int8": "litert"}.get(target, target)
        endpoint = exporting.Endpoint(model, inputs, 1 if exporting.has_fixed_batch(model, format, []) else None)
        run = _written(model, endpoint, path, format, quantize, inputs)
        tries = [inputs] if format == "saved_model" else endpoint.batches(inputs)
        parts = [endpoint.by_name(run(each)) for each in tries]
        got = {name: np.concatenate([part[name] for part in parts]).astype("float64") for name in parts[0]}
        operations = _operations(path, format, list(got))
    expected = endpoint.predicted(inputs)
    found = []
    for i, case in enumerate(some):
        outputs = [f"y{i}"] if case.shape else list(expected)
        worst = max(_error(case, inputs, quantize, got[name], expected[name]) for name in outputs)
        used = sorted(set().union(*(operations.get(name, set()) for name in outputs)))
        result = "pass" if worst <= 1.0 else "inaccurate"
        reason = "" if result == "pass" else why(case.kind, case.name, target, worst)
        found.append(
            _key(case, target)
            | {"result": result, "worst": f"{worst:.3g}", "reason": reason, "operations": " ".join(used)}
        )
    return found


def why(kind: str, name: str, target: str, worst: float) -> str:
    """The reason for what is inaccurate, where it is known."""
    if "bfloat16" in name:
        return "the file computes in float32 what Keras rounds to bfloat16"
    if target == "litert" and name.startswith("finer"):
        return "its angle goes to 3e9; LiteRT's own sine is off by 1e-5 at 1e7, and gives -788 at 3e9"
    if target != "litert_int8":
        return ""
    if np.isinf(worst):
        return "its values on these inputs go to infinity, for which there is no grid"
    if kind == "activation":
        return "over an axis, where no table can be: each operation is rounded, and entries tie that differ"
    return "its weights meet the activation in operations that the converter rounds one by one"


def _key(case: Case, target: str) -> dict[str, str]:
    return {"kind": case.kind, "subject": case.name, "target": target}


def _inputs(kind: str, model: keras.Model, quantize: str | None) -> Any:
    if kind != "activation":
        return samples.drawn(model, rows=64)
    generator = np.random.default_rng(2)
    x = 5.0 * generator.normal(size=(64, 8))
    if quantize:
        return np.clip(x, -12.0, 12.0).astype("float32")
    x[:8] = np.linspace(-30.0, 30.0, 64).reshape(8, 8)
    x[8:13] = np.array([100.0, -100.0, 1e4, -1e4, 0.0])[:, None]
    x[13] = [100.0, -100.0, 1e4, -1e4, 0.0, 1e-3, -1e-3, 1e-7]
    return x.astype("float32")


def _written(model: Any, endpoint: Any, path: Path, format: str, quantize: str | None, inputs: Any) -> Any:
    """A function that runs the file."""
    if format in ("openvino", "onnx_torch"):
        return _by_keras(model, path, format)
    with exporting.exportable(model, format, []):
        endpoint.write(path if format == "saved_model" else path.with_suffix(".saved"), format, quantize)
    if format != "saved_model":
        rows = endpoint.rows(inputs) if quantize else []
        converter.convert(str(path.with_suffix(".saved")), str(path), format, quantize, rows)
    return converter.runner(str(path), format)


def _by_keras(model: Any, path: Path, format: str) -> Any:
    """The targets that `keras_acts.export` leaves to Keras: its exporter, in the portable form."""
    with form.portable():
        if format == "openvino":
            model.export(path.with_suffix(".xml"), format="openvino", verbose=False)
        else:
            specs = keras.tree.map_structure(
                lambda x: keras.InputSpec(shape=(64, *x.shape[1:]), dtype="float32"), model.inputs
            )
            model.export(path, format="onnx", verbose=False, input_signature=specs)
    if format == "openvino":
        import openvino

        compiled = openvino.Core().compile_model(path.with_suffix(".xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return lambda inputs: list(compiled(list(inputs.values())).values())
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return lambda inputs: session.run(None, dict(zip(names, inputs.values(), strict=True)))


def _operations(path: Path, format: str, outputs: list[str]) -> dict[str, set[str]]:
    """The operations of a file behind each output."""
    if format == "litert":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=str(path))
        nodes = [(each["op_name"], each["inputs"], each["outputs"]) for each in interpreter._get_ops_details()]
        signature = interpreter._get_full_signature_list()["serving_default"]["outputs"]
        ends = {name: signature[name] for name in outputs}
    elif format == "onnx":
        import onnx

        nodes = [(node.op_type, node.input, node.output) for node in onnx.load(path).graph.node]
        ends = {name: name for name in outputs}
    else:
        return {}
    behind: dict[Any, set[str]] = {}
    for name, read, written in nodes:  # in the order in which they run
        used = set().union({name} - {"DELEGATE"}, *(behind.get(each, set()) for each in read))
        behind |= {each: behind.get(each, set()) | used for each in written}
    return {name: behind.get(end, set()) for name, end in ends.items()}


def _error(case: Case, inputs: Any, quantize: str | None, got: np.ndarray, expected: np.ndarray) -> float:
    """The largest error as a multiple of what is allowed."""
    finite = np.isfinite(expected)
    if got.shape != expected.shape or not np.array_equal(np.isfinite(got), finite):
        return float("inf")
    difference = np.abs(np.where(finite, got - expected, 0.0))
    function = case.make.args[0] if case.kind == "activation" else None  # type: ignore[attr-defined]
    if function is None or (quantize and "over_axis" in keras_acts.info(function).traits):
        share = 0.1 if quantize else 0.01 if "bfloat16" in case.name else 1e-4
        return float(np.max(difference) / (share * (np.max(np.abs(expected[finite]), initial=0.0) or 1.0)))
    if not quantize:
        return float(np.max(difference / (1e-5 * np.abs(np.where(finite, expected, 0.0)) + 1e-6)))
    step, zero = int8_tables.grid(float(np.min(inputs)), float(np.max(inputs)))
    index = np.clip(np.floor(inputs.astype("float64") / step + 0.5) + zero, 0, int8_tables.STEPS)
    table, exact = (
        keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor((step * (at - zero)).astype("float32"))))
        for at in (np.arange(int8_tables.STEPS + 1.0), index)
    )
    return float(np.max(np.abs(got - exact)) / int8_tables.grid(float(table.min()), float(table.max()))[0])


# ---- The table -------------------------------------------------------------------------------------------------------


def groups(target: str, size: int, only: str | None) -> Iterator[list[Case]]:
    """What is not done yet for a target, in groups of one kind and shape."""
    done = {row["subject"] for row in rows() if row["target"] == target}
    waiting = [case for case in cases() if case.name not in done and (not only or only in case.name)]
    for _, alike in itertools.groupby(waiting, key=lambda case: (case.kind, case.shape or case.name)):
        members = list(alike)
        yield from (members[i : i + size] for i in range(0, len(members), size))


def work(targets: list[str], size: int, only: str | None) -> None:
    """In a process of its own: print a line when a group begins, and one for each row."""
    for target in targets:
        for group in groups(target, size, only):
            print("BEGIN " + json.dumps([_key(case, target) for case in group]), flush=True)
            try:
                found = measured(group, target)
            except Exception as error:
                found = [] if len(group) > 1 else [_failed(_key(group[0], target), "error", error)]
                if len(group) > 1:
                    print("APART", flush=True)
                    return
            for row in found:
                print("ROW " + json.dumps(row), flush=True)
            keras.backend.clear_session()


def _failed(key: dict[str, str], result: str, reason: Any) -> dict[str, str]:
    said = f"{type(reason).__name__}: {reason}" if isinstance(reason, Exception) else str(reason)
    return key | {"result": result, "worst": "", "reason": " ".join(said.split())[:160], "operations": ""}


def rows() -> list[dict[str, str]]:
    """What the table holds."""
    return list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())) if TABLE.exists() else []


def keep(row: dict[str, str]) -> None:
    """Add a row to the file."""
    new = not TABLE.exists()
    with TABLE.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--targets", default="onnx,litert,litert_int8,saved_model")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--only")
    parser.add_argument("--group", type=int, default=GROUP, help="cases in one export")
    parser.add_argument("--work", action="store_true", help="for the processes that this command starts")
    options = parser.parse_args()
    if options.work:
        work(options.targets.split(","), options.group, options.only)
        return
    end, size = time.monotonic() + 60.0 * options.minutes, GROUP
    while size and time.monotonic() < end:
        size = _worker([*sys.argv[1:], "--work", "--group", str(size)], end, size)
    SUMMARY.write_text(summary(), encoding="utf-8")
    print(summary())


def _worker(arguments: list[str], end: float, size: int) -> int:
    """Rows by one process, until all is done, the time is up or it dies: how many cases the next one may group.

    After a group that failed, those of it come in smaller ones.
    """
    command = [sys.executable, "-m", "benchmarks.portability", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    assert process.stdout is not None
    begun: list[dict[str, str]] = []
    tried = 0
    for line in process.stdout:
        word, _, rest = line.partition(" ")
        if word == "BEGIN":
            if time.monotonic() > end or (size < GROUP and tried >= 8 * size):
                process.kill()
                return min(8 * size, GROUP)
            begun = json.loads(rest)
            tried += len(begun)
        elif word == "ROW":
            keep(json.loads(rest))
            begun = []
    code = process.wait()
    if len(begun) == 1:
        keep(_failed(begun[0], "abort", f"the process ended with code {code}"))
        return size
    return max(size // 8, 1) if begun else 0


def summary() -> str:
    """Counts by target, and each failure with its reason."""
    found = rows()
    lines = ["# Portability", "", "By `python -m benchmarks.portability`; what passing means is said there.", ""]
    lines += ["| Target | Activations | Layers | Models |", "|---|---|---|---|"]
    for target, title in TARGETS.items():
        cells = []
        for kind in KINDS:
            own = [row for row in found if (row["target"], row["kind"]) == (target, kind)]
            cells.append(f"{sum(row['result'] == 'pass' for row in own)} of {len(own)}" if own else "")
        if any(cells):
            lines.append(f"| {title} | {' | '.join(cells)} |")
    lacking = []
    for title, target in BY_OPERATIONS.items():
        known, cells = set(KNOWN[title]["operations"].split()), []
        for kind in KINDS:
            own = [row for row in found if (row["target"], row["kind"], row["result"]) == (target, kind, "pass")]
            cells.append(f"{sum(set(row['operations'].split()) <= known for row in own)} of {len(own)}" if own else "")
        lines.append(f"| {title}, by operations of {TARGETS[target]} files | {' | '.join(cells)} |")
        used = {name for row in found if row["target"] == target for name in row["operations"].split()}
        lacking.append(f"{title} lacks {', '.join(sorted(used - known)) or 'none'} ({KNOWN[title]['source']}).")
    failures = [row for row in found if row["result"] != "pass"]
    if failures:
        lines += ["", "What does not pass:", "", "| Target | Subject | Result | Reason |", "|---|---|---|---|"]
        for row in failures:
            why = "; ".join(filter(None, (row["worst"] and f"{row['worst']} times what is allowed", row["reason"])))
            lines.append(
                f"| {TARGETS[row['target']]} | `{row['subject']}` | {row['result']} | {why.replace('|', ' ')} |"
            )
    lines += ["", *lacking]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
