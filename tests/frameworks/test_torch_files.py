"""Files that PyTorch and snnTorch really write: read as they are, or refused by name."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fwgen.errors import BundleError
from fwgen.flow.import_ import answers_of, import_model
from fwgen.ingest.files.torch_file import read_state_dict
from fwgen.ingest.sources import Request
from fwgen.ir.nodes import Neurons, Real

REASON = "needs the [torch] extra: pip install fwgen[torch]"
torch = pytest.importorskip("torch", reason=REASON)
snn = pytest.importorskip("snntorch", reason=REASON)
nir = pytest.importorskip("nir", reason=REASON)
pytestmark = pytest.mark.frameworks

from snntorch.export_nir import export_to_nir  # noqa: E402 - only where it is installed

warnings.filterwarnings("ignore", module="snntorch")
SETTINGS = ["steps=3", "reset_delay=true", "readout=membrane", "input_format=fixed<6,3>"]
SNN = [*SETTINGS, "neuron=leaky"]


def refusal(path: Path, settings: list[str], producer: str | None = None) -> str:
    """What is said instead of an import."""
    request = Request(path, "net", answers_of(settings), producer)
    with pytest.raises(BundleError) as error:
        import_model(request, path.parent / "net")
    return str(error.value)


@pytest.mark.parametrize(
    "kind",
    [
        "float64",
        "float32",
        "float16",
        "bfloat16",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint8",
        "bool",
    ],
)
def test_types(tmp_path: Path, kind: str) -> None:
    """Every type of plain numbers, transposed and expanded ones and parts of others."""
    whole = torch.arange(24).reshape(4, 6).to(getattr(torch, kind))
    state = {
        "a.whole": whole,
        "a.transposed": whole.T,
        "a.part": whole[1:3, ::2],
        "a.one": whole[2, 3],
        "a.same": whole[0, :1].expand(5),
        "a.none": whole[:0],
        "a.learnt": torch.nn.Parameter(whole, requires_grad=whole.is_floating_point()),
    }
    torch.save(state, tmp_path / "net.pt")
    read = read_state_dict(tmp_path / "net.pt").arrays
    assert list(read) == list(state)
    for name, values in state.items():
        assert np.array_equal(read[name], values.detach().double().numpy()), name


def test_modules(tmp_path: Path) -> None:
    """The file shows modules without arrays; containers are none."""
    net = torch.nn.Sequential(
        torch.nn.Flatten(),
        torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.1)),
        snn.Leaky(beta=0.5),
    )
    torch.save(net.state_dict(), tmp_path / "net.pt")
    said = refusal(tmp_path / "net.pt", SNN)
    assert said.count("--set layer.") == 2
    assert "--set layer.0=relu|none" in said
    assert "--set layer.1.1=relu|none" in said
    answers = answers_of([*SNN, "layer.0=none", "layer.1.1=none"])
    graph = import_model(Request(tmp_path / "net.pt", "net", answers), tmp_path / "net").graph
    assert [node.name for node in graph] == ["x", "linear_1_0", "leaky_2", "leaky_2_membrane"]


FILES: list[tuple[str, Callable[[Any, Path], object], str]] = [
    (
        "before PyTorch 1.6",
        lambda net, path: torch.save(net.state_dict(), path, _use_new_zipfile_serialization=False),
        "needed the zip format of torch.save since PyTorch 1.6",
    ),
    ("a whole module", torch.save, "found the name torch.nn.modules.container.Sequential."),
    (
        "a checkpoint",
        lambda net, path: torch.save({"net": net.state_dict(), "epoch": 3}, path),
        "needed a state dict, tensors by name; found a mapping of other things.",
    ),
    (
        "a TorchScript program",
        lambda net, path: torch.jit.script(net[0]).save(str(path)),
        "needed a state dict; found a TorchScript program.",
    ),
    (
        "a sparse tensor",
        lambda net, path: torch.save({"a.b": torch.eye(3).to_sparse(), "c": net[0].bias}, path),
        "found the name torch._utils._rebuild_sparse_tensor.",
    ),
    (
        "complex numbers",
        lambda net, path: torch.save({"a.b": torch.ones(2, dtype=torch.complex64), "c": net}, path),
        "found the name torch.ComplexFloatStorage.",
    ),
]


@pytest.mark.parametrize(("what", "save", "message"), FILES, ids=[f[0] for f in FILES])
@pytest.mark.filterwarnings("ignore")
def test_other_files(
    tmp_path: Path, what: str, save: Callable[[Any, Path], object], message: str
) -> None:
    """What is no state dict of plain numbers is refused by name."""
    del what
    save(torch.nn.Sequential(torch.nn.Linear(2, 2)), tmp_path / "net.pt")
    assert message in refusal(tmp_path / "net.pt", SNN)


NEURONS: list[Callable[[], Any]] = [
    lambda: snn.Lapicque(beta=0.5),
    lambda: snn.SConv2dLSTM(1, 1, 3),
    lambda: snn.SLSTM(3, 3),
    lambda: snn.LeakyParallel(3, 3),
    lambda: snn.LinearLeaky(beta=0.5, in_features=3, out_features=3),
    lambda: snn.StateLeaky(beta=0.5, channels=3),
    lambda: torch.nn.Conv2d(1, 1, 3),
    torch.nn.PReLU,
    lambda: torch.nn.LSTM(3, 3),
]


@pytest.mark.parametrize("make", NEURONS)
@pytest.mark.filterwarnings("ignore")
def test_other_modules(tmp_path: Path, make: Callable[[], Any]) -> None:
    """Modules that fwgen has not are told from those that it has."""
    holder = torch.nn.Module()
    for name, module in (("fc", torch.nn.Linear(3, 3)), ("other", make()), ("lif", snn.Leaky(0.5))):
        holder.add_module(name, module)
    torch.save(holder.state_dict(), tmp_path / "net.pt")
    said = refusal(tmp_path / "net.pt", SNN)
    assert "module 'other" in said
    assert "needed torch.nn.Linear, torch.nn.BatchNorm1d and snntorch.Leaky, Synaptic," in said


@pytest.mark.filterwarnings("ignore")
def test_alpha_is_not_taken_for_synaptic(tmp_path: Path) -> None:
    """Its arrays have the same names: only the answer tells them apart."""
    made = [snn.Alpha(alpha=0.9, beta=0.5), snn.Synaptic(alpha=0.9, beta=0.5)]
    assert made[0].state_dict().keys() == made[1].state_dict().keys()
    for neuron in made:
        net = torch.nn.Sequential(torch.nn.Linear(3, 3), neuron)
        torch.save(net.state_dict(), tmp_path / "net.pt")
        said = refusal(tmp_path / "net.pt", SETTINGS)
        assert "--set synapse=synaptic (each with alpha is snntorch.Synaptic or" in said


@pytest.mark.filterwarnings("ignore")
def test_a_recurrent_convolution(tmp_path: Path) -> None:
    """Recurrent neurons of pictures have no matrix."""
    recurrent = snn.RLeaky(beta=0.5, conv2d_channels=2, kernel_size=3)
    net = torch.nn.Sequential(torch.nn.Linear(3, 2), recurrent)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    said = refusal(tmp_path / "net.pt", SNN)
    assert "recurrent.weight: needed shape (2, 2); found shape (2, 2, 3, 3)" in said


@pytest.mark.filterwarnings("ignore")
def test_a_recurrent_export(tmp_path: Path) -> None:
    """SnnTorch exports RLeaky with a loop, and a reset to value 0 whatever it was."""
    recurrent = snn.RLeaky(
        beta=torch.full((3,), 0.5), threshold=torch.ones(3), linear_features=3, init_hidden=True
    )
    net = torch.nn.Sequential(torch.nn.Linear(3, 3), recurrent)
    nir.write(tmp_path / "net.nir", export_to_nir(net, torch.randn(3)))
    said = refusal(tmp_path / "net.nir", SETTINGS, "snntorch")
    assert "needed 1 answer that the file does not give; found none. Add --set reset=" in said
    answers = answers_of([*SETTINGS, "reset=subtract"])
    request = Request(tmp_path / "net.nir", "net", answers, "snntorch")
    lif = next(n for n in import_model(request, tmp_path / "net").graph if isinstance(n, Neurons))
    assert isinstance(lif.recurrent, Real)
    assert np.array_equal(lif.recurrent.values, recurrent.recurrent.weight.detach().numpy())
