"""Bad models: names, number formats, wiring, ranges."""
# ruff: noqa: E501 - messages stand as the user sees them

import numpy as np

from tests.ingest.drafts import (
    Case,
    Draft,
    added,
    both,
    layer,
    on_spikes,
    renamed,
    samples,
    section,
    swapped,
    top,
)

OWN_NAME = (
    "needed a name of its own, not the model's, the input's or another layer's (upper and lower "
    "case count as the same)"
)

KEYS = "See docs/model-yaml.md for every key."
MEND = "Correct this layer in model.yaml, or its arrays in weights.npz."
FORMAT = "Write [u]fixed<width,integer bits[,rounding[,overflow]]>."
RENAME = "Rename it; the name is used in Verilog, Tcl and file names."
NAME = "a name of at most 48 letters, digits and single underscores, beginning with a letter"
Y = "demo/model.yaml"
L0, L1 = f"{Y}: layers[0] ('enc')", f"{Y}: layers[1] ('enc_lif')"
L4, L5 = f"{Y}: layers[4] ('score')", f"{Y}: layers[5] ('trigger')"

NAMES = [
    Case(
        f"model name {name!r}", renamed(name), f"{Y}: name: needed {NAME}; found {name!r}. {RENAME}"
    )
    for name in (
        "a; rm -rf ~",
        "$(reboot)",
        "`id`",
        "[exec reboot]",
        "a[0]",
        "../demo",
        "a/b",
        "-demo",
        "a\nb",
        "a b",
        "größe",
        "9lives",
        "a__b",
        "a_",
        "_a",
        "a" * 49,
        "demo\n",
    )
] + [
    Case(
        "a word of Verilog",
        renamed("wire"),
        f"{Y}: name: needed a name that is no word of Verilog or VHDL; found 'wire'. Rename it, for "
        "example to 'wire_layer'.",
    ),
    Case(
        "a word of VHDL",
        layer("enc", name="Entity"),
        f"{Y}: layers[0] ('Entity'): name: needed a name that is no word of Verilog or VHDL; found "
        "'Entity'. Rename it, for example to 'Entity_layer'.",
    ),
    Case(
        "a name like a port",
        section("input", name="x_i"),
        f"{Y}: input.name: needed a name that neither ends in _i or _o (ports do) nor begins with "
        "fwgen; found 'x_i'. Rename it.",
    ),
    Case(
        "a name like a cell", renamed("fwgen_hold"), f"{Y}: name: needed a name that neither ends"
    ),
    Case(
        "an input that would be the clock",
        section("input", name="clk"),
        f"{Y}: input.name: needed a name that fwgen does not use itself (clk, events, ready, rst, "
        "valid); found 'clk'. Rename it.",
    ),
    Case("an empty name", renamed(""), f"{Y}: name: needed text of at least 1 character; found"),
    Case(
        "a number as name",
        renamed(5),
        f"{Y}: name: needed text; found 5. If it is meant as text, put it in quotes.",
    ),
    Case(
        "half a surrogate pair",
        swapped("name: demo", r'name: "\ud800"'),
        f"{Y}: name: needed text without surrogate characters; found '\\ud800'. {KEYS}",
    ),
    Case(
        "a name that would colour the terminal",
        swapped("name: enc\n", 'name: "\\e[31m"\n'),
        f"{Y}: layers[0] ('\\x1b[31m'): name: needed {NAME}; found '\\x1b[31m'. {RENAME}",
    ),
    Case(
        "a name twice",
        layer("enc_lif", name="enc"),
        f"{Y}: layers[1] ('enc'): {OWN_NAME}; found 'enc' again. Rename one of the two.",
    ),
    Case(
        "a name twice but for its case",
        layer("enc_lif", name="ENC"),
        f"{Y}: layers[1] ('ENC'): {OWN_NAME}; found 'ENC' again. Rename one of the two.",
    ),
    Case(
        "a layer named as the input",
        layer("enc", name="x"),
        f"{Y}: layers[0] ('x'): {OWN_NAME}; found 'x' again. Rename one of the two.",
    ),
    Case(
        "a layer named as the model",
        layer("enc", name="Demo"),
        f"{Y}: layers[0] ('Demo'): {OWN_NAME}; found 'Demo' again. Rename one of the two.",
    ),
    Case(
        "an input named as the model",
        section("input", name="demo"),
        f"{Y}: input.name: needed another name than the model's; found 'demo'. Rename the input.",
    ),
    Case("a SystemVerilog word", layer("enc", name="checker"), f"{Y}: layers[0] ('checker'): name"),
    Case("a word of the generated top", layer("enc", name="unused"), f"{Y}: layers[0] ('unused')"),
    Case(
        "an input format beyond every detector word",
        section("input", format="ufixed<64,3>"),
        f"{Y}: input.format: needed at most 48 bits, and as many integer bits, an element; "
        "found ufixed<64,3>. No detector word is that wide; choose a narrower format.",
    ),
]

