"""Which batch normalisations become part of the dense layer that they read.

The quantise stage folds them, before any format is decided; who says formats of a graph that is not
there yet must know where.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping


def foldable(
    sources: Mapping[str, Iterable[str]],
    outputs: Collection[str],
    dense: Collection[str],
    norms: Iterable[str],
) -> dict[str, str]:
    """The normalisations that are folded, by the dense layer that each becomes part of.

    Parameters
    ----------
    sources
        What every layer reads, by the layer's name.
    outputs
        Layers whose values leave the model.
    dense
        Dense layers of real weights.
    norms
        Normalisations without formats: who asks for formats asks for an operation of its
        own.
    """
    read = Counter(name for names in [*sources.values(), outputs] for name in names)
    found = {}
    for norm in norms:
        (source,) = sources[norm]
        if source in dense and read[source] == 1:
            found[source] = norm
    return found
