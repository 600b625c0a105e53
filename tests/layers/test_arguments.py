"""Arguments that mean something else are refused, and not taken for True, for weights or for nothing."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import initializers, layers
from keras_acts.core.params import constructor_arguments


def flags():
    for name in layers.names():
        arguments = constructor_arguments(layers.info(name).cls)
        required = {
            each.name: 4
            for each in arguments.values()
            if each.default is each.empty and each.kind is not each.VAR_KEYWORD
        }
        for argument in arguments.values():
            if isinstance(argument.default, bool):
                yield pytest.param(name, argument.name, required, id=f"{name}-{argument.name}")


@pytest.mark.parametrize(("name", "flag", "required"), list(flags()))
def test_a_flag_of_a_layer_is_true_or_false(name, flag, required):
    for value in (8, "no", [3], 1.0):
        with pytest.raises(ValueError, match=f"`{flag}` of {name} must be True or False. Received: {flag}="):
            layers.get(name, **required, **{flag: value})
    for value in (True, np.bool_(True)):
        assert layers.get(name, **required, **{flag: value}).get_config()[flag] is True


def test_units_are_not_taken_for_the_order_of_the_halves():
    with pytest.raises(ValueError, match=r"`gate_first` of SwiGLU must be True or False. Received: gate_first=8"):
        layers.SwiGLU(8)


@pytest.mark.parametrize(
    "call",
    [
        lambda: keras_acts.paired("gelu", deep="no"),
        lambda: initializers.Siren(first_layer="no"),
        lambda: initializers.DepthwiseVarianceScaling("no"),
        lambda: initializers.DepthwiseVarianceScaling(True),
        lambda: layers.PReLU(shared_axes=True),
        lambda: layers.SELU(seed="no"),
        lambda: layers.RReLU(seed=True),
    ],
)
def test_an_argument_of_another_kind_is_refused_where_it_is_given(call):
    with pytest.raises(ValueError, match="Received: "):
        call()


# ---- Channels -------------------------------------------------------------------------------------------------------

COUNTED = ["torch:PReLU(8)", "hf:Snake1d(8)", "bigvgan:SnakeBeta(8)", "acon:AconC(8)", "acon:MetaAconC(8)"]
COUNTED += ["timm:prelu(8)", "echo:Funnel(8)", "dyrelu:DyReLUB(8)", "x_transformers:GLU(8, 4, 'silu')"]
COUNTED += ["compressai:GDN(8)", "mp_senet:PLSigmoid(8)", "speechbrain:Learnable_sigmoid(8)", "physicsnemo:Stan(8)"]


@pytest.mark.parametrize("text", COUNTED)
def test_the_channels_that_another_framework_is_told_are_those_of_the_input(text):
    x = np.ones((2, 8, 6, 10), "float32")
    with pytest.raises(ValueError, match=r"asked for with 8 channels.*Received: 10 on axis 3 of .*channels_first"):
        layers.get(text)(x)
    assert layers.get(text)(np.moveaxis(x, 1, 3)).shape[:3] == (2, 6, 10)
    if "GLU" not in text:
        assert layers.get(text, data_format="channels_first").compute_output_shape(x.shape) == x.shape


def test_channels_are_counted_where_torch_counts_them():
    torch = pytest.importorskip("torch")
    for channels, count in ((10, 8), (8, 8)):
        x = np.ones((2, channels), "float32")
        try:
            torch.nn.PReLU(count)(torch.tensor(x))
        except RuntimeError:
            with pytest.raises(ValueError, match="channels"):
                layers.get(f"torch:PReLU({count})")(x)
        else:
            assert layers.get(f"torch:PReLU({count})")(x).shape == x.shape


def test_a_number_of_channels_is_a_number():
    for text in ("torch:PReLU(8.5)", "hf:Snake1d('a')"):
        with pytest.raises(ValueError, match=r"`channels` of .* must be an integer >= 1"):
            layers.get(text)


def test_a_layer_with_counted_channels_is_cloned_and_saved(tmp_path):
    model = keras.Sequential([keras.Input((8,)), layers.get("torch:PReLU(8)")])
    model.save(tmp_path / "m.keras")
    for other in (keras.models.clone_model(model), keras.models.load_model(tmp_path / "m.keras")):
        assert [weight.shape for weight in other.weights] == [(8,)]
