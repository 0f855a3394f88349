"""Simulated CMS events in the ADC2021 layout, from the file ``uproot-HZZ.root``.

Source: the file ships inside the PyPI package ``scikit-hep-testdata`` 0.2.0 (BSD
3-Clause licence, https://github.com/scikit-hep/scikit-hep-testdata); later versions of
the package hold no data. Its tree ``events`` has 2,421 simulated CMS events (H -> Z Z by
the file's name) with reconstructed jets, muons, electrons and MET; all of them passed an
isolated single-muon trigger (``triggerIsoMu24``).

The layout is that of ``toy_events.py``: (N, 19, 4), last axis [pT in GeV, eta, phi,
type]; row 0 MET, rows 1-4 electrons, rows 5-8 muons, rows 9-18 jets. Every event is
kept, in the order of the file; no object is cut but those past the rows of its kind.
"""

import numpy as np
import skhep_testdata
import uproot
from numpy.typing import NDArray
from toy_events import (
    ELECTRON_TYPE,
    JET_TYPE,
    MET_TYPE,
    MUON_TYPE,
    N_JETS,
    N_LEPTONS,
    Floats,
    collect,
    polar,
)

FILE = "uproot-HZZ.root"
N_EVENTS = 2421
AXES = ("E", "Px", "Py", "Pz")


def padded(flat: NDArray[np.float32], counts: NDArray[np.int64]) -> Floats:
    """Spread the values of all events into one row an event, (n, most), zero padded."""
    present = np.arange(counts.max()) < counts[:, None]
    out = np.zeros(present.shape)
    out[present] = flat
    return out


def kind_rows(tree: uproot.TTree, name: str, rows: int, kind: int) -> Floats:
    """Read the objects ``name`` (a branch prefix) and give their rows (n, rows, 4)."""
    branches = [tree[f"{name}_{axis}"].array(library="np") for axis in AXES]
    counts = np.array([len(event) for event in branches[0]])
    p4 = np.stack([padded(np.concatenate(one), counts) for one in branches], axis=-1)
    objects = polar(p4)
    return collect(objects, objects[..., 0] > 0, rows, kind)


def met_rows(tree: uproot.TTree) -> Floats:
    """Read MET and give its row (n, 1, 4)."""
    px, py = (tree[f"MET_{axis}"].array(library="np").astype(np.float64) for axis in ("px", "py"))
    zero, kind = np.zeros_like(px), np.full_like(px, MET_TYPE)
    return np.stack([np.hypot(px, py), zero, np.arctan2(py, px), kind], axis=-1)[:, None]


def hzz_events() -> Floats:
    """Read all 2,421 events, (2421, 19, 4)."""
    with uproot.open(skhep_testdata.data_path(FILE)) as file:
        tree = file["events"]
        rows = [
            met_rows(tree),
            kind_rows(tree, "Electron", N_LEPTONS, ELECTRON_TYPE),
            kind_rows(tree, "Muon", N_LEPTONS, MUON_TYPE),
            kind_rows(tree, "Jet", N_JETS, JET_TYPE),
        ]
    return np.concatenate(rows, axis=1)
