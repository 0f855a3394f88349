"""Spiking neurons in ``model.yaml``."""

from dataclasses import fields, replace
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from fwgen.ingest.bundle.base import Layer, Name, Scalar
from fwgen.ingest.bundle.site import Makers, Site
from fwgen.ingest.bundle.weights import number
from fwgen.ingest.names import CURRENT, SYNAPSE
from fwgen.ir.fixed import Fixed
from fwgen.ir.nodes import CubaLif, Lif, Membrane, Node, Real, Reset, ShiftLeak


class LifLayer(Layer):
    """Either ``beta`` or ``leak_shift``; text for beta or threshold names an array."""

    op: Literal["lif"]
    beta: Scalar | Name | None = None
    leak_shift: Annotated[int | None, Field(ge=1, le=64)] = None
    threshold: Scalar | Name
    reset: Literal["subtract", "zero", "none"]
    reset_delay: bool
    recurrent: Name | None = None
    beta_format: str | None = None
    threshold_format: str | None = None
    membrane_format: str | None = None
    recurrent_format: str | None = None


class IfLayer(Layer):
    """Neurons without a leak; text for threshold names an array."""

    op: Literal["if"]
    threshold: Scalar | Name
    reset: Literal["subtract", "zero", "none"]
    reset_delay: bool
    recurrent: Name | None = None
    threshold_format: str | None = None
    membrane_format: str | None = None
    recurrent_format: str | None = None


class LiLayer(Layer):
    """Neurons that never fire. Either ``beta`` or ``leak_shift``; text for beta names an array."""

    op: Literal["li"]
    beta: Scalar | Name | None = None
    leak_shift: Annotated[int | None, Field(ge=1, le=64)] = None
    beta_format: str | None = None
    membrane_format: str | None = None


class CubaLifLayer(Layer):
    """A filter of the current before lif neurons. Text for a number names an array."""

    op: Literal["cuba_lif"]
    alpha: Scalar | Name
    beta: Scalar | Name | None = None
    leak_shift: Annotated[int | None, Field(ge=1, le=64)] = None
    threshold: Scalar | Name
    reset: Literal["subtract", "zero", "none"]
    reset_delay: bool
    previous_current: bool
    recurrent: Name | None = None
    alpha_format: str | None = None
    syn_format: str | None = None
    beta_format: str | None = None
    threshold_format: str | None = None
    membrane_format: str | None = None
    recurrent_format: str | None = None


NO_LEAK = Real(np.array(1.0), Fixed.parse("ufixed<1,1>"))


def _one(site: Site, layer: LifLayer | IfLayer | LiLayer) -> list[Node]:
    return [_neurons(site, layer, site.source)]


def _neurons(site: Site, layer: LifLayer | IfLayer | LiLayer | CubaLifLayer, source: str) -> Lif:
    beta = NO_LEAK if isinstance(layer, IfLayer) else _leak(site, layer)
    membrane = site.format("membrane_format", layer.membrane_format)
    if isinstance(layer, LiLayer):
        return Lif(layer.name, source, beta, None, membrane, Reset.NONE, reset_delay=True)
    threshold = site.parameter("threshold", layer.threshold, layer, layer.threshold_format)
    neurons = Lif(
        layer.name, source, beta, threshold, membrane, Reset(layer.reset), layer.reset_delay
    )
    return replace(neurons, recurrent=_recurrent(site, layer))


def _recurrent(site: Site, layer: LifLayer | IfLayer | CubaLifLayer) -> Real | None:
    fmt = site.format("recurrent_format", layer.recurrent_format)
    if layer.recurrent is not None:
        return Real(site.arrays.take(layer.recurrent, layer.name), fmt)
    if fmt is not None:
        raise site.refuse(
            "recurrent_format",
            needed="no recurrent_format where there are no recurrent weights",
            found=repr(str(layer.recurrent_format)[:80]),
            do="Remove it, or name the array under recurrent.",
        )
    return None


def _cuba_lif(site: Site, layer: CubaLifLayer) -> list[Node]:
    """Integrators of the current, their membranes step by step, and lif neurons that read them.

    With recurrent weights the neurons' spikes go into the integrators: then all is one node.
    """
    source, alpha = site.source, _unit(site, "alpha", layer.alpha, layer.name)
    leak = Real(alpha, site.format("alpha_format", layer.alpha_format))
    fmt = site.format("syn_format", layer.syn_format)
    if layer.recurrent is not None:
        n = _neurons(site, layer, source)
        keys = {field.name: getattr(n, field.name) for field in fields(n)}
        return [CubaLif(**keys, alpha=leak, syn=fmt, previous=layer.previous_current)]
    integrators = Lif(layer.name + SYNAPSE, source, leak, None, fmt, Reset.NONE, reset_delay=True)
    current = Membrane(layer.name + CURRENT, integrators.name, layer.previous_current)
    return [integrators, current, _neurons(site, layer, current.name)]


def _leak(site: Site, layer: LifLayer | LiLayer | CubaLifLayer) -> Real | ShiftLeak:
    if (layer.beta is None) == (layer.leak_shift is None):
        raise site.refuse(
            "beta",
            needed="either beta (a constant) or leak_shift (u - (u >> shift))",
            found="neither" if layer.beta is None else "both",
            do="Keep one of the two.",
        )
    if layer.leak_shift is not None:
        if layer.beta_format is not None:
            raise site.refuse(
                "beta_format",
                needed="no beta_format beside leak_shift, which has no constant",
                found=repr(layer.beta_format[:80]),
                do="Remove it.",
            )
        return ShiftLeak(layer.leak_shift)
    beta = _unit(site, "beta", layer.beta, layer.name)
    return Real(beta, site.format("beta_format", layer.beta_format))


def _unit(site: Site, key: str, value: float | str | None, layer: str) -> NDArray[np.float64]:
    """Numbers from 0 to 1."""
    given = number(value, layer, site.arrays)
    outside = (given < 0) | (given > 1)
    if outside.any():
        raise site.refuse(
            key,
            needed="values from 0 to 1",
            found=f"{float(given[outside].flat[0]):g}",
            do=f"snnTorch clamps {key} to [0, 1] while it runs; store the clamped value.",
        )
    return given


Layers = LifLayer | IfLayer | LiLayer | CubaLifLayer
MAKERS: Makers = {
    LifLayer: _one,
    IfLayer: _one,
    LiLayer: _one,
    CubaLifLayer: _cuba_lif,
}
