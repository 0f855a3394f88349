"""The command line. Errors of the input or the machine end here, as one message each."""

from fwgen.cli.app import main

__all__ = ["main"]
