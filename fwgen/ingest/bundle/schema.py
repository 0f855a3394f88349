"""The schema of ``model.yaml``, version 1. Unknown keys are errors.

This module holds no logic past the shape of the file; `fwgen.ingest.bundle.reader` gives it
meaning.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from fwgen.ir.shapes import MAX_ELEMENTS

FORMAT_VERSION = 1
MAX_SIZE = 4096
MAX_STEPS = 256
MAX_LAYERS = 256
MIN_CLOCK_MHZ = 1.0
MAX_CLOCK_MHZ = 1000.0

Name = Annotated[str, Field(min_length=1, max_length=200)]
Scalar = Annotated[float, Field(allow_inf_nan=False)]
Clock = Annotated[float, Field(ge=MIN_CLOCK_MHZ, le=MAX_CLOCK_MHZ, allow_inf_nan=False)]
Version = Annotated[int, Field(ge=FORMAT_VERSION, le=FORMAT_VERSION)]
Text = Annotated[str, Field(max_length=20_000)]


class Section(BaseModel):
    """Base of every mapping in the file."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=False)


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


class Layer(Section):
    """What every layer has; ``from`` defaults to the layer before."""

    name: Name
    from_: Annotated[Name | None, Field(alias="from")] = None


class DenseLayer(Layer):
    """Arrays ``NAME.weight`` (units, inputs) and ``NAME.bias`` (units,) in the weights file."""

    op: Literal["dense"]
    units: Annotated[int | None, Field(ge=1, le=MAX_SIZE)] = None
    bias: bool = True
    weight_format: str | None = None
    bias_format: str | None = None
    accumulator_format: str | None = None


class BatchNormLayer(Layer):
    """Arrays ``NAME.gamma``, ``NAME.beta``, ``NAME.mean`` and ``NAME.variance`` (size,)."""

    op: Literal["batch_norm"]
    epsilon: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    gamma: bool = True
    beta: bool = True
    scale_format: str | None = None
    offset_format: str | None = None


class ReluLayer(Layer):
    """Zero where the source is negative."""

    op: Literal["relu"]


class LeakyReluLayer(Layer):
    """Text for alpha names an array."""

    op: Literal["leaky_relu"]
    alpha: Scalar | Name
    alpha_format: str | None = None


class TableLayer(Layer):
    """A function by its name, or the array ``NAME.table`` from the input ``first`` on."""

    op: Literal["table"]
    function: Literal[
        "sigmoid",
        "tanh",
        "exp",
        "log",
        "sqrt",
        "rsqrt",
        "square",
        "reciprocal",
        "softplus",
        "custom",
    ]
    format: str
    first: Scalar | None = None


class SliceLayer(Layer):
    """Elements ``start`` to ``stop - 1``."""

    op: Literal["slice"]
    start: Annotated[int, Field(ge=0, le=MAX_ELEMENTS)] = 0
    stop: Annotated[int, Field(ge=1, le=MAX_ELEMENTS)]


class ConcatLayer(Section):
    """The elements of several vectors, one after the other."""

    op: Literal["concat"]
    name: Name
    from_: Annotated[list[Name], Field(alias="from", min_length=1, max_length=MAX_LAYERS)]


class PairLayer(Section):
    """What reads two vectors."""

    name: Name
    from_: Annotated[list[Name], Field(alias="from", min_length=2, max_length=2)]


class AddLayer(PairLayer):
    """Sum of two vectors."""

    op: Literal["add"]


class SubtractLayer(PairLayer):
    """The first vector minus the second."""

    op: Literal["subtract"]


class MultiplyLayer(PairLayer):
    """Product, element by element."""

    op: Literal["multiply"]


class LifLayer(Layer):
    """Either ``beta`` or ``leak_shift``; text for beta or threshold names an array."""

    op: Literal["lif"]
    beta: Scalar | Name | None = None
    leak_shift: Annotated[int | None, Field(ge=1, le=64)] = None
    threshold: Scalar | Name
    reset: Literal["subtract", "zero", "none"]
    reset_delay: bool
    recurrent: Name | None = None
    beta_format: str | None = None
    threshold_format: str | None = None
    membrane_format: str | None = None
    recurrent_format: str | None = None


