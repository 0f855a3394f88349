"""What `fwgen.import_model` returns."""

from dataclasses import dataclass, field
from pathlib import Path

from fwgen.ingest.bundle.reader import Bundle


@dataclass(frozen=True, slots=True)
class Model:
    """A model in its folder; may be given wherever a path is.

    ``bundle`` is what stands in the folder: the graph of real numbers and its settings.
    """

    folder: Path
    bundle: Bundle = field(repr=False)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.bundle.settings.name

    @property
    def layers(self) -> list[str]:
        """Names of the layers, the input aside."""
        return [node.name for node in self.bundle.graph][1:]

    @property
    def notes(self) -> str:
        """What the import had to say; empty for nothing."""
        return self.bundle.settings.provenance.notes or ""

    def __fspath__(self) -> str:
        return str(self.folder)

    def __str__(self) -> str:
        settings = self.bundle.settings
        return (
            f"{len(self.layers)} layers written to {self.folder / 'model.yaml'}, for "
            f"{settings.clock_mhz:g} MHz on {settings.target}; next: fwgen check {self.folder}"
        )
