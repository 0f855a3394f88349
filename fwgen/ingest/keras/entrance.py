"""The format in which a Keras model takes its event, where a quantiser says it."""

from fwgen.ingest.keras.build import format_of
from fwgen.ingest.keras.file import Weights
from fwgen.ingest.keras.graph import KerasModel, LayerUse
from fwgen.ingest.keras.hgq import format_in_front
from fwgen.ingest.keras.quantisers import read_quantiser
from fwgen.ingest.keras.site import size_of


def event_format(model: KerasModel, weights: Weights) -> str | None:
    """The format of the quantiser that stands before everything else, if one does."""
    readers = [call for call in model.calls if model.input in call.sources]
    if model.input in model.outputs:
        return None
    formats = {_format_of_input(call, weights, size_of(model.shape)) for call in readers}
    return formats.pop() if len(formats) == 1 else None


def _format_of_input(call: LayerUse, weights: Weights, size: int) -> str | None:
    spec = call.layer.config.get("activation")
    if call.layer.kind != "QActivation" or spec is None:
        return format_in_front(call, weights, size)
    if isinstance(spec, str) and not spec.startswith("quantized_bits"):
        return None
    q = read_quantiser(spec, f"{call.layer.where}: activation")
    fmt = format_of(q) if q.name == "quantized_bits" else None
    return None if fmt is None else str(fmt)