FORMATS = [
    Case(
        "a format that is none",
        section("input", format="int8"),
        f"{Y}: input.format: number format: needed a number format such as "
        f"fixed<16,6,RND_CONV,SAT> or ufixed<8,1>; found 'int8'. {FORMAT}",
    ),
    Case(
        "a format as number",
        section("input", format=8),
        f"{Y}: input.format: needed text; found 8. If it is meant as text, put it in quotes.",
    ),
    Case(
        "AMD's spelling",
        layer("enc", weight_format="ap_fixed<8,1>"),
        f"{L0}: weight_format: number format: needed a number format such as "
        f"fixed<16,6,RND_CONV,SAT> or ufixed<8,1>; found 'ap_fixed<8,1>'. {FORMAT}",
    ),
    Case(
        "width 0",
        layer("enc", weight_format="fixed<0,0>"),
        f"{L0}: weight_format: number format 'fixed<0,0>': needed a width of 1 to 256 bits; found "
        "0. Give a width in that range.",
    ),
    Case(
        "width 300",
        layer("enc", bias_format="fixed<300,4>"),
        f"{L0}: bias_format: number format 'fixed<300,4>': needed a width of 1 to 256 bits; found "
        "300. Give a width in that range.",
    ),
    Case(
        "a binary point far away",
        layer("enc_lif", membrane_format="fixed<8,999>"),
        f"{L1}: membrane_format: number format 'fixed<8,999>': needed integer bits from -256 to "
        "256; found 999. Move the binary point into that range.",
    ),
    Case(
        "an unknown rounding",
        layer("enc_lif", membrane_format="fixed<8,4,NEAREST,SAT>"),
        f"{L1}: membrane_format: number format: needed one of the rounding modes TRN, TRN_ZERO, "
        "RND, RND_ZERO, RND_INF, RND_MIN_INF, RND_CONV; found 'NEAREST'. Use one of these names, "
        "as ap_fixed spells them without AP_.",
    ),
    Case(
        "an unknown overflow mode",
        layer("enc_lif", membrane_format="fixed<8,4,RND,CLIP>"),
        f"{L1}: membrane_format: number format: needed one of the overflow modes WRAP, SAT, "
        "SAT_ZERO, SAT_SYM; found 'CLIP'. Use one of these names, as ap_fixed spells them without "
        "AP_.",
    ),
    Case(
        "a quantise layer without format",
        added(name="q", op="quantise"),
        f"{Y}: layers[6] ('q'): format: needed this key; found nothing. Add it. {KEYS}",
    ),
]


def _spikes(draft: Draft) -> None:
    draft.model["input"] = {"name": "x", "size": 3, "spikes": True}


_INTEGRATORS = both(
    layer("enc_lif", op="li"),
    *(layer("enc_lif", drop=key) for key in ("threshold", "reset", "reset_delay")),
)

_BARE = both(
    *(
        layer("enc_lif", drop=key)
        for key in ("beta", "threshold", "reset", "reset_delay", "membrane_format")
    )
)
_LATENCIES = both(_BARE, layer("enc_lif", op="latency_encoder", silent_zero=True))
_ENCODER = both(_BARE, layer("enc", op="rate_encoder", drop="units"))
_CUBA = layer("enc_lif", op="cuba_lif", alpha=0.5, previous_current=False)