class IfLayer(Layer):
    """Neurons without a leak; text for threshold names an array."""

    op: Literal["if"]
    threshold: Scalar | Name
    reset: Literal["subtract", "zero", "none"]
    reset_delay: bool
    recurrent: Name | None = None
    threshold_format: str | None = None
    membrane_format: str | None = None
    recurrent_format: str | None = None


class RateEncoderLayer(Layer):
    """Numbers as spikes that are the more frequent the larger they are."""

    op: Literal["rate_encoder"]


class LiLayer(Layer):
    """Neurons that never fire. Either ``beta`` or ``leak_shift``; text for beta names an array."""

    op: Literal["li"]
    beta: Scalar | Name | None = None
    leak_shift: Annotated[int | None, Field(ge=1, le=64)] = None
    beta_format: str | None = None
    membrane_format: str | None = None


class LatencyEncoderLayer(Layer):
    """One spike, the earlier the larger the number."""

    op: Literal["latency_encoder"]
    silent_zero: bool


class CubaLifLayer(Layer):
    """A filter of the current in front of lif neurons. Text for a number names an array."""

    op: Literal["cuba_lif"]
    alpha: Scalar | Name
    beta: Scalar | Name | None = None
    leak_shift: Annotated[int | None, Field(ge=1, le=64)] = None
    threshold: Scalar | Name
    reset: Literal["subtract", "zero", "none"]
    reset_delay: bool
    previous_current: bool
    recurrent: Name | None = None
    alpha_format: str | None = None
    syn_format: str | None = None
    beta_format: str | None = None
    threshold_format: str | None = None
    membrane_format: str | None = None
    recurrent_format: str | None = None


class MembraneLayer(Layer):
    """Membranes of all time steps, or of the steps before."""

    op: Literal["membrane"]
    previous: bool = False


class QuantiseLayer(Layer):
    """Conversion to a number format."""

    op: Literal["quantise"]
    format: str


class LastMembraneLayer(Layer):
    """Membrane after the last time step."""

    op: Literal["last_membrane"]


class MaximumLayer(Layer):
    """Largest membrane over all time steps."""

    op: Literal["maximum"]


class SpikeCountLayer(Layer):
    """Number of spikes."""

    op: Literal["spike_count"]


class FirstSpikeLayer(Layer):
    """First time step with a spike."""

    op: Literal["first_spike"]


class SquaredErrorLayer(PairLayer):
    """Score: sum of squared differences of two vectors."""

    op: Literal["squared_error"]


class SumSquaresLayer(Layer):
    """Score: sum of squares."""

    op: Literal["sum_squares"]


class KlDivergenceLayer(Section):
    """Score: mean, log variance and variance against the standard normal distribution."""

    op: Literal["kl_divergence"]
    name: Name
    from_: Annotated[list[Name], Field(alias="from", min_length=3, max_length=3)]


class ThresholdLayer(Layer):
    """Trigger bit: strictly greater than ``value``; text names an array."""

    op: Literal["threshold"]
    value: Scalar | Name
    value_format: str | None = None


AnyLayer = Annotated[
    DenseLayer
    | BatchNormLayer
    | ReluLayer
    | LeakyReluLayer
    | TableLayer
    | ConcatLayer
    | SliceLayer
    | AddLayer
    | SubtractLayer
    | MultiplyLayer
    | LifLayer
    | IfLayer
    | LiLayer
    | RateEncoderLayer
    | LatencyEncoderLayer
    | CubaLifLayer
    | MembraneLayer
    | QuantiseLayer
    | LastMembraneLayer
    | MaximumLayer
    | SpikeCountLayer
    | FirstSpikeLayer
    | SquaredErrorLayer
    | SumSquaresLayer
    | KlDivergenceLayer
    | ThresholdLayer,
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
    accept_wrap: list[Name] = []
    samples: Samples | None = None
    provenance: Provenance = Provenance()
