"""Toy collision events in the ADC2021 layout, from a seed and NumPy alone.

These are toy events: textbook kinematics with round numbers, tuned to nothing and
compared with no data. They give the example model something falling, sparse and
zero padded to learn from; no physics result follows from them.

Layout, after the ADC2021 files (arXiv 2107.02157): an array of shape (N, 19, 4) whose
last axis is [pT in GeV, eta, phi in radians, type]. Row 0 is MET (eta 0), rows 1-4 are
electrons, rows 5-8 muons, rows 9-18 jets. Each kind is sorted by descending pT and
padded with zeros. Types: 0 empty, 1 MET, 2 electron, 3 muon, 4 jet.

Every sample holds only events with a lepton above 23 GeV, as a level-1 single-lepton
seed would select, and no object above ``PT_LIMIT``, so that one outlier of a falling
spectrum does not squash the scale of the network's inputs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rng = np.random.Generator

N_ROWS = 19
N_LEPTONS = 4
N_JETS = 10
MET_TYPE, ELECTRON_TYPE, MUON_TYPE, JET_TYPE = 1, 2, 3, 4

LEPTON_TRIGGER = 23.0
"""Least pT in GeV of an event's leading lepton."""
PT_LIMIT = 500.0
"""Kinematic limit in GeV: an event with any pT above it is not kept."""
LEPTON_MIN_PT = 3.0
JET_MIN_PT = 15.0
ELECTRON_MAX_ETA = 3.0
MUON_MAX_ETA = 2.1
JET_MAX_ETA = 4.0

W_MASS, Z_MASS, TOP_MASS, B_MASS, H_MASS = 80.4, 91.2, 173.0, 4.8, 125.0
A_MASS = 250.0
LEPTOQUARK_MASS = 200.0

BACKGROUND_MIX = {"w_lnu": 0.59, "qcd": 0.33, "z_ll": 0.07, "ttbar": 0.01}
"""Fractions of the toy background after the selection, near those of ADC2021."""


@dataclass(frozen=True, slots=True)
class Hard:
    """The true objects of n events, before the toy detector.

    An object is [pT in GeV, eta, phi]; one of pT 0 is absent.
    """

    leptons: Floats
    """(n, k, 3)"""
    is_electron: Bools
    """(n, k): an electron, else a muon"""
    jets: Floats
    """(n, j, 3)"""
    neutrinos: Floats
    """(n, 2): summed px and py in GeV"""


def falling(rng: Rng, shape: tuple[int, ...], start: float, power: float) -> Floats:
    """Draw pT in GeV from a spectrum pT**-power between ``start`` and ``PT_LIMIT``."""
    last = (PT_LIMIT / start) ** (1 - power)
    return np.asarray(start * (1 - rng.random(shape) * (1 - last)) ** (1 / (1 - power)))


def angle(rng: Rng, shape: tuple[int, ...]) -> Floats:
    """Draw phi uniformly in [-pi, pi)."""
    return rng.uniform(-np.pi, np.pi, shape)


def opposite(phi: Floats) -> Floats:
    """Turn phi by pi, wrapped into [-pi, pi)."""
    return np.asarray(phi % (2 * np.pi) - np.pi)


def polar(p4: Floats) -> Floats:
    """Turn (..., 4) [E, px, py, pz] in GeV into (..., 3) [pT, eta, phi]."""
    pt = np.hypot(p4[..., 1], p4[..., 2])
    eta = np.arcsinh(p4[..., 3] / np.maximum(pt, 1e-9))
    return np.stack([pt, eta, np.arctan2(p4[..., 2], p4[..., 1])], axis=-1)


def boost(p4: Floats, frame: Floats) -> Floats:
    """Carry p4 (n, 4) from the rest frame of ``frame`` (n, 4) into the laboratory."""
    mass = np.sqrt(frame[:, 0] ** 2 - (frame[:, 1:] ** 2).sum(1))
    along = (p4[:, 1:] * frame[:, 1:]).sum(1)
    energy = (p4[:, 0] * frame[:, 0] + along) / mass
    gain = (energy + p4[:, 0]) / (frame[:, 0] + mass)
    return np.column_stack([energy, p4[:, 1:] + gain[:, None] * frame[:, 1:]])


