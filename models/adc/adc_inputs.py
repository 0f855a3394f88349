"""Inputs of the ADC2021 networks: 19 objects x (pT, eta, phi), each scaled by a power of two.

Events in the ADC2021 layout (arXiv 2107.02157), (n, 19, 4) of [pT in GeV, eta, phi, type],
become vectors of 57 numbers, object by object: MET, 4 electrons, 4 muons, 10 jets, each as
[pT / 32 GeV, eta / 4, phi / 4]. Absent objects are zero. fwgen's ``scaling`` is one for all
inputs, so events are stored in this form, and firmware receives it rounded to 1 GeV in pT and 1/8
in eta and phi (``fixed<10,5,RND_CONV,SAT>``, pT below 512 GeV).

The scales make the largest pT of an event the largest input, so that the squared error is
about momenta; a direction, which no network can know from three latent words, weighs less.
"""

import numpy as np
from formats import Floats

SCALES = np.array([1 / 32, 1 / 4, 1 / 4])
INPUTS = 57


def inputs(events: Floats) -> Floats:
    """Turn events (n, 19, 4) into inputs (n, 57), rounded to float32 as stored."""
    x = (events[..., :3] * SCALES).reshape(len(events), INPUTS)
    return np.asarray(x.astype(np.float32).astype(np.float64))
