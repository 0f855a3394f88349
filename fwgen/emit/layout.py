"""Lines of Verilog that fit on a screen."""

import textwrap
from collections.abc import Sequence

WIDEST = 160  # characters of a line
_HELD = "\u00a0"  # stands for a space at which no line ends


def fitted(text: str) -> str:
    """Verilog without lines longer than `WIDEST`: what is longer goes on, indented, in the next.

    They are broken at spaces, so that a line may be longer where it is a single word.
    """
    return "".join(f"{part}\n" for line in text.splitlines() for part in _parts(line))


def wrapped_terms(indent: str, head: str, terms: Sequence[str]) -> list[str]:
    """A head and terms in lines that are not longer than `WIDEST`; no term is divided."""
    text = " ".join([head, *(term.replace(" ", _HELD) for term in terms)])
    return [line.replace(_HELD, " ") for line in _wrapped(text, indent, f"{indent}    ")]


def _parts(line: str) -> list[str]:
    if len(line) <= WIDEST:
        return [line]
    words = line.lstrip()
    indent = line[: len(line) - len(words)]
    if words.startswith("//"):
        said = words.removeprefix("//").lstrip()
        indent += words[: len(words) - len(said)]
        words = said
    return _wrapped(words, indent, f"{indent}    ")


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDEST,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
