"""Conversions as circuits."""

from fwgen.ir.nodes import Quantise
from fwgen.lower.circuit.convert import convert
from fwgen.lower.circuit.words import Word
from fwgen.lower.static.site import Ranges, Rule, Rules, Site


def _quantise(site: Site, node: Quantise) -> list[Word]:
    frac = site.source(node).frac
    return [
        convert(site.c, f"y{i}", w, frac, node.fmt, lifted=site.lifted)
        for i, w in enumerate(site.words)
    ]


def _about_quantise(node: Quantise, _ranges: Ranges) -> str:
    return f"quantise '{node.source}' to {node.fmt}"


RULES: Rules = {Quantise: Rule(_quantise, _about_quantise)}
