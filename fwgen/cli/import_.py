"""The command ``fwgen import``."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

import fwgen
from fwgen.cli.shared import out


def import_(
    source: Annotated[
        Path,
        typer.Argument(help="A trained model's file: NIR, snnTorch, Keras, QKeras, HGQ2, ONNX."),
    ],
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder for the bundle.")],
    producer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Who wrote a .nir file; answers for it: snntorch, norse, sinabs."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="An answer to what the file leaves open; may stand several times.",
        ),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="Number format of what the file gives none, for example fixed<16,6,RND_CONV,SAT>.",
        ),
    ] = None,
    samples: Annotated[
        Path | None,
        typer.Option(
            metavar="NPZ", help="Events, array x, for formats that follow from their range."
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model. Default: -o's.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the bundle in a folder that holds files.")
    ] = False,
) -> None:
    """Make a model of a trained network's file.

    What is written serves fwgen check, build and compare. The training framework is not needed.
    Begin without --set: what the file leaves open is asked for in one message. docs/import.md
    explains every format.
    """
    from fwgen.flow.import_ import by_key

    model = fwgen.import_model(
        source,
        folder,
        answers=by_key(settings or []),
        producer=producer,
        precision=precision,
        samples=samples,
        name=name,
        force=force,
    )
    if model.notes:
        out.print(Text(model.notes))
    out.print(Text(str(model)))
