"""Where a batch normalisation becomes part of a dense layer."""

from fwgen.ir.folding import foldable

CHAIN = {"d": ["x"], "n": ["d"], "e": ["n"], "m": ["e"]}


def test_the_only_reader_of_a_dense_layer_is_folded() -> None:
    """Each normalisation, by the layer that it becomes part of."""
    assert foldable(CHAIN, ["m"], {"d", "e"}, ["n", "m"]) == {"d": "n", "e": "m"}


def test_what_has_formats_of_its_own_stays() -> None:
    """A normalisation that is not named is none that may be folded; nor is a quantised layer."""
    assert foldable(CHAIN, ["m"], {"d", "e"}, ["m"]) == {"e": "m"}
    assert foldable(CHAIN, ["m"], {"d"}, ["n", "m"]) == {"d": "n"}


def test_a_value_that_something_else_reads_stays() -> None:
    """A second reader, or an output of the model, needs the dense layer's own value."""
    assert foldable(CHAIN | {"r": ["d"]}, ["m"], {"d", "e"}, ["n", "m"]) == {"e": "m"}
    assert foldable(CHAIN, ["m", "d"], {"d", "e"}, ["n", "m"]) == {"e": "m"}
