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
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
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

# Operations of the file that a target has, by its own documents: facts/today.md, section 4.
MICRO = set(
    "RELU RELU6 LEAKY_RELU PRELU LOGISTIC TANH SOFTMAX ABS ADD SUB MUL MAXIMUM MINIMUM SELECT_V2 ELU HARD_SWISH "
    "LOG_SOFTMAX RSQRT DIV LESS LESS_EQUAL GREATER GREATER_EQUAL EQUAL NOT_EQUAL EXP LOG SIN COS SQRT SQUARE NEG FLOOR "
    "RESHAPE CONCATENATION SPLIT FULLY_CONNECTED CONV_2D DEPTHWISE_CONV_2D PAD TRANSPOSE SUM MEAN REDUCE_MAX PACK "
    "UNPACK CAST FLOOR_DIV GATHER STRIDED_SLICE SHAPE BROADCAST_TO LOGICAL_AND LOGICAL_OR LOGICAL_NOT CUMSUM QUANTIZE "
    "DEQUANTIZE BATCH_MATMUL SPLIT_V EXPAND_DIMS SQUEEZE ZEROS_LIKE FILL".split()
)
QNN = set(
    "Abs Add Asin Atan Clip Cos Div Elu Exp Floor Gelu HardSigmoid HardSwish LeakyRelu Log LogSoftmax Max Min Mul Neg "
    "PRelu Pow Reciprocal Relu Sigmoid Sign Sin Softmax Softplus Sqrt Sub Tan Tanh ThresholdedRelu TopK Where Equal "
    "Greater GreaterOrEqual Less LessOrEqual Not And Or MatMul Gemm Conv Reshape Transpose Concat Split Cast Gather "
    "ReduceSum ReduceMax ReduceMin ReduceMean Squeeze Unsqueeze Slice Expand Identity Pad BatchNormalization "
    "GlobalAveragePool AveragePool MaxPool CumSum Tile Flatten ConvTranspose Constant".split()
)


# ---- Subjects --------------------------------------------------------------------------------------------------------


def activations() -> Iterator[tuple[str, Callable[[], keras.Model]]]:
    """Each activation at its defaults, and at parameters drawn for its name."""
    for name in keras_acts.names():
        record = keras_acts.info(name)
        yield name, lambda name=name: _of_activation(keras_acts.get(name))
        if record.params.keys() - {"axis"}:
            generator = np.random.default_rng(zlib.crc32(name.encode()))
            drawn = drawn_parameters.parameters(name, generator, 0.5) | ({"axis": -1} if "axis" in record.params else {})
            bound = keras_acts.get(name, **{key: value for key, value in drawn.items() if key != "axis"})
            yield str(bound), lambda bound=bound: _of_activation(bound)


def _of_activation(function: Any) -> keras.Model:
    inputs = keras.Input((8,), name="x")
    return keras.Model(inputs, keras.layers.Activation(function)(inputs))


def layers() -> Iterator[tuple[str, Callable[[], keras.Model]]]:
    """Each example of a layer, with weights that are not those at the start."""
    for example in EXAMPLES:
        yield str(example), lambda example=example: _of_layer(example)


def _of_layer(example: Any) -> keras.Model:
    layer = example.layer()
    model = keras.Sequential([keras.Input(example.shape, name="x"), layer])
    generator = np.random.default_rng(1)
    layer.set_weights([w + 0.1 * generator.normal(size=w.shape).astype(w.dtype) for w in layer.get_weights()])
    return model


def models() -> Iterator[tuple[str, Callable[[], keras.Model]]]:
    """Ten networks of the usual kinds."""
    functions = {
        "resnet": _resnet,
        "mobilenet": _mobilenet,
        "transformer": _transformer,
        "lstm": lambda: _recurrent(keras.layers.LSTM, "snake"),
        "gru": lambda: _recurrent(keras.layers.GRU, "asinh"),
        "unet": _unet,
        "siren": _siren,
        "swiglu_mlp": _swiglu,
        "mixed_bfloat16": _mixed,
        "two_inputs": _two_inputs,
    }
    for name, make in functions.items():
        yield name, lambda make=make: (keras.utils.set_random_seed(0), make())[1]


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


