"""NIR, the neuromorphic intermediate representation (``.nir``) -> a draft.

The parameters of its differential equations become those of neurons in discrete time, by the
answers that the user or a producer gives. In one step, with ``a = 1 - beta``::

    euler:        beta = 1 - dt/tau        exponential:  beta = exp(-dt/tau)
    LIF, LI:      v = beta*v + a*r*x + a*v_leak          (lif_input=plain: r*x)
    IF:           v = v + r*dt*x                         (if_input=plain: r*x)
    CubaLIF, -LI: syn = alpha*syn + (1 - alpha)*w_in*x   (syn_input=plain: w_in*x)
                  v = beta*v + a*r*syn

where alpha is the beta of tau_syn. A map from neurons back to themselves reads the spikes of the
step before, none in the first.
"""

from pathlib import Path

import numpy as np

from fwgen.ingest.answers import ask
from fwgen.ingest.draft import Draft
from fwgen.ingest.nir.answers import answered
from fwgen.ingest.nir.entrance import event_of
from fwgen.ingest.nir.graph import read_nodes
from fwgen.ingest.nir.neurons import NEURONS
from fwgen.ingest.nir.shapes import shapes_of
from fwgen.ingest.nir.walk import Walk
from fwgen.ingest.sources import Request
from fwgen.ingest.spiking import questions as q
from fwgen.ingest.spiking.formats import read_formats
from fwgen.ingest.spiking.network import Net


def accepts(path: Path) -> bool:
    """Whether the file is named as NIR files are."""
    return path.suffix.lower() == ".nir"


def read(request: Request) -> Draft:
    """The draft of a ``.nir`` file.

    Raises
    ------
    BundleError
        If the file, or what was answered, is refused; or an answer is missing.
    """
    q.check_producer(request.producer, q.PRODUCERS)
    nodes = read_nodes(request.path)
    event = event_of(request.path, nodes)
    shapes = shapes_of(nodes)
    inquiry = q.Inquiry(request.answers, request.producer)
    answers = answered(inquiry, nodes)
    steps = inquiry.steps() if any(node.kind in NEURONS for node in nodes) else 1
    fmt = inquiry.text(q.INPUT)
    formats = read_formats(inquiry, request)
    ask(str(request.path), inquiry.missing, () if request.producer else tuple(q.PRODUCERS))
    size = int(np.prod(event.whole("shape")))
    draft = Draft(request.name, size, fmt or "", steps=steps)
    by = f", written by {request.producer}" if request.producer else ""
    draft.provenance |= {"framework": f"NIR{by}"}
    draft.notes += inquiry.notes
    net = Net(draft, str(request.path), formats)
    Walk(net, answers, shapes).run(nodes)
    return draft
