"""Toy charge clusters of tracks in a small-pitch silicon pixel sensor, from a seed and NumPy.

These are toy events: a straight line of charge through a flat sensor, smeared with
textbook formulas and round numbers, tuned to nothing and compared with no data. They give
the smart-pixel networks clusters whose shape depends on pT and on the position on the
module, as in the simulation that arXiv 2411.01118 and 2310.02474 use; no detector result
follows from them.

Geometry. The sensor is 100 um thick, its rows are 12.5 um wide in y, the bending
direction; a cluster has 13 rows, summed over the columns along the field. The module is
flat, 16 mm wide, 30 mm from the beam, in a field of 3.8 T. A track of transverse momentum
pT comes from the beam line and hits the module at y0. Its slope dy/dz in the sensor is the
tangent of ``atan(y0 / 30 mm) + charge * asin(r / (2 rho))`` with r the distance of the hit
from the beam and rho = pT / (0.3 B): what y0 does not explain of the slope tells the pT.

Charge. The whole track leaves a Moyal-distributed charge (J. E. Moyal, Phil. Mag. 46 (1955)
263, an approximation to Landau's distribution) along its path, shared among 25 segments in
depth with gamma-distributed fluctuations. Electrons of a segment drift to the rows, move
sideways by the Lorentz angle and spread by diffusion; the Gaussian integral over a row is
approximated by a logistic curve. The induced signal rises with the square of the elapsed
share of the drift time. It is read as the charge collected so far at the end of each of 8
time slices of 200 ps, with Gaussian noise, and set to 0 below a threshold.

Assumed here, because the publication's sensor simulation is not at hand: all constants
below; that a slice holds the charge collected so far; and that the 4 slices shown to the
networks are every second one of the 8, at 0.4, 0.8, 1.2 and 1.6 ns.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rng = np.random.Generator

ROWS = 13
SLICES = 8
SLICE_NS = 0.2
SHOWN_SLICES = (1, 3, 5, 7)
"""Indices of the slices that the networks see."""
INPUTS = ROWS * len(SHOWN_SLICES) + 1

THICKNESS_UM = 100.0
PITCH_UM = 12.5
MODULE_DISTANCE_MM = 30.0
MODULE_WIDTH_MM = 16.0
FIELD_T = 3.8

SEGMENTS = 25
CHARGE_PER_UM = 70.0
"""Most probable charge in electrons for each um of path, before the Moyal term."""
MOYAL_PER_UM = 4.9
"""Scale of the Moyal term in electrons for each um of path."""
SEGMENT_SHAPE = 4.0
"""Shape of the gamma distribution of a segment's share."""
LORENTZ_SLOPE = 0.2
DIFFUSION_UM = 4.0
"""Width in um of a cloud that drifts through the whole sensor."""
DRIFT_NS = 1.5
"""Drift time in ns through the whole sensor."""
NOISE_E = 50.0
THRESHOLD_E = 200.0

PT_BOUNDARY = 0.2
"""GeV: tracks above are of the high-pT class, after arXiv 2310.02474."""
PT_MIN, PT_MAX = 0.05, 5.0
PT_SCALE = 0.3
"""GeV: pT is drawn from pT * exp(-pT / PT_SCALE)."""

TRAPPING_NS = 1.5
DAMAGED_NOISE_E = 100.0
DEAD_ROWS = 2


@dataclass(frozen=True, slots=True)
class Tracks:
    """n tracks as they hit the module."""

    pt: Floats
    """(n,) transverse momentum in GeV"""
    y0: Floats
    """(n,) position on the module in mm"""
    slope: Floats
    """(n,) dy/dz in the sensor"""
    tilt: Floats
    """(n,) dx/dz in the sensor, along the field"""
    start: Floats
    """(n,) y in um, from the edge of row 0, where charge from mid-depth lands"""


def spectrum(rng: Rng, n: int, low: float, high: float) -> Floats:
    """Draw n pT in GeV from pT * exp(-pT / PT_SCALE) between ``low`` and ``high``."""
    grid = np.linspace(low, high, 4001)
    density = grid * np.exp(-grid / PT_SCALE)
    steps = np.cumsum((density[1:] + density[:-1]) / 2)
    total = np.concatenate([[0.0], steps]) / steps[-1]
    return np.interp(rng.random(n), total, grid)


