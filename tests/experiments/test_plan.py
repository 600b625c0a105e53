"""A plan says what will be run, and is refused with a reason before anything is."""

import dataclasses

import numpy as np
import pytest

from keras_acts.experiments import plan as plans
from keras_acts.experiments.plan import USUAL, Plan
from keras_acts.experiments.task import data


def test_the_default_plan_is_the_main_job():
    """First five rates with three seeds of their own, then, once they are known, ten fresh seeds at the best."""
    plan = Plan()
    planned = plan.runs()
    assert len(planned) == len(set(planned)) == 12 * 5 * 3
    assert plan.expected_runs == 300
    assert {run.activation for run in planned} == set(USUAL)
    assert {(run.data, run.model, run.epochs, run.paired) for run in planned} == {("digits", "mlp", 20, True)}
    assert {run.learning_rate for run in planned} == {3e-4, 1e-3, 3e-3, 1e-2, 3e-2}
    assert all(run.tuning and run.seed not in range(10**6) for run in planned)
    compared = Plan(learning_rates=(1e-3,)).runs()
    assert len(compared) == 12 * 10
    assert {run.seed for run in compared} == set(range(10))
    assert not any(run.tuning for run in compared)


def test_runs_go_seed_by_seed_so_that_a_part_is_fair():
    planned = Plan(activations=("relu", "gelu"), seeds=2, learning_rates=(0.1,)).runs()
    assert [(run.seed, run.activation) for run in planned] == [(0, "relu"), (0, "gelu"), (1, "relu"), (1, "gelu")]


def test_a_missing_baseline_is_added():
    assert Plan(activations=("gelu",)).activations == ("relu", "gelu")
    assert Plan(activations=("gelu", "tanh"), baseline="tanh").activations == ("gelu", "tanh")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seeds": 0}, "`seeds` of a plan must be an integer >= 1. Received: seeds=0"),
        ({"epochs": -1}, "`epochs` of a plan must be an integer >= 1. Received: epochs=-1"),
        ({"batch_size": 2.5}, "`batch_size` of a plan must be an integer >= 1. Received: batch_size=2.5"),
        ({"seeds": True}, "`seeds` of a plan must be an integer >= 1. Received: seeds=True"),
        ({"workers": 0}, "`workers` of a plan must be an integer >= 1. Received: workers=0"),
        ({"budget": -3.0}, "`budget` of a plan must be a finite number > 0. Received: budget=-3.0"),
        (
            {"learning_rates": (0.0,)},
            "`learning_rates` of a plan must be a finite number > 0. Received: learning_rates=0.0",
        ),
        (
            {"learning_rates": ("fast",)},
            "`learning_rates` of a plan must be a finite number > 0. Received: learning_rates='fast'",
        ),
        ({"learning_rates": (0.1, 0.1)}, "`learning_rates` of a plan must not hold a value twice. Received: 0.1"),
        ({"optimizer": "adamm"}, "Unknown optimizer. Did you mean 'adam'?"),
        ({"optimizer": "adamw(weight_deca=0.1)"}, "has no option `weight_deca`. Did you mean 'weight_decay'?"),
        ({"optimizer": "adam(learning_rate=0.1)"}, "has no option `learning_rate`"),
        ({"optimizer": "adam(use_ema=True)"}, "has no option `use_ema`"),
        ({"optimizer": 3}, "a name with options, such as 'adamw(weight_decay=0.01)'"),
        ({"engine": "rai"}, "must be one of 'processes', 'ray', 'here'. Received: engine='rai'"),
        ({"paired": "yes"}, "`paired` of a plan must be true or false. Received: paired='yes'"),
        ({"model": "mpl"}, "Unknown network. Did you mean 'mlp'?"),
        ({"model": 3}, "`model` of a plan must be a name or a function. Received: model=3"),
        ({"model": lambda activation: None}, "define it at the top level of a module"),
        ({"data": "digit"}, "Unknown data set. Did you mean 'digits'?"),
        ({"activations": ()}, "`activations` of a plan must be a list with something in it. Received: activations=()"),
        ({"activations": "relu"}, "`activations` of a plan must be a list with something in it"),
        ({"activations": ("relu", 3)}, "`activations` must be names or spec strings. Received: 3"),
        ({"activations": ("relu", "silu", "swish")}, "must not hold one activation twice. Received: 'swish' again"),
        (
            {"activations": ("relu", "PReLU", "PReLU")},
            "`activations` of a plan must not hold a value twice. Received: 'PReLU'",
        ),
        ({"activations": ("rellu",)}, "Unknown activation. Did you mean 'relu'"),
        ({"activations": ("elu(alpha=-1.0)",)}, "must be a finite number >= 0. Received: alpha=-1.0"),
        ({"activations": ("relu", "softmax")}, "Or compare with Keras' default initializer: paired=False"),
    ],
)
def test_a_wrong_plan_is_refused(wrong, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the text is compared below
        Plan(**wrong)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_softmax_can_be_compared_without_pairing():
    assert Plan(activations=("relu", "softmax"), paired=False).activations == ("relu", "softmax")


# ---- Plan files ------------------------------------------------------------------------------------------------------


def test_a_plan_file(tmp_path):
    file = tmp_path / "plan.yml"
    file.write_text(
        "activations: [relu, elu(alpha=0.5)]\ndata: moons\nseeds: 6\nlearning_rates: [1e-3, 0.01]\npaired: false\n"
    )
    plan = plans.from_mapping(plans.read(file))
    assert plan == Plan(
        activations=("relu", "elu(alpha=0.5)"), data="moons", seeds=6, learning_rates=(0.001, 0.01), paired=False
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 3", "A plan has no setting `seed`. Did you mean 'seeds'?"),
        ("activation: [relu]", "A plan has no setting `activation`. Did you mean 'activations'?"),
        ("learning_rate: [0.1]", "Did you mean 'learning_rates'?"),
        ("seeds: [", "must be YAML"),
        ("relu", "must hold settings, as 'seeds: 10'. Received: 'relu'"),
        ("", "must hold settings, as 'seeds: 10'. Received: None"),
        ("!!python/object:os.system {}", "must be YAML"),
    ],
)
def test_a_wrong_plan_file_is_refused(tmp_path, text, message):
    (tmp_path / "plan.yml").write_text(text)
    with pytest.raises(ValueError) as error:  # noqa: PT011
        plans.from_mapping(plans.read(tmp_path / "plan.yml"))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


