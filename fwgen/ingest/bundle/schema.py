"""The schema of ``model.yaml``, version 1. Unknown keys are errors.

This module holds no logic past the shape of the file; `fwgen.ingest.bundle.reader` gives it
meaning.
"""

from typing import Annotated, Literal

from pydantic import Field

from fwgen.ingest.bundle.base import (
    FORMAT_VERSION,
    MAX_CLOCK_MHZ,
    MAX_LAYERS,
    MAX_SIZE,
    MAX_STEPS,
    MIN_CLOCK_MHZ,
    Clock,
    Layer,
    Name,
    Scalar,
    Section,
    Text,
    Version,
)
from fwgen.ingest.bundle.ops import (
    activations,
    basic,
    dense,
    encoders,
    neurons,
    readouts,
    scores,
    vectors,
)

__all__ = [
    "FORMAT_VERSION",
    "MAX_CLOCK_MHZ",
    "MAX_LAYERS",
    "MAX_SIZE",
    "MAX_STEPS",
    "MIN_CLOCK_MHZ",
    "AnyLayer",
    "Budgets",
    "InputSection",
    "Layer",
    "ModelFile",
    "Provenance",
    "SampleSet",
    "Samples",
    "Scaling",
]


class Scaling(Section):
    """How raw numbers become inputs: ``x = scale * raw + offset`` where raw is not 0, else 0."""

    scale: Scalar
    offset: Scalar = 0.0


class InputSection(Section):
    """The event as the firmware receives it."""

    name: Name = "x"
    size: Annotated[int, Field(ge=1, le=MAX_SIZE)]
    format: str | None = None
    spikes: bool = False
    scaling: Scaling | None = None
    description: Text = ""


AnyLayer = Annotated[
    basic.Layers
    | dense.Layers
    | activations.Layers
    | vectors.Layers
    | scores.Layers
    | neurons.Layers
    | encoders.Layers
    | readouts.Layers,
    Field(discriminator="op"),
]


class Budgets(Section):
    """What this model must meet; ``--strict`` fails the build otherwise."""

    latency_ns: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None
    interval_ns: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = 25.0


class SampleSet(Section):
    """Events in the sample file: an array of shape (events, size) of raw numbers."""

    array: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    kind: Literal["toy", "simulation", "collision data"]
    label: Literal["background", "signal"] | None = None
    source: Text


class Samples(Section):
    """Sample events that ship with the model."""

    file: Name = "events.npz"
    sets: Annotated[list[SampleSet], Field(min_length=1, max_length=32)]


class Provenance(Section):
    """Where the weights come from."""

    framework: Text = ""
    version: Text = ""
    source: Text = ""
    source_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    paper: Text = ""
    notes: Text = ""


class ModelFile(Section):
    """The whole of ``model.yaml``."""

    fwgen: Version
    name: Name
    description: Text = ""
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] = 1
    clock_mhz: Clock = 240.0
    target: Name = "xcvu9p"
    weights: Name = "weights.npz"
    schedule: Annotated[str, Field(max_length=80)] = "auto"
    budgets: Budgets = Budgets()
    input: InputSection
    layers: Annotated[list[AnyLayer], Field(min_length=1, max_length=MAX_LAYERS)]
    outputs: Annotated[list[Name], Field(min_length=1, max_length=MAX_LAYERS)]
    accept_wrap: list[Name] = Field(default_factory=list)
    samples: Samples | None = None
    provenance: Provenance = Provenance()
