"""The error tree: everything fwgen refuses, and the exit code that goes with it.

    FwgenError                    exit 2
    |-- BundleError               a model file is missing, malformed or inconsistent
    |-- FormatError               a number format cannot be read, or cannot hold its values
    |-- GraphError                nodes do not fit together
    |-- LoweringError             a valid graph that this version cannot turn into Verilog
    |-- TargetError               an unknown device, clock or budget
    |-- OutputError               the output folder cannot be used
    |-- ToolError                 a tool is missing or failed
    |-- MismatchError   exit 3    an implementation differs from the reference
    |-- BudgetError     exit 4    a budget is missed and --strict was given
    `-- FitError        exit 4    the device is too small and --strict was given

A message answers four questions: where, what was needed, what was found, what to do.
"""

from typing import ClassVar, Self


class FwgenError(Exception):
    """Base of every error that is the input's or the machine's fault, not a bug in fwgen.

    Parameters
    ----------
    where
        The file, and the layer or key in it.
    needed
        What would have been accepted.
    found
        What stood there instead.
    do
        What the user can do about it; one sentence.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, where: str, *, needed: str, found: str, do: str) -> None:
        self.where = where
        self.needed = needed
        self.found = found
        self.do = do
        super().__init__(_printable(f"{where}: needed {needed}; found {found}. {do}"))

    def within(self, place: str) -> Self:
        """The same error, said to be inside ``place``: the file whose reading led to it."""
        return type(self)(
            f"{place}: {self.where}", needed=self.needed, found=self.found, do=self.do
        )


def _printable(text: str) -> str:
    # names from files reach the terminal: none of their characters may steer it
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


class BundleError(FwgenError):
    """A model file is missing, malformed or inconsistent."""


class FormatError(FwgenError):
    """A number format cannot be read, or cannot hold the values given to it."""


class GraphError(FwgenError):
    """Nodes of a graph do not fit together."""


class LoweringError(FwgenError):
    """The graph is valid, but this version cannot turn it into Verilog."""


class TargetError(FwgenError):
    """An unknown device, clock or budget."""


class OutputError(FwgenError):
    """The output folder cannot be used."""


class ToolError(FwgenError):
    """A tool is missing, or failed in a way that is not the model's fault."""


class MismatchError(FwgenError):
    """An implementation differs from the integer reference."""

    exit_code = 3


class BudgetError(FwgenError):
    """A budget is missed and ``--strict`` was given."""

    exit_code = 4


class FitError(FwgenError):
    """The device is too small and ``--strict`` was given."""

    exit_code = 4