WIRING = [
    Case(
        "a source that is not there",
        layer("dec", from_="membr"),
        f"{Y}: layers[3] ('dec'): from: needed the name of an earlier layer: x, enc, enc_lif, "
        "membrane; found 'membr'. Layers read earlier ones only; put them in that order.",
    ),
    Case(
        "a later source",
        layer("enc", from_="dec"),
        f"{L0}: from: needed the name of an earlier layer: x; found 'dec'. Layers read earlier ones "
        "only; put them in that order.",
    ),
    Case(
        "a layer that reads itself",
        layer("enc", from_="enc"),
        f"{L0}: from: needed the name of an earlier layer: x; found 'enc'. Layers read earlier ones "
        "only; put them in that order.",
    ),
    Case(
        "an error of one vector",
        layer("score", from_=["dec"]),
        f"{L4}: from: needed a list of at least 2 entries; found ['dec']. {KEYS}",
    ),
    Case(
        "an error of three vectors",
        layer("score", from_=["dec", "x", "dec"]),
        f"{L4}: from: needed a list of at most 2 entries; found ['dec', 'x', 'dec']. {KEYS}",
    ),
    Case(
        "an error of vectors of two lengths",
        layer("score", from_=["membrane", "x"]),
        f"{Y}: layer 'score' (squared_error): needed two vectors of the same length; found "
        f"'membrane' with 2 and 'x' with 3 elements. {MEND}",
    ),
    Case(
        "an error of a value a time step",
        layer("score", from_=["membrane", "enc_lif"]),
        f"{Y}: layer 'score' (squared_error): needed values that exist once per event; found one "
        f"with a value per time step. {MEND}",
    ),
    Case(
        "a membrane of no lif layer",
        layer("membrane", from_="enc"),
        f"{Y}: layer 'membrane' (last_membrane): needed to read a lif layer; found 'enc', which is "
        f"none. {MEND}",
    ),
    Case(
        "spikes of no lif layer",
        layer("membrane", op="spike_count", from_="x"),
        f"{Y}: layer 'membrane' (spike_count): needed to read a lif layer; found 'x', which is "
        f"none. {MEND}",
    ),
    Case(
        "the largest membrane of no lif layer",
        layer("membrane", op="maximum", from_="x"),
        f"{Y}: layer 'membrane' (maximum): needed to read a lif layer; found 'x', which is none. "
        f"{MEND}",
    ),
    Case(
        "the first spike of no lif layer",
        layer("membrane", op="first_spike", from_="enc"),
        f"{Y}: layer 'membrane' (first_spike): needed to read a lif layer; found 'enc', which is "
        f"none. {MEND}",
    ),
    Case(
        "an event that is neither numbers nor spikes",
        lambda draft: draft.model["input"].pop("format"),
        f"{Y}: input.format: needed this key; found nothing. Add it, or spikes: true. {KEYS}",
    ),
    Case(
        "spikes with a format",
        section("input", spikes=True),
        f"{Y}: input.format: needed none beside spikes: true, since a spike is one bit; found "
        "ufixed<8,0>. Remove it.",
    ),
    Case(
        "spikes with a scaling",
        both(section("input", spikes=True), lambda draft: draft.model["input"].pop("format")),
        f"{Y}: input.scaling: needed none beside spikes: true, since a spike is one bit; found "
        "scale=0.5 offset=0.0. Remove it.",
    ),
    Case(
        "more spikes than an event may have",
        both(_spikes, section("input", size=4096), top(steps=5)),
        f"{Y}: layer 'x' (input): needed at most 16,384 spikes an event; found 5 time steps of "
        f"4,096. {MEND}",
    ),
    Case(
        "spikes that are none",
        both(on_spikes, samples(toy=np.array([[[0, 1, 0], [1, 0.5, 0], [0, 0, 1]]]))),
        "demo/events.npz: samples 'toy': needed spikes: 0 or 1 for each time step and element; "
        "found 0.5. Store spikes, or read numbers and turn them into spikes with a lif layer.",
    ),
    Case(
        "spikes without their steps",
        both(on_spikes, samples(toy=np.ones((2, 3)))),
        "demo/events.npz: samples 'toy': needed an array of shape (events, 3, 3); found shape "
        "(2, 3). Correct the array, or its entry under samples.",
    ),
    Case(
        "a score of spikes",
        _spikes,
        f"{Y}: layer 'score' (squared_error): needed values that exist once per event; found one "
        f"with a value per time step. {MEND}",
    ),
    Case(
        "a threshold of a rate encoder",
        added(name="r", op="rate_encoder", threshold=2.0),
        f"{Y}: layers[6] ('r'): threshold: needed one of the keys from, name, op; found unknown key "
        "'threshold'.",
    ),
    Case(
        "spikes of a latency encoder read out",
        both(_LATENCIES, layer("membrane", op="spike_count")),
        f"{Y}: layer 'membrane' (spike_count): needed to read a lif layer; found 'enc_lif', which is "
        f"none. {MEND}",
    ),
    Case(
        "latencies of spikes",
        added(name="late", op="latency_encoder", silent_zero=True, from_="enc_lif"),
        f"{Y}: layer 'late' (latency_encoder): needed values that exist once per event; found one "
        f"with a value per time step. {MEND}",
    ),
    Case(
        "a rate of spikes",
        both(_ENCODER, layer("enc_lif", op="rate_encoder")),
        f"{L1}: from: needed a value that exists once per event; found 'enc', which has one value "
        "per time step. It is spikes already, or made of them; read it without an encoder.",
    ),
    Case(
        "a rate encoder with a key",
        both(_ENCODER, layer("enc", threshold=1.0)),
        f"{L0}: threshold: needed",
    ),
    Case(
        "a latency encoder that does not say what 0 is",
        both(_BARE, layer("enc_lif", op="latency_encoder")),
        f"{L1}: silent_zero: needed this key; found nothing. Add it. {KEYS}",
    ),
    Case(
        "spikes of neurons that never fire",
        both(_INTEGRATORS, layer("membrane", op="spike_count")),
        f"{Y}: layer 'membrane' (spike_count): needed a source that has values: of an li layer, "
        "last_membrane, maximum and membrane read the membrane; found 'enc_lif', which never fires. "
        f"{MEND}",
    ),
    Case(
        "a dense layer on neurons that never fire",
        both(_INTEGRATORS, layer("dec", from_="enc_lif")),
        f"{Y}: layer 'dec' (dense): needed a source that has values: of an li layer, "
        "last_membrane, maximum and membrane read the membrane; found 'enc_lif', which never fires. "
        f"{MEND}",
    ),
    Case(
        "a threshold of neurons that never fire",
        both(_INTEGRATORS, layer("enc_lif", threshold=1.0)),
        f"{L1}: threshold: needed",
    ),
    Case(
        "neurons that never fire, without a leak",
        both(_INTEGRATORS, layer("enc_lif", drop="beta")),
        f"{L1}: beta: needed either beta (a constant) or leak_shift (u - (u >> shift)); found "
        "neither. Keep one of the two.",
    ),
    Case(
        "a leak of neurons without a leak",
        layer("enc_lif", op="if"),
        f"{L1}: beta: needed",
    ),
    Case(
        "the membranes of no lif layer",
        layer("membrane", op="membrane", from_="enc"),
        f"{Y}: layer 'membrane' (membrane): needed to read a lif layer; found 'enc', which is "
        f"none. {MEND}",
    ),
    Case(
        "membranes of all steps for something static",
        layer("membrane", op="membrane"),
        f"{Y}: layer 'score' (squared_error): needed values that exist once per event; found one "
        "with a value per time step.",
    ),
    Case(
        "a current that grows",
        both(_CUBA, layer("enc_lif", alpha=1.5)),
        f"{L1}: alpha: needed values from 0 to 1; found 1.5. snnTorch clamps alpha to [0, 1] while "
        "it runs; store the clamped value.",
    ),
    Case(
        "neurons that do not say which current",
        both(_CUBA, layer("enc_lif", drop="previous_current")),
        f"{L1}: previous_current: needed this key; found nothing. Add it. {KEYS}",
    ),
    Case(
        "a layer with the name of a part",
        both(_CUBA, layer("dec", name="Enc_lif_syn"), layer("score", from_=["Enc_lif_syn", "x"])),
        f"{L1}: needed the name 'enc_lif_syn' for a part of the layer 'enc_lif'; found something "
        "else of that name in the file. Rename one of the two.",
    ),
    Case(
        "a part's name that is too long",
        both(_CUBA, layer("enc_lif", name="n" * 46)),
        f"{Y}: layers[1] ('{'n' * 46}'): name: needed a name of at most 48 letters",
    ),
    Case(
        "recurrent weights that are not there",
        layer("enc_lif", recurrent="back"),
        "demo/weights.npz: layer 'enc_lif': needed an array 'back'; found arrays",
    ),
    Case(
        "recurrent weights of another layer's shape",
        layer("enc_lif", recurrent="enc.weight"),
        f"{Y}: layer 'enc_lif' (lif): needed recurrent weights of shape (2, 2), a matrix (to, "
        f"from); found shape (2, 3). {MEND}",
    ),
    Case(
        "a format of recurrent weights that there are none of",
        layer("enc_lif", recurrent_format="fixed<8,2>"),
        f"{L1}: recurrent_format: needed no recurrent_format where there are no recurrent weights; "
        "found 'fixed<8,2>'. Remove it, or name the array under recurrent.",
    ),
    Case(
        "recurrent weights into a current, of another layer's shape",
        both(_CUBA, layer("enc_lif", recurrent="enc.weight")),
        f"{Y}: layer 'enc_lif' (cuba_lif): needed recurrent weights of shape (2, 2), a matrix (to, "
        f"from); found shape (2, 3). {MEND}",
    ),
    Case(
        "a format of recurrent weights into a current that there are none of",
        both(_CUBA, layer("enc_lif", recurrent_format="fixed<8,2>")),
        f"{L1}: recurrent_format: needed no recurrent_format where there are no recurrent weights; ",
    ),
    Case(
        "a current with recurrent weights that is read out",
        both(
            _CUBA,
            layer("enc_lif", recurrent="enc.weight"),
            layer("membrane", **{"from": "enc_lif_syn"}),
        ),
        f"{Y}: layers[2] ('membrane'): from: needed the name of an earlier layer: x, enc, enc_lif; "
        "found 'enc_lif_syn'.",
    ),
    Case(
        "recurrent weights of neurons that never fire",
        both(_INTEGRATORS, layer("enc_lif", recurrent="back")),
        f"{L1}: recurrent: needed",
    ),
    Case(
        "a read-out with a key",
        layer("membrane", op="first_spike", none=7),
        f"{Y}: layers[2]",
    ),
    Case(
        "an unknown output",
        top(outputs=["score", "triggr"]),
        f"{Y}: graph 'demo': outputs: needed names of layers; found 'triggr'. Choose from: enc, "
        "enc_lif, membrane, dec, score, trigger.",
    ),
    Case(
        "an output beside all others",
        top(outputs=["score", "trigger", "extra"]),
        f"{Y}: graph 'demo': outputs: needed names of layers; found 'extra'. Choose from: enc, "
        "enc_lif, membrane, dec, score, trigger.",
    ),
    Case(
        "no output",
        top(outputs=[]),
        f"{Y}: outputs: needed a list of at least 1 entry; found []. {KEYS}",
    ),
    Case(
        "an output twice",
        top(outputs=["score", "trigger", "score"]),
        f"{Y}: outputs: needed names of layers, each once; found 'score' twice. Remove it.",
    ),
    Case(
        "the input as output",
        top(outputs=["score", "trigger", "x"]),
        f"{Y}: outputs: needed names of layers, each once; found 'x', the input. Remove it.",
    ),
    Case(
        "an output a time step",
        top(outputs=["score", "trigger", "enc_lif"]),
        f"{Y}: graph 'demo': outputs: needed values that exist once per event; found 'enc_lif', "
        "which has one value per time step. Put a read-out (last_membrane, maximum, spike_count "
        "or first_spike) behind it.",
    ),
    Case(
        "a layer that nobody reads",
        added(name="idle", op="spike_count", from_="enc_lif"),
        f"{Y}: layer 'idle' (spike_count): needed a layer that reads it, or a place among the "
        f"outputs; found neither. {MEND}",
    ),
    Case(
        "a conversion a time step",
        both(
            added(name="each", op="threshold", from_="enc_lif", value=0.5),
            added(name="late", op="lif", beta=0.5, threshold=1, reset="zero", reset_delay=False),
            added(name="count", op="spike_count"),
            top(outputs=["score", "trigger", "count"]),
        ),
        "layer 'each' (threshold): needed a value that exists once per event as source; found "
        "source 'enc_lif'. Read the spikes or a read-out of a lif layer instead.",
    ),
]

