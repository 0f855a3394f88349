"""Reading ``.npz`` files from strangers."""

import tracemalloc
import warnings
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fwgen.errors import BundleError
from fwgen.ingest.files import arrays
from fwgen.ingest.files.arrays import read_arrays
from tests.ingest.drafts import claims, npy

ANY_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
MEGABYTE = 1024 * 1024


def archive(path: Path, **members: bytes) -> Path:
    """A zip of members as they are."""
    with zipfile.ZipFile(path, "w") as file:
        for name, raw in members.items():
            file.writestr(f"{name}.npy", raw)
    return path


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", ">f8", "g", "i1", "i8", "u1", "u8", "?"], ids=str
)
def test_every_plain_number_type_is_read_as_float64(dtype: str, tmp_path: Path) -> None:
    """Real numbers of any type and byte order keep their values."""
    np.savez(tmp_path / "a.npz", w=np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype))
    values = read_arrays(tmp_path / "a.npz")["w"]
    assert values.dtype == np.float64
    assert values.tolist() == [[0, 1, 1], [1, 0, 1]]


def test_order_and_shape_are_kept(tmp_path: Path) -> None:
    """Fortran order, no dimensions and compression change nothing."""
    matrix = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    np.savez_compressed(tmp_path / "a.npz", matrix=matrix, scalar=np.float64(0.5), empty=[])
    found = read_arrays(tmp_path / "a.npz")
    assert found["matrix"].tolist() == matrix.tolist()
    assert found["scalar"].shape == ()
    assert found["empty"].shape == (0,)


def test_a_member_that_claims_10_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    """The size is refused from the zip's directory, before anything is unpacked."""
    path = archive(tmp_path / "a.npz", w=npy(np.zeros(4)))
    raw = bytearray(path.read_bytes())
    size = raw.rindex(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    raw[size : size + 4] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(raw)
    peak, error = _peak(path)
    assert error.found == "1 arrays and 4,000,000,000 bytes"
    assert peak < MEGABYTE


def test_a_header_that_claims_10_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    """Nothing is allocated for a shape that the member does not hold."""
    path = archive(tmp_path / "a.npz", w=claims("(1250000000,)"))
    peak, error = _peak(path)
    assert str(error) == (
        f"{path}: 'w': needed 10,000,000,000 bytes for float64 of shape (1250000000,); found 8 "
        "bytes. Write it with numpy.savez(file, **arrays) from plain float arrays."
    )
    assert peak < MEGABYTE


@pytest.mark.parametrize(
    "packed", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_a_member_that_unpacks_to_more_than_it_says_takes_no_memory(
    tmp_path: Path, packed: int
) -> None:
    """The directory says 80 kB; what is packed is 200 MB."""
    path, raw = tmp_path / "a.npz", npy(np.zeros(10_000))
    with zipfile.ZipFile(path, "w", packed) as file, file.open("w.npy", "w") as stream:
        stream.write(raw)
        for _ in range(200):
            stream.write(bytes(MEGABYTE))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\x01\x02")
    data[at + 16 : at + 20] = zlib.crc32(raw).to_bytes(4, "little")
    data[at + 24 : at + 28] = len(raw).to_bytes(4, "little")
    path.write_bytes(data)
    tracemalloc.start()
    if packed == zipfile.ZIP_DEFLATED:
        assert not read_arrays(path)["w"].any()
    else:
        with pytest.raises(BundleError, match="found a member that is neither plain nor deflated"):
            read_arrays(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * MEGABYTE


def test_small_numbers_are_bounded_by_what_they_become(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes count as the float64 that they are turned into, over all arrays together."""
    monkeypatch.setattr(arrays, "MAX_BYTES", 10_000)
    np.savez(tmp_path / "a.npz", a=np.zeros(700, "u1"), b=np.zeros(700, "u1"))
    with pytest.raises(BundleError, match="found 11,200 bytes of float64 or more"):
        read_arrays(tmp_path / "a.npz")


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand tiny arrays cost more than their bytes."""
    monkeypatch.setattr(arrays, "MAX_MEMBERS", 2)
    np.savez(tmp_path / "a.npz", a=1.0, b=1.0, c=1.0)
    with pytest.raises(BundleError, match="needed at most 2 arrays"):
        read_arrays(tmp_path / "a.npz")


def test_a_member_twice_is_refused(tmp_path: Path) -> None:
    """Two readers might take two different ones."""
    with (
        warnings.catch_warnings(action="ignore"),
        zipfile.ZipFile(tmp_path / "a.npz", "w") as file,
    ):
        file.writestr("w.npy", npy([1.0]))
        file.writestr("w.npy", npy([2.0]))
    with pytest.raises(BundleError, match=r"'w\.npy': needed members NAME\.npy, each once"):
        read_arrays(tmp_path / "a.npz")


@given(data=st.data())
@ANY_FOLDER
def test_damaged_archives_are_refused_or_read(data: st.DataObject, tmp_path: Path) -> None:
    """Whatever bytes change or go missing, nothing but a BundleError comes out."""
    stream = BytesIO()
    save = data.draw(st.sampled_from([np.savez, np.savez_compressed]))
    save(stream, w=np.arange(12.0).reshape(3, 4), b=np.zeros(3))
    raw = bytearray(stream.getvalue())
    places = st.integers(0, len(raw) - 1)
    for place, byte in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        raw[place] = byte
    path = tmp_path / "a.npz"
    path.write_bytes(raw[: data.draw(places) + 1] if data.draw(st.booleans()) else raw)
    _read_or_refuse(path)


@given(header=st.text(max_size=60) | st.sampled_from(["(" * 9000, "{'descr': '<f8'"]))
@ANY_FOLDER
def test_odd_headers_are_refused_or_read(header: str, tmp_path: Path) -> None:
    """A header is data, whatever Python it spells."""
    _read_or_refuse(archive(tmp_path / "a.npz", w=claims(header.replace("\n", " "))))


def _read_or_refuse(path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):  # NumPy on headers of Python 2
        try:
            found = read_arrays(path)
        except BundleError:
            return
    assert all(np.isfinite(values).all() for values in found.values())


def _peak(path: Path) -> tuple[int, BundleError]:
    tracemalloc.start()
    try:
        with pytest.raises(BundleError) as refusal:
            read_arrays(path)
        return tracemalloc.get_traced_memory()[1], refusal.value
    finally:
        tracemalloc.stop()
