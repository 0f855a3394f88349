"""What quantisation costs: the float model against the integer reference on sample events."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fwgen.ingest.bundle.samples import SampleEvents
from fwgen.ir.cast import to_real
from fwgen.ir.graph import Graph
from fwgen.ir.nodes import (
    KlDivergence,
    LatencyEncoder,
    Neurons,
    SquaredError,
    SumSquares,
    Threshold,
)
from fwgen.verify.bench.events import random_events
from fwgen.verify.float_model import evaluate
from fwgen.verify.reference import Reference, quantise_input

Floats = NDArray[np.float64]
_SCORES = (SquaredError, SumSquares, KlDivergence)


def random_sample(graph: Graph, events: int = 2000) -> SampleEvents:
    """Events drawn at random from the input's format, for models that ship no samples."""
    x = random_events(graph, events, np.random.default_rng(0))
    note = "uniform over the input's format; this model ships no samples"
    return SampleEvents("random", "random", None, note, to_real(x, graph.input.fmt.frac))


def compare(
    folded: Graph, reference: Reference, samples: Sequence[SampleEvents]
) -> dict[str, Any] | None:
    """Differences by sample set, and the AUC of the score with either; None without samples.

    ``folded`` is the graph of real numbers whose nodes the integer graph has too. The float model
    sees the samples before the input's own rounding and saturation.
    """
    if not samples:
        return None
    score = score_of(folded)
    sets, scores = {}, {}
    for sample in samples:
        wide = evaluate(folded, sample.x)
        exact = reference.run(quantise_input(reference.graph, sample.x)).values
        sets[sample.name] = _set(folded, reference, sample, wide, exact, score)
        if score:
            frac = reference.analysis.values[score].frac
            scores[sample.name] = wide[score][:, 0], to_real(exact[score][:, 0], frac)
    return {
        "kind": "simulated",
        "note": "float64 model against the integer reference",
        "score": score,
        "sets": sets,
        "auc": _aucs(samples, scores),
    }


def score_of(graph: Graph) -> str | None:
    """The node that ranks events: what the last threshold of one element reads, else a score."""
    shapes = graph.shapes()
    for node in reversed(graph.nodes):
        if isinstance(node, Threshold) and shapes[node.name].size == 1:
            return node.source
    return next((n.name for n in reversed(graph.nodes) if isinstance(n, _SCORES)), None)


def _set(
    real: Graph,
    reference: Reference,
    sample: SampleEvents,
    wide: Mapping[str, Floats],
    exact: Mapping[str, NDArray[Any]],
    score: str | None,
) -> dict[str, Any]:
    out: dict[str, Any] = {
        "events": len(sample.x),
        "sample_kind": sample.kind,
        "label": sample.label,
        "source": sample.source,
        "input_saturated": _saturated(reference.graph, sample.x),
        "spikes_differ": {
            node.name: float(np.mean(wide[node.name] != exact[node.name].astype(float)))
            for node in real
            if isinstance(node, LatencyEncoder) or (isinstance(node, Neurons) and node.fires)
        },
        "triggers": {},
    }
    if score:
        fixed = to_real(exact[score][:, 0], reference.analysis.values[score].frac)
        difference = np.abs(fixed - wide[score][:, 0])
        out["score_rank_correlation"] = rank_correlation(wide[score][:, 0], fixed)
        out["score_median_difference"] = float(np.median(difference))
        out["score_largest_difference"] = float(difference.max())
    for node in real:
        if isinstance(node, Threshold):
            bits = exact[node.name].astype(float)
            out["triggers"][node.name] = {
                "rate_float": float(np.mean(wide[node.name])),
                "rate_fixed": float(np.mean(bits)),
                "agreement": float(np.mean(wide[node.name] == bits)),
            }
    return out


def _saturated(graph: Graph, x: Floats) -> int:
    """Elements that the input's format cannot hold."""
    fmt = graph.input.fmt
    top, bottom = (fmt.hi + 0.5) * 2.0**-fmt.frac, (fmt.lo - 0.5) * 2.0**-fmt.frac
    return int(np.count_nonzero((x >= top) | (x < bottom)))


def _aucs(
    samples: Sequence[SampleEvents], scores: Mapping[str, tuple[Floats, Floats]]
) -> list[dict[str, Any]]:
    pairs = [
        (b.name, s.name)
        for b in samples
        for s in samples
        if scores and b.label == "background" and s.label == "signal"
    ]
    out = []
    for background, signal in pairs:
        wide, fixed = (auc(scores[background][k], scores[signal][k]) for k in (0, 1))
        out.append(
            {
                "background": background,
                "signal": signal,
                "float": wide,
                "fixed": fixed,
                "difference": fixed - wide,
            }
        )
    return out


def ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[inverse], dtype=np.float64)


def rank_correlation(a: Floats, b: Floats) -> float | None:
    """Spearman's rank correlation; None where one side is constant."""
    ra, rb = ranks(a) - (len(a) + 1) / 2, ranks(b) - (len(b) + 1) / 2
    norm = float(np.sqrt((ra @ ra) * (rb @ rb)))
    return float(ra @ rb) / norm if norm else None


def auc(background: Floats, signal: Floats) -> float:
    """Area under the ROC curve: how often a signal event scores above a background event."""
    n, m = len(background), len(signal)
    rank_sum = ranks(np.concatenate([background, signal]))[n:].sum()
    return float((rank_sum - m * (m + 1) / 2) / (n * m))