RANGES = [
    Case(
        "a membrane that can wrap",
        both(top(steps=1), layer("enc_lif", membrane_format="fixed<6,1>")),
        f"{Y}: layer 'enc_lif': membrane: needed a format that holds -0.375 to 1.46875, which "
        "inputs and weights can reach; found fixed<6,1>, which would wrap around. Use fixed<7,2>, "
        "or SAT as overflow mode, or name the layer under accept_wrap.",
    ),
    Case(
        "a conversion that can wrap",
        both(
            added(name="short", op="quantise", from_="x", format="ufixed<8,-1>"),
            top(outputs=["score", "trigger", "short"]),
        ),
        f"{Y}: layer 'short': value: needed a format that holds 0 to 0.996094, which inputs and "
        "weights can reach; found ufixed<8,-1>, which would wrap around. Use ufixed<9,0>, or SAT as "
        "overflow mode, or name the layer under accept_wrap.",
    ),
    Case(
        "a wrap accepted where none can be",
        top(accept_wrap=["enc_lif"]),
        f"{Y}: accept_wrap: 'enc_lif': needed the name of a layer whose format can wrap; found no "
        "such layer, or one that the range analysis proves safe. Remove this entry.",
    ),
    Case(
        "a wrap accepted for no layer",
        top(accept_wrap=["nobody"]),
        f"{Y}: accept_wrap: 'nobody': needed the name of a layer whose format can wrap; found no "
        "such layer, or one that the range analysis proves safe. Remove this entry.",
    ),
]
