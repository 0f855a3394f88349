"""The layers of a Keras model in their order: each becomes layers of the draft."""

from fwgen.ingest.draft import Draft
from fwgen.ingest.keras.build import Builder, LayerOut
from fwgen.ingest.keras.file import Weights
from fwgen.ingest.keras.graph import KerasModel, Tensor
from fwgen.ingest.keras.hgq import HGQ_LAYERS
from fwgen.ingest.keras.layers import LAYERS, make
from fwgen.ingest.keras.site import Site


def built(draft: Draft, model: KerasModel, weights: Weights) -> Builder:
    """The builder that has written all layers into the draft, and its outputs.

    Raises
    ------
    BundleError
        If a layer is not understood.
    """
    values: dict[Tensor, LayerOut] = {model.input: LayerOut(draft.input_name, model.shape)}
    builder = Builder(draft)
    elsewhere: list[str] = []
    for call in model.calls:
        builder.begin(call.layer.title, call.layer.where)
        sources = tuple(values[source] for source in call.sources)
        site = Site(builder, weights, call.layer, sources)
        made = values[call.tensor] = make(site, LAYERS | HGQ_LAYERS)
        if made.name != call.layer.title and made.name not in {s.name for s in sources}:
            elsewhere.append(f"{call.layer.title} is {made.name}")
    draft.outputs = list(dict.fromkeys(values[tensor].name for tensor in model.outputs))
    if elsewhere:
        draft.notes.append(f"Outputs by another name than in the file: {', '.join(elsewhere)}.")
    return builder