def two_body(rng: Rng, parent: Floats, mass_a: float, mass_b: float) -> tuple[Floats, Floats]:
    """Decay each parent (n, 4) isotropically into two bodies of these masses in GeV."""
    mass2 = parent[:, 0] ** 2 - (parent[:, 1:] ** 2).sum(1)
    energy_a = (mass2 + mass_a**2 - mass_b**2) / (2 * np.sqrt(mass2))
    momentum = np.sqrt(np.maximum(energy_a**2 - mass_a**2, 0.0))
    direction = rng.normal(size=(len(parent), 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    body_a = boost(np.column_stack([energy_a, momentum[:, None] * direction]), parent)
    return body_a, parent - body_a


def produce(rng: Rng, mass: Floats) -> tuple[Floats, Floats]:
    """Make parents of these masses (n,) and the jet each recoils against.

    Returns the parents (n, 4) in GeV and the jets (n, 1, 3). The parent's pT is
    falling from 0 with a scale of 40 GeV, its rapidity a Gaussian of width 1.2.
    """
    n = len(mass)
    pt = falling(rng, (n,), 40.0, 4.0) - 40.0
    phi = angle(rng, (n,))
    rapidity = rng.normal(0.0, 1.2, n)
    transverse = np.hypot(mass, pt)
    components = [np.cosh(rapidity) * transverse, pt * np.cos(phi), pt * np.sin(phi)]
    parent = np.column_stack([*components, np.sinh(rapidity) * transverse])
    recoil = np.column_stack([pt, rng.normal(0.0, 1.8, n), opposite(phi)])
    return parent, recoil[:, None, :]


def pair(rng: Rng, n: int, mass: float) -> tuple[Floats, Floats, Floats]:
    """Produce two bodies of ``mass`` GeV (n, 4) each, and their recoil jet (n, 1, 3)."""
    system, recoil = produce(rng, 2 * mass + rng.exponential(100.0, n))
    body_a, body_b = two_body(rng, system, mass, mass)
    return body_a, body_b, recoil


def flavours(rng: Rng, n: int) -> Bools:
    """Draw, for n leptons, electron or muon with equal chance."""
    return rng.random(n) < 0.5


def only(objects: Floats, keep: Bools) -> Floats:
    """Set the objects (n, ..., 3) of the events (n,) not kept to absent."""
    return objects * keep.reshape(-1, *[1] * (objects.ndim - 1))


def qcd(rng: Rng, n: int) -> Hard:
    """Two back-to-back jets; one passes a part of its pT to a lepton, real or fake."""
    pt = falling(rng, (n,), 25.0, 4.5)
    phi = angle(rng, (n,))
    eta = rng.normal(0.0, 1.5, (2, n))
    part = rng.uniform(0.2, 1.0, n)
    lepton = np.column_stack([part * pt, eta[0], phi])
    rest = np.column_stack([(1 - part) * pt, eta[0], phi])
    other = np.column_stack([pt, eta[1], opposite(phi)])
    jets = np.stack([rest, other], axis=1)
    return Hard(lepton[:, None], flavours(rng, n)[:, None], jets, np.zeros((n, 2)))


def w_lnu(rng: Rng, n: int) -> Hard:
    """W -> l nu with its recoil jet."""
    boson, recoil = produce(rng, np.full(n, W_MASS))
    lepton, neutrino = two_body(rng, boson, 0.0, 0.0)
    return Hard(polar(lepton)[:, None], flavours(rng, n)[:, None], recoil, neutrino[:, 1:3])


def z_ll(rng: Rng, n: int) -> Hard:
    """Z -> l l with its recoil jet."""
    boson, recoil = produce(rng, np.full(n, Z_MASS))
    leptons = np.stack([polar(p4) for p4 in two_body(rng, boson, 0.0, 0.0)], axis=1)
    flavour = np.repeat(flavours(rng, n)[:, None], 2, axis=1)
    return Hard(leptons, flavour, recoil, np.zeros((n, 2)))


def ttbar(rng: Rng, n: int) -> Hard:
    """Two tops; one W decays to l nu, the other to two jets or, for one in three, to l nu."""
    top_a, top_b, recoil = pair(rng, n, TOP_MASS)
    b_a, w_a = two_body(rng, top_a, B_MASS, W_MASS)
    b_b, w_b = two_body(rng, top_b, B_MASS, W_MASS)
    lepton_a, neutrino_a = two_body(rng, w_a, 0.0, 0.0)
    lepton_b, neutrino_b = two_body(rng, w_b, 0.0, 0.0)
    leptonic = rng.random(n) < 1 / 3
    light = [only(polar(p4), ~leptonic)[:, None] for p4 in (lepton_b, neutrino_b)]
    jets = np.concatenate([polar(b_a)[:, None], polar(b_b)[:, None], *light, recoil], axis=1)
    leptons = np.stack([polar(lepton_a), only(polar(lepton_b), leptonic)], axis=1)
    flavour = np.stack([flavours(rng, n), flavours(rng, n)], axis=1)
    neutrinos = neutrino_a[:, 1:3] + neutrino_b[:, 1:3] * leptonic[:, None]
    return Hard(leptons, flavour, jets, neutrinos)


def tau_decay(rng: Rng, tau: Floats) -> Hard:
    """Decay each tau (n, 4) collinearly: 35 % to a lepton, the rest to a narrow jet."""
    n = len(tau)
    leptonic = rng.random(n) < 0.35
    part = np.where(leptonic, rng.beta(1.3, 2.2, n), rng.uniform(0.3, 1.0, n))
    visible = polar(tau * part[:, None])[:, None]
    neutrinos = tau[:, 1:3] * (1 - part)[:, None]
    electron = flavours(rng, n)[:, None]
    return Hard(only(visible, leptonic), electron, only(visible, ~leptonic), neutrinos)


def merge(first: Hard, second: Hard, jets: Floats) -> Hard:
    """Put the objects of two decays and further jets (n, j, 3) into one event each."""
    return Hard(
        np.concatenate([first.leptons, second.leptons], axis=1),
        np.concatenate([first.is_electron, second.is_electron], axis=1),
        np.concatenate([first.jets, second.jets, jets], axis=1),
        first.neutrinos + second.neutrinos,
    )


def a_4l(rng: Rng, n: int) -> Hard:
    """Toy signal: a neutral A of 250 GeV -> Z Z -> 4 leptons."""
    parent, recoil = produce(rng, np.full(n, A_MASS))
    bosons = two_body(rng, parent, Z_MASS, Z_MASS)
    leptons = [polar(p4) for boson in bosons for p4 in two_body(rng, boson, 0.0, 0.0)]
    flavour = np.repeat(np.stack([flavours(rng, n), flavours(rng, n)], axis=1), 2, axis=1)
    return Hard(np.stack(leptons, axis=1), flavour, recoil, np.zeros((n, 2)))


def leptoquark(rng: Rng, n: int) -> Hard:
    """Toy signal: a pair of leptoquarks of 200 GeV, each -> b tau."""
    first, second, recoil = pair(rng, n, LEPTOQUARK_MASS)
    b_a, tau_a = two_body(rng, first, B_MASS, 0.0)
    b_b, tau_b = two_body(rng, second, B_MASS, 0.0)
    jets = np.concatenate([polar(b_a)[:, None], polar(b_b)[:, None], recoil], axis=1)
    return merge(tau_decay(rng, tau_a), tau_decay(rng, tau_b), jets)


def h_tautau(rng: Rng, n: int) -> Hard:
    """Toy signal: h of 125 GeV -> tau tau."""
    parent, recoil = produce(rng, np.full(n, H_MASS))
    tau_a, tau_b = two_body(rng, parent, 0.0, 0.0)
    return merge(tau_decay(rng, tau_a), tau_decay(rng, tau_b), recoil)


BACKGROUNDS: dict[str, Callable[[Rng, int], Hard]] = {
    "w_lnu": w_lnu,
    "qcd": qcd,
    "z_ll": z_ll,
    "ttbar": ttbar,
}
SIGNALS: dict[str, Callable[[Rng, int], Hard]] = {
    "a_4l": a_4l,
    "leptoquark": leptoquark,
    "h_tautau": h_tautau,
}


@dataclass(frozen=True, slots=True)
class Soft:
    """Soft objects that any event has, whatever its process."""

    mean: float
    """mean of their Poisson number"""
    most: int
    min_pt: float
    """start of their spectrum in GeV"""
    power: float
    """the spectrum is pT**-power"""

    def draw(self, rng: Rng, n: int) -> Floats:
        """Draw them for n events, (n, most, 3)."""
        shape = (n, self.most)
        present = np.arange(self.most) < rng.poisson(self.mean, (n, 1))
        pt = falling(rng, shape, self.min_pt, self.power) * present
        return np.stack([pt, rng.normal(0.0, 2.0, shape), angle(rng, shape)], axis=-1)


SOFT_LEPTONS = Soft(mean=0.5, most=3, min_pt=LEPTON_MIN_PT, power=3.0)
SOFT_JETS = Soft(mean=1.5, most=8, min_pt=JET_MIN_PT, power=4.5)


def smear(rng: Rng, objects: Floats, stochastic: float, constant: float) -> Floats:
    """Smear each pT by ``stochastic`` / sqrt(pT in GeV) and ``constant``, in quadrature."""
    pt = objects[..., 0]
    sigma = np.hypot(stochastic * np.sqrt(pt), constant * pt)
    measured = np.maximum(pt + sigma * rng.normal(size=pt.shape), 0.0)
    return np.concatenate([measured[..., None], objects[..., 1:]], axis=-1)


def collect(objects: Floats, accepted: Bools, rows: int, kind: int) -> Floats:
    """Sort the accepted objects (n, k, 3) by pT and pad or cut them to (n, rows, 4)."""
    kept = objects * accepted[..., None]
    order = np.argsort(-kept[..., 0], axis=1, kind="stable")[:, :rows]
    kept = np.take_along_axis(kept, order[..., None], axis=1)
    out = np.zeros((len(objects), rows, 4))
    out[:, : kept.shape[1], :3] = kept
    out[..., 3] = kind * (out[..., 0] > 0)
    return out


def accepted(objects: Floats, min_pt: float, max_eta: float) -> Bools:
    """Tell which objects (n, k, 3) the toy detector sees, shape (n, k)."""
    return (objects[..., 0] > min_pt) & (np.abs(objects[..., 1]) < max_eta)


def met_row(rng: Rng, hard: Hard) -> Floats:
    """Measure MET, (n, 1, 4): neutrinos and 5 GeV plus 0.5 sqrt(sum pT) of noise an axis."""
    activity = hard.jets[..., 0].sum(1) + hard.leptons[..., 0].sum(1)
    sigma = 5.0 + 0.5 * np.sqrt(activity)
    measured = hard.neutrinos + sigma[:, None] * rng.normal(size=hard.neutrinos.shape)
    met = np.zeros((len(measured), 1, 4))
    met[:, 0, 0] = np.hypot(measured[:, 0], measured[:, 1])
    met[:, 0, 2] = np.arctan2(measured[:, 1], measured[:, 0])
    met[:, 0, 3] = MET_TYPE
    return met


def reconstruct(rng: Rng, hard: Hard) -> Floats:
    """Pass true objects through the toy detector and give events (n, 19, 4)."""
    n = len(hard.neutrinos)
    extra = SOFT_LEPTONS.draw(rng, n)
    leptons = smear(rng, np.concatenate([hard.leptons, extra], axis=1), 0.05, 0.02)
    electron = np.concatenate([hard.is_electron, rng.random(extra.shape[:2]) < 0.6], axis=1)
    jets = np.concatenate([hard.jets, SOFT_JETS.draw(rng, n)], axis=1)
    jets = smear(rng, jets, 0.8, 0.05)
    seen_e = electron & accepted(leptons, LEPTON_MIN_PT, ELECTRON_MAX_ETA)
    seen_mu = ~electron & accepted(leptons, LEPTON_MIN_PT, MUON_MAX_ETA)
    seen_jet = accepted(jets, JET_MIN_PT, JET_MAX_ETA)
    rows = [
        met_row(rng, hard),
        collect(leptons, seen_e, N_LEPTONS, ELECTRON_TYPE),
        collect(leptons, seen_mu, N_LEPTONS, MUON_TYPE),
        collect(jets, seen_jet, N_JETS, JET_TYPE),
    ]
    return np.concatenate(rows, axis=1)


def selected(events: Floats) -> Bools:
    """Tell which events (n, 19, 4) have a lepton above the trigger's pT and none too hard."""
    leading = np.maximum(events[:, 1, 0], events[:, 1 + N_LEPTONS, 0])
    return np.asarray((leading > LEPTON_TRIGGER) & (events[..., 0].max(axis=1) < PT_LIMIT))


def sample(rng: Rng, process: Callable[[Rng, int], Hard], n: int) -> Floats:
    """Draw n selected toy events (n, 19, 4) of one process."""
    parts: list[Floats] = []
    found = 0
    while found < n:
        events = reconstruct(rng, process(rng, 2 * n + 100))
        parts.append(events[selected(events)])
        found += len(parts[-1])
    return np.concatenate(parts)[:n]


def toy_background(n: int, seed: int) -> Floats:
    """Draw n toy background events (n, 19, 4), mixed as ``BACKGROUND_MIX``, shuffled."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, list(BACKGROUND_MIX.values()))
    names = zip(BACKGROUND_MIX, counts, strict=True)
    parts = [sample(rng, BACKGROUNDS[name], int(count)) for name, count in names if count]
    events = np.concatenate(parts)
    return events[rng.permutation(n)]


def toy_signal(name: str, n: int, seed: int) -> Floats:
    """Draw n events (n, 19, 4) of one toy signal; ``name`` is a key of ``SIGNALS``."""
    return sample(np.random.default_rng(seed), SIGNALS[name], n)