def tracks(rng: Rng, pt: Floats) -> Tracks:
    """Draw tracks of these pT (n,) in GeV, of either charge, anywhere on the module."""
    n = len(pt)
    y0 = rng.uniform(-MODULE_WIDTH_MM / 2, MODULE_WIDTH_MM / 2, n)
    charge = rng.choice([-1.0, 1.0], n)
    radius_mm = 1000.0 * pt / (0.3 * FIELD_T)
    distance = np.hypot(MODULE_DISTANCE_MM, y0)
    bend = np.arcsin(np.minimum(distance / (2 * radius_mm), 1.0))
    slope = np.tan(np.arctan(y0 / MODULE_DISTANCE_MM) + charge * bend)
    tilt = rng.uniform(-1.0, 1.0, n)
    centre = (ROWS / 2 + rng.uniform(-1.0, 1.0, n)) * PITCH_UM
    return Tracks(pt, y0, slope, tilt, centre)


@dataclass(frozen=True, slots=True)
class Sensor:
    """What irradiation changes in the sensor."""

    noise_e: float = NOISE_E
    """noise in electrons, for each row and slice"""
    trapping_ns: float = np.inf
    """mean time in ns until a drifting electron is trapped"""

    def collect(self, rng: Rng, hits: Tracks) -> Floats:
        """Charge in electrons collected without noise by the end of each slice, (n, 13, 8)."""
        depth = (np.arange(SEGMENTS) + 0.5) / SEGMENTS
        drift = DRIFT_NS * (1 - depth)
        landing = hits.start[:, None] + THICKNESS_UM * np.outer(
            hits.slope - LORENTZ_SLOPE, depth - 0.5
        )
        charge = segment_charges(rng, hits) * np.exp(-drift / self.trapping_ns)
        shares = row_shares(landing, DIFFUSION_UM * np.sqrt(1 - depth + 0.02))
        times = SLICE_NS * np.arange(1, SLICES + 1)
        arrived = np.clip(times / drift[:, None], 0.0, 1.0) ** 2
        return np.einsum("ns,nsr,st->nrt", charge, shares, arrived, optimize=True)

    def read(self, rng: Rng, collected: Floats) -> Floats:
        """Add noise to ``collected`` (n, 13, 8) and set what is below threshold to 0."""
        measured = collected + rng.normal(0.0, self.noise_e, collected.shape)
        return np.where(measured > THRESHOLD_E, measured, 0.0)


def segment_charges(rng: Rng, hits: Tracks) -> Floats:
    """Draw the charge in electrons of each segment, (n, SEGMENTS)."""
    path = THICKNESS_UM * np.sqrt(1 + hits.slope**2 + hits.tilt**2)
    moyal = -np.log(rng.normal(size=len(path)) ** 2)
    total = path * (CHARGE_PER_UM + MOYAL_PER_UM * moyal)
    shares = rng.gamma(SEGMENT_SHAPE, size=(len(path), SEGMENTS))
    return total[:, None] * shares / shares.sum(axis=1, keepdims=True)


def row_shares(landing: Floats, sigma: Floats) -> Floats:
    """Share of each segment's charge that each row receives, (n, SEGMENTS, 13).

    ``landing`` (n, SEGMENTS) is the centre of the cloud in um, ``sigma`` (SEGMENTS,) its width.
    The Gaussian's integral is approximated by ``1 / (1 + exp(-1.702 z))``, right within 0.01.
    """
    edges = PITCH_UM * np.arange(ROWS + 1)
    z = (edges - landing[..., None]) / sigma[:, None]
    below = 0.5 + 0.5 * np.tanh(0.851 * z)
    return np.diff(below, axis=-1)


def inputs(charge: Floats, y0: Floats) -> Floats:
    """Put the shown slices of ``charge`` (n, 13, 8) and y0 (n,) in mm into one (n, 53) array.

    Columns 0 to 51 are in electrons, row by row with the four slices of a row together; column
    52 is y0 in mm.
    """
    shown = charge[:, :, SHOWN_SLICES].reshape(len(charge), -1)
    return np.concatenate([shown, y0[:, None]], axis=1)


