"""Number formats: text form, limits, messages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fwgen.errors import FormatError
from fwgen.ir.fixed import MAX_WIDTH, Fixed, Overflow, Rounding

FORMATS = st.builds(
    Fixed,
    signed=st.booleans(),
    width=st.integers(2, MAX_WIDTH),
    integer=st.integers(-MAX_WIDTH, MAX_WIDTH),
    rounding=st.sampled_from(Rounding),
    overflow=st.sampled_from(Overflow),
)


@settings(deadline=None)
@given(FORMATS)
def test_text_round_trip(fmt: Fixed) -> None:
    """A format's text is read back as the same format."""
    assert Fixed.parse(str(fmt)) == fmt


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fixed<16,6>", "fixed<16,6>"),
        ("fixed<16,6,TRN,WRAP>", "fixed<16,6>"),
        ("ufixed<8,1,RND>", "ufixed<8,1,RND>"),
        ("fixed<8,1,TRN,SAT>", "fixed<8,1,TRN,SAT>"),
        ("  fixed< 9 , -3 , RND_CONV , SAT_SYM >  ", "fixed<9,-3,RND_CONV,SAT_SYM>"),
        ("ufixed<1,12>", "ufixed<1,12>"),
    ],
)
def test_text_is_the_shortest(text: str, shown: str) -> None:
    """Spaces are allowed when reading; default modes are left out when writing."""
    assert str(Fixed.parse(text)) == shown


@settings(deadline=None)
@given(FORMATS)
def test_numbers_of_a_format(fmt: Fixed) -> None:
    """There are 2**width integers, symmetric about zero for signed ones but for one."""
    assert fmt.hi - fmt.lo + 1 == 2**fmt.width
    assert fmt.lo == (-fmt.hi - 1 if fmt.signed else 0)
    assert fmt.frac + fmt.integer == fmt.width


@settings(deadline=None)
@given(st.integers(-(2**90), 2**90), st.integers(-(2**90), 2**90), st.integers(-50, 50))
def test_holding_is_the_narrowest(a: int, b: int, frac: int) -> None:
    """The format holds both ends, and no narrower one of its sign does."""
    lo, hi = min(a, b), max(a, b)
    fmt = Fixed.holding(lo, hi, frac)
    assert fmt.frac == frac
    assert fmt.holds(lo, hi)
    assert fmt.signed == (lo < 0)
    if fmt.width > 1:
        assert not Fixed(fmt.signed, fmt.width - 1, fmt.width - 1).holds(lo, hi)


def test_symmetric_formats_lack_their_lowest_integer() -> None:
    """A signed SAT_SYM format holds -hi, not lo; an unsigned one holds all of its integers."""
    symmetric = Fixed.parse("fixed<4,4,TRN,SAT_SYM>")
    assert symmetric.holds(-7, 7)
    assert not symmetric.holds(-8, 7)
    assert Fixed.parse("fixed<4,4,TRN,SAT>").holds(-8, 7)
    assert Fixed.parse("ufixed<4,4,TRN,SAT_SYM>").holds(0, 15)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "ap_fixed<16,6>",
            (
                "layer 'a': needed a number format such as fixed<16,6,RND_CONV,SAT> or "
                "ufixed<8,1>; found 'ap_fixed<16,6>'. "
                "Write [u]fixed<width,integer bits[,rounding[,overflow]]>."
            ),
        ),
        (
            "fixed<16,6,AP_RND>",
            (
                "layer 'a': needed one of the rounding modes TRN, TRN_ZERO, RND, RND_ZERO, "
                "RND_INF, RND_MIN_INF, RND_CONV; found 'AP_RND'. "
                "Use one of these names, as ap_fixed spells them without AP_."
            ),
        ),
        (
            "fixed<16,6,RND,CLIP>",
            (
                "layer 'a': needed one of the overflow modes WRAP, SAT, SAT_ZERO, SAT_SYM; "
                "found 'CLIP'. Use one of these names, as ap_fixed spells them without AP_."
            ),
        ),
        (
            "fixed<0,0>",
            (
                "number format 'fixed<0,0>': needed a width of 1 to 256 bits; found 0. "
                "Give a width in that range."
            ),
        ),
        (
            "ufixed<257,0>",
            (
                "number format 'ufixed<257,0>': needed a width of 1 to 256 bits; found 257. "
                "Give a width in that range."
            ),
        ),
        (
            "fixed<8,-257>",
            (
                "number format 'fixed<8,-257>': needed integer bits from -256 to 256; found -257. "
                "Move the binary point into that range."
            ),
        ),
        (
            "fixed<1,1,TRN,SAT_SYM>",
            (
                "number format 'fixed<1,1,TRN,SAT_SYM>': needed at least 2 bits for a signed "
                "SAT_SYM format; found 1 bit, whose only symmetric value is 0. "
                "Use a wider format or SAT."
            ),
        ),
    ],
)
def test_messages(text: str, message: str) -> None:
    """A format that cannot be is refused with what was needed, what was found and what to do."""
    with pytest.raises(FormatError) as caught:
        Fixed.parse(text, "layer 'a'")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text", ["", "fixed", "fixed<8>", "fixed<8,3", "fixed<8.0,3>", "fixed<8,3,RND,SAT,4>", "x" * 99]
)
def test_no_format(text: str) -> None:
    """Whatever is not a number format is refused; long texts are cut."""
    with pytest.raises(FormatError) as caught:
        Fixed.parse(text)
    assert len(caught.value.found) <= 82
