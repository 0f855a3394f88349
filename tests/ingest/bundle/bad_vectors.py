"""Bad layers of dense networks: their keys, their arrays, what they read."""
# ruff: noqa: E501 - messages stand as the user sees them

import numpy as np

from fwgen.ir.nodes import FUNCTIONS
from tests.ingest.drafts import Case, Change, added, both, layer, top, weights

KEYS = "See docs/model-yaml.md for every key."
MEND = "Correct this layer in model.yaml, or its arrays in weights.npz."
Y, W = "demo/model.yaml", "demo/weights.npz"
NEW = f"{Y}: layers[6] ('last')"


def new(*changes: Change, **keys: object) -> Change:
    """A seventh layer ``last``, among the outputs."""
    names = top(outputs=["score", "trigger", "last"])
    return both(added(name="last", **keys), names, *changes)


def norm(**arrays: object) -> Change:
    """A batch normalisation of three elements, some of its arrays replaced."""
    every = {"mean": np.zeros(3), "variance": np.ones(3), "gamma": np.ones(3), "beta": np.ones(3)}
    named = {f"last__{key}": value for key, value in (every | arrays).items()}
    return new(weights(**named), op="batch_norm", epsilon=0.001, from_="dec")


KINDS = "'sigmoid', 'tanh', 'exp', 'log', 'sqrt', 'rsqrt', 'square', 'reciprocal', 'softplus' or 'custom'"
SIZES = "needed shape (size,), the same for gamma, beta, mean and variance; found"
VECTORS = [
    Case(
        "a batch normalisation without epsilon",
        new(op="batch_norm"),
        f"{NEW}: epsilon: needed this key; found nothing. Add it. {KEYS}",
    ),
    Case(
        "a negative epsilon",
        new(op="batch_norm", epsilon=-1),
        f"{NEW}: epsilon: needed a number of at least 0; found -1. {KEYS}",
    ),
    Case(
        "a batch normalisation without moments",
        norm(variance=None),
        f"{W}: layer 'last': needed an array 'last.variance'; found arrays dec.bias, dec.weight, enc.bias, enc.weight, last.beta, last.gamma, last.mean. Add the array, or correct the layer's name.",
    ),
    Case(
        "moments of two lengths",
        norm(variance=np.ones(2)),
        f"{W}: 'last.variance': {SIZES} shape (2,). Store one number for each element.",
    ),
    Case(
        "a matrix of moments",
        norm(mean=np.zeros((3, 1))),
        f"{W}: 'last.mean': {SIZES} shape (3, 1). Store one number for each element.",
    ),
    Case(
        "a variance that is none",
        norm(variance=np.array([1.0, -0.5, 1.0])),
        f"{W}: 'last.variance': needed variance + epsilon above 0; found -0.499. Store the moving variance, and the epsilon that the framework used.",
    ),
    Case(
        "a gamma that explodes",
        norm(gamma=np.full(3, 1e300), mean=np.full(3, 1e300)),
        f"{W}: layer 'last': needed finite gamma / sqrt(variance + epsilon) and beta - mean * that; found an infinite one. Look for a diverged training.",
    ),
    Case(
        "a gamma that is switched off",
        both(norm(), lambda draft: draft.layer("last").update(gamma=False)),
        f"{W}: needed only arrays that a layer of model.yaml reads; found 'last.gamma', which no layer reads. Describe the layer in model.yaml, or remove the array.",
    ),
    Case(
        "normalisation of another length",
        both(norm(), lambda draft: draft.layer("last").update({"from": "enc"})),
        f"{Y}: layer 'last' (batch_norm): needed scale of shape (2,); found shape (3,). {MEND}",
    ),
    Case(
        "a scale outside its type",
        both(norm(), lambda draft: draft.layer("last").update(scale_format="fixed<4,0>")),
        f"{Y}: layer 'last' (batch_norm): scale[0]: needed values from -0.5 to 0.4375, the range of fixed<4,0>; found 0.9995. Use fixed<5,1> (parameters never saturate or wrap), or retrain with a clipped scale.",
    ),
    Case(
        "a relu with a key of its own",
        new(op="relu", alpha=0.5),
        f"{NEW}: alpha: needed one of the keys from, name, op; found unknown key 'alpha'. {KEYS}",
    ),
    Case(
        "a leaky relu without slope",
        new(op="leaky_relu"),
        f"{NEW}: alpha: needed this key; found nothing. Add it. {KEYS}",
    ),
    Case(
        "a slope that is no array",
        new(op="leaky_relu", alpha="slopes"),
        f"{W}: layer 'last': needed an array 'slopes'; found arrays dec.bias, dec.weight, enc.bias, enc.weight. Add the array, or give a number without quotes.",
    ),
    Case(
        "two slopes for three elements",
        new(weights(slopes=np.ones(2)), op="leaky_relu", alpha="slopes", from_="dec"),
        f"{Y}: layer 'last' (leaky_relu): needed one alpha, or one for each of the 3 elements; found shape (2,). {MEND}",
    ),
    Case(
        "a slope outside its type",
        new(op="leaky_relu", alpha=1.5, alpha_format="fixed<4,1>", from_="dec"),
        f"{Y}: layer 'last' (leaky_relu): alpha: needed values from -1 to 0.875, the range of fixed<4,1>; found 1.5.",
    ),
    Case(
        "an unknown function",
        new(op="table", function="gelu", format="fixed<8,4>"),
        f"{NEW}: function: needed {KINDS}; found gelu. {KEYS}",
    ),
    Case(
        "a table without format",
        new(op="table", function="exp"),
        f"{NEW}: format: needed this key; found nothing. Add it. {KEYS}",
    ),
    Case(
        "a first entry of a function by name",
        new(op="table", function="exp", format="fixed<8,4>", first=0),
        f"{NEW}: first: needed no first beside a function known by name; found 0. Remove it.",
    ),
    Case(
        "a custom table without first entry",
        new(op="table", function="custom", format="fixed<8,4>"),
        f"{NEW}: first: needed the input that the first entry of the table stands for; found nothing. Add it. {KEYS}",
    ),
    Case(
        "a custom table without table",
        new(op="table", function="custom", format="fixed<8,4>", first=0),
        f"{W}: layer 'last': needed an array 'last.table'; found arrays dec.bias, dec.weight, enc.bias, enc.weight. Add the array, or correct the layer's name.",
    ),
    Case(
        "a custom table on a grid that fwgen chooses",
        new(
            weights(last__table=np.ones(4)),
            op="table",
            function="custom",
            format="fixed<8,4>",
            first=0,
        ),
        f"{Y}: layer 'last' (table): needed a source whose format the model gives (input, quantise or table), since a custom table has one entry for each of its numbers; found 'trigger' (threshold). {MEND}",
    ),
    Case(
        "a table of an input that is too wide",
        new(op="table", function="exp", format="fixed<8,4,RND,SAT>", from_="dec"),
        f"{Y}: layer 'last' (table): needed at most 16,384 different inputs, one entry each; found ",
    ),
    Case(
        "a logarithm of nothing",
        new(op="table", function="log", format="fixed<8,4,RND,SAT>", from_="x"),
        f"{Y}: layer 'last' (table): log(0): needed a finite value of less than 256 bits for every input from 0 to 0.996094; found none. Put a quantise layer in front, or an addition, that keeps this input away.",
    ),
    Case(
        "a table of spikes",
        new(op="table", function="exp", format="fixed<8,4,RND,SAT>", from_="enc_lif"),
        f"{Y}: layer 'last' (table): needed a value that exists once per event; found one with a value per time step. {MEND}",
    ),
    Case(
        "a joint of nothing",
        new(op="concat", from_=[]),
        f"{NEW}: from: needed a list of at least 1 entry; found []. {KEYS}",
    ),
    Case(
        "a joint of one name",
        new(op="concat", from_="dec"),
        f"{NEW}: from: needed a list; found dec. {KEYS}",
    ),
    Case(
        "a joint of something else",
        new(op="concat", from_=["dec", "nothing"]),
        f"{NEW}: from: needed the name of an earlier layer: x, enc, enc_lif, membrane, dec, score, trigger; found 'nothing'. Layers read earlier ones only; put them in that order.",
    ),
    Case(
        "a joint of spikes and numbers",
        new(op="concat", from_=["enc_lif", "dec"]),
        f"{Y}: layer 'last' (concat): needed sources that all exist once per event, or all once per time step; found 'dec' once per event and 'enc_lif' once per time step. {MEND}",
    ),
    Case(
        "a slice without end",
        new(op="slice", start=1),
        f"{NEW}: stop: needed this key; found nothing. Add it. {KEYS}",
    ),
    Case(
        "a slice beyond the end",
        new(op="slice", start=1, stop=4, from_="dec"),
        f"{Y}: layer 'last' (slice): needed 0 <= start < stop <= 3, the elements of 'dec'; found start 1 and stop 4. {MEND}",
    ),
    Case(
        "a slice beyond every vector",
        new(op="slice", stop=16385),
        f"{NEW}: stop: needed a number of at most 16384; found 16385. {KEYS}",
    ),
    Case(
        "a slice from behind",
        new(op="slice", start=-1, stop=2),
        f"{NEW}: start: needed a number of at least 0; found -1. {KEYS}",
    ),
    *(
        Case(
            f"{op} of one vector",
            new(op=op, from_=["dec"]),
            f"{NEW}: from: needed a list of at least 2 entries; found ['dec']. {KEYS}",
        )
        for op in ("add", "subtract", "multiply")
    ),
    Case(
        "a sum of two lengths",
        new(op="add", from_=["dec", "enc"]),
        f"{Y}: layer 'last' (add): needed two vectors of the same length; found 'dec' with 3 and 'enc' with 2 elements. {MEND}",
    ),
    Case(
        "a product of spikes",
        new(op="multiply", from_=["enc_lif", "enc_lif"]),
        f"{Y}: layer 'last' (multiply): needed values that exist once per event; found one with a value per time step. {MEND}",
    ),
    Case(
        "a divergence of two vectors",
        new(op="kl_divergence", from_=["dec", "dec"]),
        f"{NEW}: from: needed a list of at least 3 entries; found ['dec', 'dec']. {KEYS}",
    ),
    Case(
        "a divergence of two lengths",
        new(op="kl_divergence", from_=["dec", "enc", "x"]),
        f"{Y}: layer 'last' (kl_divergence): needed 3 vectors of the same length; found 'dec' with 3, 'enc' with 2 and 'x' with 3 elements. {MEND}",
    ),
    Case(
        "thresholds that are no array",
        layer("trigger", value="cuts"),
        f"{W}: layer 'trigger': needed an array 'cuts'; found arrays dec.bias, dec.weight, enc.bias, enc.weight. Add the array, or give a number without quotes.",
    ),
    Case(
        "two thresholds for one score",
        both(layer("trigger", value="cuts"), weights(cuts=np.ones(2))),
        f"{Y}: layer 'trigger' (threshold): needed one value; found shape (2,). {MEND}",
    ),
    Case(
        "an accumulator that rounds",
        layer("enc", weight_format="fixed<8,2>", accumulator_format="fixed<20,8>"),
        f"{Y}: layer 'enc' (dense): accumulator: needed at least 14 fraction bits, those of the products and the bias; found fixed<20,8> with 12, which would round every product. Use fixed<22,8>, or leave accumulator_format out: sums are then as wide as needed.",
    ),
    Case(
        "an accumulator that saturates on the way",
        layer("enc", weight_format="fixed<8,2>", accumulator_format="fixed<15,1,RND,SAT>"),
        f"{Y}: layer 'enc' (dense): accumulator: needed a saturating accumulator that holds -0.498047 to 1.74316, which partial sums can reach in some order; found fixed<15,1,RND,SAT>. Use fixed<16,2,RND,SAT>, or leave accumulator_format out.",
    ),
    Case(
        "an accumulator that wraps around",
        layer("enc", weight_format="fixed<8,2>", accumulator_format="fixed<15,1>"),
        f"{Y}: layer 'enc': accumulator: needed a format that holds -0.373047 to 1.49316, which inputs and weights can reach; found fixed<15,1>, which would wrap around. Use fixed<16,2>, or leave accumulator_format out, or name the layer under accept_wrap.",
    ),
    Case(
        "squares without end",
        both(
            *(
                added(name=f"m{k}", op="multiply", from_=[f"m{k - 1}" if k else "x"] * 2)
                for k in range(30)
            ),
            top(outputs=["score", "trigger", "m29"]),
        ),
        f"{Y}: layer 'm7' (multiply): needed values of at most 1024 bits, and as many fraction bits; found 2048. Put a quantise layer in front of it.",
    ),
    Case(
        "joints without end",
        both(
            *(
                added(name=f"c{k}", op="concat", from_=[f"c{k - 1}" if k else "x"] * 9)
                for k in range(30)
            ),
            top(outputs=["score", "trigger", "c29"]),
        ),
        f"{Y}: layer 'c3' (concat): needed 1 to 16,384 elements together; found 19,683. {MEND}",
    ),
]
assert all(f"'{function}'" in KINDS for function in FUNCTIONS)
