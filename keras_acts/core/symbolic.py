"""What calling an activation on a KerasTensor records: one registered operation that runs the same code."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras

from keras_acts.core import registry

if TYPE_CHECKING:
    from keras_acts.core.declaration import Declaration


@keras.saving.register_keras_serializable(package="keras_acts")
class ActivationOperation(keras.Operation):
    """A node of a Functional model: `y = keras_acts.activations.mish(keras_tensor)`."""

    def __init__(self, declaration: "Declaration", params: Mapping[str, Any], name: str | None = None) -> None:
        super().__init__(name=name)
        self.declaration = declaration
        self.params = dict(params)

    def call(self, x: Any) -> Any:
        """The activation of a tensor."""
        return self.declaration(x, self.params)

    def compute_output_spec(self, x: Any) -> keras.KerasTensor:
        """Shape and dtype are those of the input."""
        self.declaration.check_input(x, self.params)
        return keras.KerasTensor(x.shape, dtype=x.dtype)

    def get_config(self) -> dict[str, Any]:
        """The registered name, all parameters and the name of the node."""
        # Nested, as loading a legacy .h5 file would replace a plain registered name by the function itself.
        activation = {"registered_name": self.declaration.registered_name, "params": self.params}
        return {"activation": activation, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "ActivationOperation":
        """The operation that `get_config` describes."""
        activation = config["activation"]
        declaration = registry.info(activation["registered_name"])
        return cls(declaration, declaration.bind((), activation["params"]), config["name"])
