"""``model.yaml`` and its arrays -> a graph of real numbers."""

from pathlib import Path

from fwgen.errors import BundleError
from fwgen.ingest.bundle import schema
from fwgen.ingest.bundle.base import HOW
from fwgen.ingest.bundle.layers import make_nodes
from fwgen.ingest.bundle.ops import SPIKING
from fwgen.ingest.bundle.weights import Weights, read_format
from fwgen.ingest.names import check_name
from fwgen.ir.fixed import Fixed
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import BIT, Input, Node

MAX_INPUT_BITS = 48


def _input(path: Path, section: schema.InputSection) -> Input:
    if section.spikes:
        for key in ("format", "scaling"):
            if getattr(section, key) is not None:
                raise BundleError(
                    f"{path}: input.{key}",
                    needed="none beside spikes: true, since a spike is one bit",
                    found=str(getattr(section, key))[:80],
                    do="Remove it.",
                )
        return Input(section.name, section.size, BIT, spikes=True)
    if section.format is None:
        raise BundleError(
            f"{path}: input.format",
            needed="this key",
            found="nothing",
            do=f"Add it, or spikes: true. {HOW}",
        )
    fmt = _input_format(section.format, f"{path}: input.format")
    return Input(section.name, section.size, fmt)


def _input_format(text: str, where: str) -> Fixed:
    fmt = read_format(text, where)
    if fmt.width > MAX_INPUT_BITS or abs(fmt.integer) > MAX_INPUT_BITS:
        raise BundleError(
            where,
            needed=f"at most {MAX_INPUT_BITS} bits, and as many integer bits, an element",
            found=str(fmt),
            do="No detector word is that wide; choose a narrower format.",
        )
    return fmt


def graph_of(path: Path, model: schema.ModelFile, arrays: Weights) -> Graph:
    """The graph of real numbers that a model file and its arrays describe; ``path`` names the file.

    Raises
    ------
    BundleError, FormatError
        If a name, a format, a source or an array is refused.
    """
    check_name(model.input.name, f"{path}: input.name")
    nodes: list[Node] = [_input(path, model.input)]
    if model.input.name.lower() == model.name.lower():
        raise BundleError(
            f"{path}: input.name",
            needed="another name than the model's",
            found=f"'{model.input.name}'",
            do="Rename the input.",
        )
    taken = {model.input.name.lower(), model.name.lower()}
    for index, layer in enumerate(model.layers):
        where = f"{path}: layers[{index}] ({layer.name[:80]!r})"
        check_name(layer.name, f"{where}: name")
        if layer.name.lower() in taken:
            raise BundleError(
                where,
                needed="a name of its own, not the model's, the input's or another layer's "
                "(upper and lower case count as the same)",
                found=f"'{layer.name}' again",
                do="Rename one of the two.",
            )
        taken.add(layer.name.lower())
        made = make_nodes(where, layer, nodes, arrays)
        _check_parts(where, layer.name, [node.name for node in made[:-1]], model)
        taken |= {node.name.lower() for node in made}
        nodes += made
    _check_outputs(path, model)
    return Graph(
        name=model.name,
        steps=_steps(path, model),
        nodes=tuple(nodes),
        outputs=tuple(model.outputs),
        accepted_wraps=tuple(model.accept_wrap),
    )


def _steps(path: Path, model: schema.ModelFile) -> int:
    """Time steps; one where there is nothing that takes several."""
    spiking = model.input.spikes or any(type(layer) in SPIKING for layer in model.layers)
    if spiking and "steps" not in model.model_fields_set:
        raise BundleError(
            f"{path}: steps",
            needed="the number of time steps of an event, where there are spikes",
            found="nothing",
            do=f"Add it, for example steps: 5. {HOW}",
        )
    return model.steps


def _check_parts(where: str, layer: str, parts: list[str], model: schema.ModelFile) -> None:
    """Parts of a layer have names that nothing else in the file may have."""
    named = {model.name, model.input.name, *(layer.name for layer in model.layers)}
    taken = {name.lower() for name in named}
    for part in parts:
        check_name(part, f"{where}: name")
        if part.lower() in taken:
            raise BundleError(
                where,
                needed=f"the name '{part}' for a part of the layer '{layer}'",
                found="something else of that name in the file",
                do="Rename one of the two.",
            )


def _check_outputs(path: Path, model: schema.ModelFile) -> None:
    for name in model.outputs:
        if name == model.input.name or model.outputs.count(name) > 1:
            raise BundleError(
                f"{path}: outputs",
                needed="names of layers, each once",
                found=f"'{name}'" + (" twice" if name != model.input.name else ", the input"),
                do="Remove it.",
            )
