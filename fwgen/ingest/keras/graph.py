"""The configuration of a Keras model -> its layer calls, in an order in which each can be made.

Sequential and Functional models of Keras 2 and 3 are read; the calls that no output needs are left
out, and pruning wrappers are taken off: their masks go with the weights.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fwgen.errors import BundleError
from fwgen.ingest.keras.file import Config, LayerPlace

MAX_CALLS = 2000
MAX_NAME = 80
HGQ = "hgq>"
_AGAIN = "Save the model again, with model.save()."

Tensor = tuple[str, int]  # a layer's name, and which of its calls

_MODEL_KEYS = frozenset(
    {"name", "layers", "trainable", "dtype", "input_layers", "output_layers", "build_input_shape"}
)
_ENTRY_KEYS = frozenset(
    {
        "class_name",
        "config",
        "name",
        "inbound_nodes",
        "module",
        "registered_name",
        "build_config",
        "shared_object_id",
    }
)
_PACKAGES = frozenset(
    {
        "keras",
        "tf_keras",
        "tensorflow",
        "tensorflow_model_optimization",
        "qkeras",
        "hgq",
        "builtins",
    }
)
_HARMLESS_ARGUMENTS = frozenset({"mask", "training"})


@dataclass(frozen=True, slots=True, eq=False)
class KerasLayer:
    """One layer: its class, configuration, and where its weights lie.

    ``title`` is its name without a pruning wrapper's.
    """

    name: str
    title: str
    kind: str
    config: Config
    place: LayerPlace

    @property
    def where(self) -> str:
        """How messages name the layer."""
        return self.place.where


@dataclass(frozen=True, slots=True, eq=False)
class LayerUse:
    """One call of a layer in the graph: a layer may be called several times."""

    tensor: Tensor
    layer: KerasLayer
    sources: tuple[Tensor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class KerasModel:
    """Calls in order, the input's tensor, name and shape without the batch, and the outputs.

    ``entrance`` is the input's layer, if it has one.
    """

    name: str
    input: Tensor
    shape: tuple[int, ...]
    calls: tuple[LayerUse, ...]
    outputs: tuple[Tensor, ...]
    entrance: KerasLayer | None = None


def read_model(where: str, model: Config) -> KerasModel:
    """The calls of a model; ``where`` names the file.

    Raises
    ------
    BundleError
        If the model is of another kind, has several inputs, or its parts do not fit together.
    """
    check_origin(where, model)
    kind, config = model.get("class_name"), model.get("config")
    if kind not in {"Sequential", "Functional", "Model"}:
        raise no(where, "a Sequential or Functional model", f"'{shown(kind)}'", _REBUILD)
    if isinstance(config, list):  # the oldest Sequential files
        config = {"layers": config}
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise no(where, "a configuration with a list of layers", "none", _AGAIN)
    unknown = sorted(set(config) - _MODEL_KEYS)
    if unknown:
        raise no(
            where, f"the keys {', '.join(sorted(_MODEL_KEYS))}", f"'{shown(unknown[0])}'", _HONOUR
        )
    if not 1 <= len(config["layers"]) <= MAX_CALLS:
        raise no(where, f"1 to {MAX_CALLS} layers", f"{len(config['layers']):,}", _AGAIN)
    reader = _Reader(where, config)
    return reader.sequential() if kind == "Sequential" else reader.functional()


_REBUILD = "Rebuild it as one; a subclassed model's code is not in its file."
_HONOUR = "fwgen does not know what it does, so it does not leave it out."


def no(where: str, needed: str, found: str, do: str = _AGAIN) -> BundleError:
    """The error that refuses a part of the file."""
    return BundleError(where, needed=needed, found=found, do=do)


def check_origin(where: str, entry: object) -> None:
    """Refuse a class of another package, whatever its name: its code is not in the file."""
    module = entry.get("module") if isinstance(entry, dict) else None
    if module is not None and str(module).partition(".")[0] not in _PACKAGES:
        raise no(
            f"{where}: module",
            f"classes and functions of {', '.join(sorted(_PACKAGES))}",
            f"'{shown(module)}'",
            "Code of your own is not in the file; use layers of these.",
        )


def shown(value: object) -> str:
    """A value from the file, short enough for a message."""
    return str(value)[:MAX_NAME]


class _Reader:
    def __init__(self, where: str, config: Config) -> None:
        self._where = where
        self._config = config
        self._classes: dict[str, int] = {}
        self._layers: dict[str, KerasLayer] = {}
        self._entries: dict[str, Config] = {}
        for entry in config["layers"]:
            layer = self._layer(entry)
            if layer.name in self._layers:
                raise no(where, "layers with names of their own", f"'{shown(layer.name)}' twice")
            self._layers[layer.name] = layer
            self._entries[layer.name] = entry

    # ---- layers ----

    def _layer(self, entry: object) -> KerasLayer:
        kind, config = self._class(entry)
        outer = self._name(entry, config)
        key = self._key(kind)
        wrapped = kind == "PruneLowMagnitude"
        name = outer
        if wrapped:
            kind, config = self._class(config.get("layer"))
            name = self._name(None, config)
        where = f"{self._where}: layer '{shown(name)}' ({shown(kind)})"
        registered = entry.get("registered_name") if isinstance(entry, dict) else None
        if isinstance(registered, str) and registered.startswith(HGQ):
            kind = f"{HGQ}{kind}"  # HGQ2's QDense is another layer than QKeras'
        return KerasLayer(outer, name, kind, config, LayerPlace(outer, where, key, wrapped))

    def _class(self, entry: object) -> tuple[str, Config]:
        if isinstance(entry, dict):
            kind, config = entry.get("class_name"), entry.get("config")
            unknown = sorted(set(entry) - _ENTRY_KEYS)
            if unknown:
                raise no(self._where, "layers as Keras writes them", f"key '{shown(unknown[0])}'")
            check_origin(self._where, entry)
            if isinstance(kind, str) and isinstance(config, dict):
                return kind, config
        raise no(self._where, "layers with a class_name and a config", f"{shown(entry)!r}")

    def _name(self, entry: object, config: Config) -> str:
        name = entry.get("name") if isinstance(entry, dict) else None
        name = config.get("name") if name is None else name
        if not isinstance(name, str) or not name:
            raise no(self._where, "a name for every layer", f"{shown(name)!r}")
        return name

    def _key(self, kind: str) -> str:
        """The group of a layer's weights in a .keras file, as Keras builds it from the class."""
        snake = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind[:200])
        snake = re.sub("([a-z])([A-Z])", r"\1_\2", snake).lower()
        count = self._classes.get(snake, -1) + 1
        self._classes[snake] = count
        return f"{snake}_{count}" if count else snake

    # ---- sequential ----

    def sequential(self) -> KerasModel:
        layers = list(self._layers.values())
        first = layers[0]
        shape = self._shape(first) or _shape(self._config.get("build_input_shape"))
        entrance = first if first.kind == "InputLayer" else None
        if entrance is not None:
            layers = layers[1:]
        if not shape or not layers:
            raise no(self._where, "an input shape (None, size), and layers", "none", _BUILD)
        name = first.name if entrance is not None else "x"
        source: Tensor = (name, -1)
        calls = []
        for layer in layers:
            calls.append(LayerUse((layer.name, 0), layer, (source,)))
            source = (layer.name, 0)
        title = shown(self._config.get("name"))
        return KerasModel(title, (name, -1), shape, tuple(calls), (source,), entrance)

    def _shape(self, layer: KerasLayer) -> tuple[int, ...]:
        config = layer.config
        return _shape(config.get("batch_input_shape", config.get("batch_shape")))

    # ---- functional ----

    def functional(self) -> KerasModel:
        inputs = self._ends("input_layers")
        outputs = self._ends("output_layers")
        if len(inputs) != 1:
            raise no(
                self._where,
                "one input",
                f"{len(inputs)}",
                "Join the inputs into one vector, since the firmware reads one event.",
            )
        source = inputs[0]
        layer = self._layers.get(source[0])
        shape = self._shape(layer) if layer and layer.kind == "InputLayer" else ()
        if not shape or layer is None:
            raise no(
                self._where, "an InputLayer of shape (None, size)", f"'{shown(source[0])}'", _BUILD
            )
        calls = self._ordered(source, outputs)
        title = shown(self._config.get("name"))
        return KerasModel(title, source, shape, tuple(calls), outputs, layer)

    def _ends(self, key: str) -> tuple[Tensor, ...]:
        found = self._config.get(key)
        if isinstance(found, list) and found and isinstance(found[0], str):
            found = [found]  # Keras 3 writes a single one without a list around it
        if not isinstance(found, list) or not 1 <= len(found) <= MAX_CALLS:
            raise no(self._where, f"a list of {key}", f"{shown(found)!r}")
        return tuple(self._tensor(item) for item in found)

    def _tensor(self, item: object) -> Tensor:
        if (
            isinstance(item, list)
            and len(item) >= 3  # noqa: PLR2004 - layer, call, tensor
            and isinstance(item[0], str)
            and type(item[1]) is int
            and item[2] == 0
        ):
            return item[0], item[1]
        raise no(self._where, "tensors as [layer, call, 0]", f"{shown(item)!r}")

    def _ordered(self, source: Tensor, outputs: Sequence[Tensor]) -> list[LayerUse]:
        """Depth first from the outputs, without recursion: graphs from files may be long."""
        done: dict[Tensor, LayerUse | None] = {source: None}
        entered: set[Tensor] = set()
        stack = list(reversed(outputs))
        while stack:
            tensor = stack[-1]
            if tensor in done:
                stack.pop()
                continue
            call = self._call(tensor)
            waiting = [s for s in call.sources if s not in done]
            if not waiting:
                done[tensor] = call
                stack.pop()
                continue
            if tensor in entered or len(done) > MAX_CALLS:
                raise no(self._where, f"at most {MAX_CALLS} calls, and no cycle", "one or more")
            entered.add(tensor)
            stack += reversed(waiting)
        return [call for call in done.values() if call is not None]

    def _call(self, tensor: Tensor) -> LayerUse:
        name, index = tensor
        layer = self._layers.get(name)
        nodes = self._entries[name].get("inbound_nodes") if layer else None
        if layer is None or not isinstance(nodes, list) or not 0 <= index < len(nodes):
            raise no(
                self._where, "tensors of layers in the model", f"'{shown(name)}', call {index}"
            )
        return LayerUse(tensor, layer, tuple(self._sources(layer, nodes[index])))

    def _sources(self, layer: KerasLayer, node: object) -> Iterator[Tensor]:
        if isinstance(node, dict):  # Keras 3
            self._check_arguments(layer, node.get("kwargs"))
            items = node.get("args")
            if isinstance(items, list) and len(items) == 1 and isinstance(items[0], list):
                (items,) = items
            for item in items if isinstance(items, list) else [items]:
                yield self._tensor(self._history(layer, item))
            return
        if not isinstance(node, list) or not node:
            raise no(layer.where, "the tensors that it reads", f"{shown(node)!r}")
        for item in node:
            if isinstance(item, list) and len(item) > 3:  # noqa: PLR2004 - arguments come fourth
                self._check_arguments(layer, item[3])
            yield self._tensor(item)

    def _history(self, layer: KerasLayer, item: object) -> object:
        known = isinstance(item, dict) and item.get("class_name") == "__keras_tensor__"
        config = item.get("config") if isinstance(item, dict) and known else None
        if not isinstance(config, dict):
            raise no(
                layer.where,
                "to read values of other layers only",
                f"{shown(item)!r}",
                "Give it the values of layers; constants in a call are not read.",
            )
        return config.get("keras_history")

    def _check_arguments(self, layer: KerasLayer, found: object) -> None:
        for key, value in found.items() if isinstance(found, dict) else ():
            if key not in _HARMLESS_ARGUMENTS or value not in (None, False):
                raise no(
                    layer.where,
                    "a call without arguments of its own",
                    f"{shown(key)}={shown(value)}",
                    _HONOUR,
                )


_BUILD = "Give the model an Input((size,)) and save it again."


def _shape(found: object) -> tuple[int, ...]:
    """A shape without the batch; empty where there is none."""
    if not isinstance(found, list) or not 2 <= len(found) <= 8:  # noqa: PLR2004 - axes
        return ()
    if any(type(size) is not int or size < 1 for size in found[1:]):
        return ()
    return tuple(found[1:])