def healthy(rng: Rng, pt: Floats) -> Floats:
    """Read clusters (n, 53) of tracks of these pT (n,) from a sensor that works."""
    hits, sensor = tracks(rng, pt), Sensor()
    return inputs(sensor.read(rng, sensor.collect(rng, hits)), hits.y0)


def any_pt(rng: Rng, n: int) -> Floats:
    """Draw n pT in GeV from the whole spectrum."""
    return spectrum(rng, n, PT_MIN, PT_MAX)


def all_tracks(rng: Rng, n: int) -> Floats:
    """Toy clusters (n, 53) of tracks of any pT."""
    return healthy(rng, any_pt(rng, n))


def low_pt(rng: Rng, n: int) -> Floats:
    """Toy clusters (n, 53) of tracks below the boundary."""
    return healthy(rng, spectrum(rng, n, PT_MIN, PT_BOUNDARY))


def high_pt(rng: Rng, n: int) -> Floats:
    """Toy clusters (n, 53) of tracks above the boundary."""
    return healthy(rng, spectrum(rng, n, PT_BOUNDARY, PT_MAX))


def irradiated(rng: Rng, n: int) -> Floats:
    """Toy clusters (n, 53) from a damaged sensor: charge is trapped, the noise is doubled."""
    hits = tracks(rng, any_pt(rng, n))
    sensor = Sensor(noise_e=DAMAGED_NOISE_E, trapping_ns=TRAPPING_NS)
    return inputs(sensor.read(rng, sensor.collect(rng, hits)), hits.y0)


def dead_rows(rng: Rng, n: int) -> Floats:
    """Toy clusters (n, 53) with two of the five central rows dead."""
    hits, sensor = tracks(rng, any_pt(rng, n)), Sensor()
    charge = sensor.read(rng, sensor.collect(rng, hits))
    first = ROWS // 2 - 2
    order = rng.permuted(np.tile(np.arange(first, first + 5), (n, 1)), axis=1)
    charge[np.arange(n)[:, None], order[:, :DEAD_ROWS]] = 0.0
    return inputs(charge, hits.y0)


def merged(rng: Rng, n: int) -> Floats:
    """Toy clusters (n, 53) of two tracks at once, two to four rows apart; y0 is the first's."""
    first, second = tracks(rng, any_pt(rng, n)), tracks(rng, any_pt(rng, n))
    apart = rng.choice([-1.0, 1.0], n) * rng.uniform(2.0, 4.0, n) * PITCH_UM
    moved = Tracks(second.pt, second.y0, second.slope, second.tilt, first.start + apart)
    sensor = Sensor()
    collected = sensor.collect(rng, first) + sensor.collect(rng, moved)
    return inputs(sensor.read(rng, collected), first.y0)


def high_precision(clusters: Floats) -> Floats:
    """10-bit inputs before rounding, 0 to 1: sqrt(0.094 ln(charge)), 0 where it is at most 1.

    The last column is y0, mapped linearly from the module's width to 0..1.
    """
    charge = np.sqrt(0.094 * np.log(np.maximum(clusters[:, :-1], 1.0)))
    return np.concatenate([charge, position(clusters)], axis=1)


def low_precision(clusters: Floats) -> Floats:
    """4-bit inputs, multiples of 1/16: 16 even bins over 0..8000 electrons with overflow.

    The last column is y0, in 16 even bins over the module's width.
    """
    charge = np.minimum(np.floor(clusters[:, :-1] / 500.0), 15.0) / 16
    return np.concatenate([charge, np.floor(16 * position(clusters)) / 16], axis=1)


def position(clusters: Floats) -> Floats:
    """y0 (n, 1) as a share of the module's width, from 0 up to and without 1."""
    share = clusters[:, -1:] / MODULE_WIDTH_MM + 0.5
    return np.clip(share, 0.0, 1.0 - 2.0**-20)


def sample(make: Callable[[Rng, int], Floats], n: int, seed: list[int]) -> Floats:
    """Make n clusters (n, 53) in portions that fit into memory."""
    rng = np.random.default_rng(seed)
    portions = [make(rng, min(10_000, n - start)) for start in range(0, n, 10_000)]
    return np.concatenate(portions)
