"""`keras_acts.check` on every architecture of keras.applications, and on the backbones of keras_hub where installed.

`python -m benchmarks.check_architectures [NAME ...]` writes `benchmarks/results/check_architectures.md`. Weights are
drawn, so nothing is downloaded. Each finding that is more than a note must be right, or is a mistake in a rule.
"""

import inspect
import sys
import time
from pathlib import Path

import keras

import keras_acts

TABLE = Path(__file__).parent / "results" / "check_architectures.md"
SMALL = {"num_layers": 2, "hidden_dim": 16, "intermediate_dim": 32}
TEXT = {"vocabulary_size": 50, "num_heads": 2, **SMALL}
GROUPED = {"vocabulary_size": 50, "num_query_heads": 2, "num_key_value_heads": 1, **SMALL}
PICTURES = {"image_shape": (64, 64, 3)}
HUB = dict.fromkeys(("Bert", "Roberta", "DistilBert", "DebertaV3", "GPT2", "GPTNeoX", "OPT", "T5", "Bart"), TEXT)
HUB |= {
    "Albert": {**TEXT, "embedding_dim": 8},
    "Electra": {"vocab_size": 50, "num_heads": 2, "embedding_dim": 16, **SMALL},
    "FNet": {"vocabulary_size": 50, **SMALL},
    "Llama": GROUPED,
    "Mistral": GROUPED,
    "Gemma": {**GROUPED, "head_dim": 8},
    "ViT": {"patch_size": (16, 16), "num_layers": 2, "num_heads": 2, "hidden_dim": 16, "mlp_dim": 32, **PICTURES},
    "DenseNet": {"stackwise_num_repeats": [2, 2], "compression_ratio": 0.5, "growth_rate": 8, **PICTURES},
    "ResNet": {
        "input_conv_filters": [16],
        "input_conv_kernel_sizes": [7],
        "stackwise_num_filters": [16, 32],
        "stackwise_num_blocks": [2, 2],
        "stackwise_num_strides": [1, 2],
        "block_type": "basic_block",
        **PICTURES,
    },
}


def applications():
    """Name and function of each architecture."""
    for name, build in sorted(vars(keras.applications).items()):
        if inspect.isfunction(build):
            yield name, build


def built(name, build):
    """The model, for small pictures where it takes them."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    try:
        return build(weights=None, input_shape=(96, 96, 3), classes=10)
    except (TypeError, ValueError):  # a size of its own
        return build(weights=None)


def backbones():
    """Name and function of the backbones of keras_hub, small."""
    try:
        import keras_hub
    except ImportError:
        return
    for name, arguments in HUB.items():
        cls = getattr(keras_hub.models, f"{name}Backbone", None)
        if cls is not None:
            yield f"keras_hub {name}", lambda cls=cls, arguments=arguments, **_: cls(**arguments)


def row(name, build):
    """One line of the table."""
    try:
        model = built(name, build)
    except Exception as error:  # a backbone that needs other arguments in this version
        return f"| {name} | not built | {type(error).__name__} | | |"
    started = time.perf_counter()
    found = keras_acts.check(model)
    seconds = time.perf_counter() - started
    strong = [
        f"{each.severity} {each.rule} at {each.layer}: {each.reason}" for each in found if each.severity != "note"
    ]
    notes = sorted({each.rule for each in found if each.severity == "note"})
    what = "<br>".join(strong[:4]) + (f"<br>and {len(strong) - 4} more" if len(strong) > 4 else "")
    return f"| {name} | {len(model.layers)} | {what or 'none'} | {', '.join(notes) or 'none'} | {seconds:.0f} |"


def main(names):
    lines = [
        f"`keras_acts.check` of architectures, drawn weights, Keras {keras.__version__}, {keras.backend.backend()}.",
        "",
        "| Architecture | Layers | Errors and warnings | Notes | Seconds |",
        "|---|---|---|---|---|",
    ]
    for name, build in [*applications(), *backbones()]:
        if not names or name in names or any(each in name for each in names):
            line = row(name, build)
            print(line, flush=True)
            lines.append(line)
    if not names:
        TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