# ---- Folders ---------------------------------------------------------------------------------------------------------


def test_the_same_settings_are_the_same_folder():
    plan = Plan(seeds=3)
    assert plan.folder == Plan(seeds=3, workers=2, budget=5.0).folder
    others = [{"batch_size": 4}, {"epochs": 3}, {"data": "wine"}, {"paired": False}, {"model": "mlp(width=3)"}]
    assert len({plan.folder, *(dataclasses.replace(plan, **other).folder for other in others)}) == 6
    assert Plan(output="here").folder.name == "here"


def test_other_content_of_a_file_is_another_comparison(tmp_path):
    file = tmp_path / "data.npz"
    np.savez(file, x=np.zeros((9, 2)), y=np.arange(9) % 2)
    before, same = (Plan(data=str(file)) for _ in range(2))
    assert (same.settings, same.runs()) == (before.settings, before.runs())
    np.savez(file, x=np.ones((9, 2)), y=np.arange(9) % 2)
    after = Plan(data=str(file))
    assert after.settings != before.settings
    assert after.runs()[0] != before.runs()[0]
    assert data.load(str(file), 0).train.x.max() == 0.0  # of ones, scaled: the new ones and no kept copy


def test_other_data_behind_a_function_are_another_comparison(tmp_path):
    """The loader is the same, what it reads is not."""
    loader, values = tmp_path / "loader.py", tmp_path / "values.txt"
    loader.write_text(
        "import pathlib, numpy as np\n"
        "def load():\n"
        "    shift = float(pathlib.Path(__file__).with_name('values.txt').read_text())\n"
        "    return np.arange(18.0).reshape(9, 2) + shift, np.arange(9) % 2\n"
    )
    values.write_text("1")
    before = Plan(data=f"{loader}:load")
    assert before.settings == Plan(data=f"{loader}:load").settings
    values.write_text("2")
    assert Plan(data=f"{loader}:load").settings != before.settings


def test_another_helper_beside_a_network_is_another_comparison(tmp_path, monkeypatch):
    """Of a file, and of a module of a package that imports it by its whole name."""
    package = tmp_path / "nets_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("from nets_of_a_test.two import width\ndef build(activation):\n    return width\n")
    (package / "two.py").write_text("from . import three\nwidth = three.width\n")
    (package / "three.py").write_text("width = 8\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = Plan(model="nets_of_a_test.one:build").settings
    (package / "unused.py").write_text("width = 9\n")
    assert Plan(model="nets_of_a_test.one:build").settings == before
    (package / "three.py").write_text("width = 9\n")
    assert Plan(model="nets_of_a_test.one:build").settings != before


def test_another_own_network_in_the_same_file_is_another_comparison(tmp_path):
    file = tmp_path / "own_networks.py"
    file.write_text("def small(activation):\n    return None\n")
    before = Plan(model=f"{file}:small")
    assert before.settings == Plan(model=f"{file}:small").settings
    file.write_text("def small(activation, width=8):\n    return None\n")
    after = Plan(model=f"{file}:small")
    assert after.settings != before.settings
    assert after.runs()[0] != before.runs()[0]
