"""What every part of the schema of ``model.yaml`` is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

HOW = "See docs/model-yaml.md for every key."
LONGEST = 80  # characters of a value from the file in a message

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


class Layer(Section):
    """What every layer has; ``from`` defaults to the layer before."""

    name: Name
    from_: Annotated[Name | None, Field(alias="from")] = None


class PairLayer(Section):
    """What reads two vectors."""

    name: Name
    from_: Annotated[list[Name], Field(alias="from", min_length=2, max_length=2)]


def shown(value: object) -> str:
    """A value from the file, short enough for a message."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
