"""Where the top-level folders that ship with fwgen are found."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def asset_dir(name: str) -> Path:
    """Folder of shipped files: ``templates``, ``sim`` or ``vivado``.

    In an installed wheel the folder lies inside the package, in a checkout next to it.

    Raises
    ------
    FileNotFoundError
        If neither place has it: a broken installation.
    """
    for parent in (_PACKAGE / "assets", _PACKAGE.parent):
        if (parent / name).is_dir():
            return parent / name
    raise FileNotFoundError(f"fwgen's folder '{name}' is not installed")