KINDS = {"activation": activations, "layer": layers, "model": models}


# ---- One export ------------------------------------------------------------------------------------------------------


def measured(kind: str, model: keras.Model, target: str) -> dict[str, Any]:
    """The columns from the result on."""
    quantize = "int8" if target == "litert_int8" else None
    inputs = _inputs(kind, model, quantize)
    with tempfile.TemporaryDirectory() as folder:
        path, format = Path(folder) / "file", {"litert_int8": "litert"}.get(target, target)
        notes: list[str] = []
        batch = 1 if exporting.has_fixed_batch(model, format, notes) else None
        endpoint = exporting.Endpoint(model, inputs, batch)
        run = _written(model, endpoint, path, format, quantize, inputs)
        tries = [inputs] if format == "saved_model" else endpoint.batches(inputs)
        parts = [endpoint.by_name(run(each)) for each in tries]
        got = {name: np.concatenate([part[name] for part in parts]).astype("float64") for name in parts[0]}
        operations = _operations(path, format)
    expected = endpoint.predicted(inputs)
    worst = max(_error(kind, model, inputs, quantize, got[name], expected[name]) for name in expected)
    result = "pass" if worst <= 1.0 else "inaccurate"
    return {"result": result, "worst": f"{worst:.3g}", "reason": "", "operations": " ".join(operations)}


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
    with exporting.exportable_built_ins(model, format, []):
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
            specs = keras.tree.map_structure(lambda x: keras.InputSpec(shape=(64, *x.shape[1:]), dtype="float32"), model.inputs)
            model.export(path, format="onnx", verbose=False, input_signature=specs)
    if format == "openvino":
        import openvino

        compiled = openvino.Core().compile_model(path.with_suffix(".xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return lambda inputs: list(compiled(list(inputs.values())).values())
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]
    return lambda inputs: session.run(None, dict(zip(names, inputs.values(), strict=True)))


def _operations(path: Path, format: str) -> list[str]:
    if format == "litert":
        from ai_edge_litert.interpreter import Interpreter

        found = {each["op_name"] for each in Interpreter(model_path=str(path))._get_ops_details()}
        return sorted(found - {"DELEGATE"})
    if format == "onnx":
        import onnx

        return sorted({node.op_type for node in onnx.load(path).graph.node})
    return []


def _error(kind: str, model: Any, inputs: Any, quantize: str | None, got: np.ndarray, expected: np.ndarray) -> float:
    """The largest error as a multiple of what is allowed."""
    if got.shape != expected.shape or not np.array_equal(np.isfinite(got), np.isfinite(expected)):
        return float("inf")
    finite = np.isfinite(expected)
    size = np.max(np.abs(expected[finite]), initial=0.0) or 1.0
    if kind != "activation" or (quantize and "over_axis" in keras_acts.info(model.layers[-1].activation).traits):
        allowed = (0.1 if quantize else 1e-2 if kind == "model" and "bfloat16" in str(model.layers[0].dtype_policy) else 1e-4) * size
        return float(np.max(np.abs(got - expected)[finite], initial=0.0) / allowed)
    if not quantize:
        return float(np.max((np.abs(got - expected) / (1e-5 * np.abs(expected) + 1e-6))[finite], initial=0.0))
    step, zero = int8_tables.grid(float(np.min(inputs)), float(np.max(inputs)))
    index = np.clip(np.floor(inputs.astype("float64") / step + 0.5) + zero, 0, int8_tables.STEPS)
    function = model.layers[-1].activation
    table, exact = (
        keras.ops.convert_to_numpy(function(keras.ops.convert_to_tensor((step * (at - zero)).astype("float32"))))
        for at in (np.arange(int8_tables.STEPS + 1.0), index)
    )
    out_step, _ = int8_tables.grid(float(table.min()), float(table.max()))
    return float(np.max(np.abs(got - exact)) / out_step)


# ---- The table -------------------------------------------------------------------------------------------------------


def subjects() -> list[tuple[str, str]]:
    """Kind and name of each."""
    return [(kind, name) for kind, found in KINDS.items() for name, _ in found()]


def work(targets: list[str], only: str | None) -> None:
    """In a process of its own: print a line when a row begins, and one when it is done."""
    done = {(row["kind"], row["subject"], row["target"]) for row in rows()}
    for target in targets:
        for kind, found in KINDS.items():
            for name, make in found():
                if (kind, name, target) in done or (only and only not in name):
                    continue
                key = {"kind": kind, "subject": name, "target": target}
                print("BEGIN " + json.dumps(key), flush=True)
                try:
                    row = key | measured(kind, make(), target)
                except Exception as error:
                    said = " ".join(str(error).split())[:160]
                    row = key | {"result": "error", "worst": "", "reason": f"{type(error).__name__}: {said}"}
                print("DONE " + json.dumps({"operations": "", **row}), flush=True)
                keras.backend.clear_session()


def rows() -> list[dict[str, str]]:
    """What the table holds."""
    return list(csv.DictReader(TABLE.open(encoding="utf-8"))) if TABLE.exists() else []


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
    parser.add_argument("--targets", default="saved_model,onnx,litert,litert_int8")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--only")
    parser.add_argument("--work", action="store_true", help="for the processes that this command starts")
    options = parser.parse_args()
    if options.work:
        work(options.targets.split(","), options.only)
        return
    end = time.monotonic() + 60.0 * options.minutes
    while time.monotonic() < end and not _worker(sys.argv[1:], end):
        pass
    SUMMARY.write_text(summary(), encoding="utf-8")
    print(summary())


def _worker(arguments: list[str], end: float) -> bool:
    """Rows by one process until it dies or the time is up; whether all is done."""
    command = [sys.executable, "-m", "benchmarks.portability", *arguments, "--work"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    assert process.stdout is not None
    begun: dict[str, str] | None = None
    for line in process.stdout:
        word, _, rest = line.partition(" ")
        if word == "BEGIN":
            begun = json.loads(rest)
        elif word == "DONE":
            keep(json.loads(rest))
            begun = None
            if time.monotonic() > end:
                process.kill()
                return False
    code = process.wait()
    if begun is None:
        return True
    keep(begun | {"result": "abort", "worst": "", "reason": f"the process ended with code {code}", "operations": ""})
    return False


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
    for title, target, known in (("TFLite Micro", "litert", MICRO), ("Qualcomm QNN", "onnx", QNN)):
        cells = []
        for kind in KINDS:
            own = [row for row in found if (row["target"], row["kind"], row["result"]) == (target, kind, "pass")]
            cells.append(f"{sum(set(row['operations'].split()) <= known for row in own)} of {len(own)}" if own else "")
        lines.append(f"| {title}, by operations | {' | '.join(cells)} |")
    failures = [row for row in found if row["result"] != "pass"]
    if failures:
        lines += ["", "What does not pass:", "", "| Target | Subject | Result | Reason |", "|---|---|---|---|"]
        for row in failures:
            why = row["reason"] or f"{row['worst']} times what is allowed"
            lines.append(f"| {TARGETS[row['target']]} | `{row['subject']}` | {row['result']} | {why.replace('|', ' ')} |")
    missing = {name for row in found for name in set(row["operations"].split()) - MICRO if row["target"] == "litert"}
    lines += ["", f"Operations of LiteRT files that TFLite Micro lacks: {', '.join(sorted(missing)) or 'none'}."]
    missing = {name for row in found for name in set(row["operations"].split()) - QNN if row["target"] == "onnx"}
    lines += ["", f"Operations of ONNX files that QNN lacks: {', '.join(sorted(missing)) or 'none'}."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
