"""Bad arrays: weights, parameters, sample events."""
# ruff: noqa: E501 - messages stand as the user sees them

import numpy as np

from tests.ingest.drafts import (
    Case,
    after,
    bomb,
    both,
    claims,
    folder_instead,
    instead,
    layer,
    member,
    npy,
    samples,
    section,
    top,
    truncate,
    weights,
)

KEYS = "See docs/model-yaml.md for every key."
SAVEZ = "Write it with numpy.savez(file, **arrays) from plain float arrays."
MEND = "Correct this layer in model.yaml, or its arrays in weights.npz."
Y = "demo/model.yaml"
W = "demo/weights.npz"
L0, L1 = f"{Y}: layers[0] ('enc')", f"{Y}: layers[1] ('enc_lif')"

NAN = np.array([[0.5, np.nan, 0.5], [1.0, 0.5, 0.25]])
INF = np.array([0.125, -np.inf])

ARRAYS = (
    [
        Case(
            "no weights file",
            after(lambda folder: (folder / "weights.npz").unlink()),
            f"{W}: needed an .npz file beside model.yaml; found no such file. {SAVEZ}",
        ),
        Case(
            "a folder named weights.npz",
            folder_instead("weights.npz"),
            f"{W}: needed an .npz file beside model.yaml; found something that is no file. {SAVEZ}",
        ),
    ]
    + [
        Case(
            f"weights in {name!r}",
            top(weights=name),
            f"{Y}: weights: needed the name of an .npz file beside model.yaml, without a folder, of "
            f"letters, digits and . _ -; found {name!r}. Put the file into the bundle's own folder "
            "under such a name.",
        )
        for name in (
            "../weights.npz",
            "/etc/weights.npz",
            "a/weights.npz",
            "weights.h5",
            ".npz",
            "-o.npz",
            "a\0.npz",
            "$(id).npz",
        )
    ]
    + [
        Case(
            "no zip",
            instead("weights.npz", b"hello"),
            f"{W}: needed a readable .npz archive; found File is not a zip file. {SAVEZ}",
        ),
        Case(
            "an empty weights file",
            instead("weights.npz", b""),
            f"{W}: needed a readable .npz archive; found File is not a zip file. {SAVEZ}",
        ),
        Case(
            "a single .npy file",
            instead("weights.npz", npy([1.0])),
            f"{W}: needed a readable .npz archive; found File is not a zip file. {SAVEZ}",
        ),
        Case(
            "half a zip",
            after(truncate),
            f"{W}: needed a readable .npz archive; found File is not a zip file. {SAVEZ}",
        ),
        Case(
            "a member outside the folder",
            member("../../evil.npy", npy([1.0])),
            f"{W}: '../../evil.npy': needed members NAME.npy, each once, without folders; found this "
            f"name. {SAVEZ}",
        ),
        Case(
            "a folder in the zip",
            member("a/b.npy", npy([1.0])),
            f"{W}: 'a/b.npy': needed members NAME.npy, each once, without folders; found this name.",
        ),
        Case(
            "a member that is no array",
            member("notes.txt", b"x"),
            f"{W}: 'notes.txt': needed members NAME.npy, each once, without folders; found this name.",
        ),
        Case(
            "a member of no .npy format",
            member("enc.extra.npy", b"hello"),
            f"{W}: 'enc.extra': needed a plain array of numbers; found ",
        ),
        Case(
            "a zip bomb",
            after(bomb),
            f"{W}: needed at most 4096 arrays and 268,435,456 bytes unpacked; found 1 arrays and "
            "269,484,032 bytes. Ship only the arrays that the model reads.",
        ),
        Case(
            "a header that claims 8 TB",
            member("enc.extra.npy", claims("(1000000, 1000000)")),
            f"{W}: 'enc.extra': needed 8,000,000,000,000 bytes for float64 of shape (1000000, "
            f"1000000); found 8 bytes. {SAVEZ}",
        ),
        Case(
            "a negative shape",
            member("enc.extra.npy", claims("(-1, -1)")),
            f"{W}: 'enc.extra': needed 8 bytes for float64 of shape (-1, -1); found 8 bytes. {SAVEZ}",
        ),
        Case(
            "a header that is code",
            member("enc.extra.npy", claims("__import__('os').getpid()")),
            f"{W}: 'enc.extra': needed a plain array of numbers; found ",
        ),
        Case(
            "pickled objects",
            member("enc.extra.npy", npy(np.array([{}], dtype=object), pickled=True)),
            f"{W}: 'enc.extra': needed a plain array of numbers; found pickled objects. {SAVEZ}",
        ),
        Case(
            "complex weights",
            weights(enc__weight=np.ones((2, 3)) * 1j),
            f"{W}: 'enc.weight': needed real numbers; found elements of type complex128. {SAVEZ}",
        ),
        Case(
            "weights as text",
            weights(enc__weight=np.array([["a"]])),
            f"{W}: 'enc.weight': needed real numbers; found elements of type <U1. {SAVEZ}",
        ),
        Case(
            "dates",
            weights(enc__bias=np.array(["2026-01-01"], dtype="datetime64[D]")),
            f"{W}: 'enc.bias': needed real numbers; found elements of type datetime64[D]. {SAVEZ}",
        ),
        Case(
            "a NaN",
            weights(enc__weight=NAN),
            f"{W}: 'enc.weight'[0, 1]: needed finite numbers; found nan. Look for a diverged training "
            "or a division by zero.",
        ),
        Case(
            "an infinity",
            weights(enc__bias=INF),
            f"{W}: 'enc.bias'[1]: needed finite numbers; found -inf. Look for a diverged training or a "
            "division by zero.",
        ),
        *(
            Case(
                f"weights of shape {shape}",
                weights(enc__weight=np.ones(shape)),
                f"{W}: 'enc.weight': needed a matrix (units, inputs) of 1 to 4096 units; found shape "
                f"{shape}. Store it as y = W x + b needs it; Keras kernels must be transposed.",
            )
            for shape in ((6,), (2, 3, 1), (), (0, 3), (5000, 3))
        ),
        Case(
            "a transposed matrix",
            both(weights(enc__weight=np.ones((3, 2))), layer("enc", drop="units")),
            f"{Y}: layer 'enc' (dense): needed a weight of shape (outputs, 3), since 'x' has 3 "
            "elements; found shape (3, 2), which looks transposed (Keras stores inputs first). "
            f"{MEND}",
        ),
        Case(
            "a bias of the wrong length",
            weights(enc__bias=np.ones(3)),
            f"{Y}: layer 'enc' (dense): needed a bias of shape (2,); found shape (3,). {MEND}",
        ),
        Case(
            "units that are not the matrix's",
            layer("enc", units=5),
            f"{L0}: units: needed 2, the rows of 'enc.weight'; found 5. Correct units or leave it out; if the array is a Keras kernel, transpose it.",
        ),
        Case(
            "a missing array",
            weights(enc__bias=None),
            f"{W}: layer 'enc': needed an array 'enc.bias'; found arrays dec.bias, dec.weight, "
            "enc.weight. Add the array, or correct the layer's name.",
        ),
        Case(
            "an array that no layer reads",
            weights(enc2__weight=np.ones((2, 2))),
            f"{W}: needed only arrays that a layer of model.yaml reads; found 'enc2.weight', which no "
            "layer reads. Describe the layer in model.yaml, or remove the array.",
        ),
        Case(
            "an array for a layer without bias",
            layer("enc", bias=False),
            f"{W}: needed only arrays that a layer of model.yaml reads; found 'enc.bias', which no "
            "layer reads. Describe the layer in model.yaml, or remove the array.",
        ),
        Case(
            "a threshold a neuron that is not there",
            layer("enc_lif", threshold="enc_lif.threshold"),
            f"{W}: layer 'enc_lif': needed an array 'enc_lif.threshold'; found arrays dec.bias, "
            "dec.weight, enc.bias, enc.weight. Add the array, or give a number without quotes.",
        ),
        Case(
            "three thresholds for two neurons",
            both(layer("enc_lif", threshold="thr"), weights(thr=np.ones(3))),
            f"{Y}: layer 'enc_lif' (lif): needed one threshold, or one for each of the 2 neurons; found "
            f"shape (3,). {MEND}",
        ),
        Case(
            "three betas for two neurons",
            both(layer("enc_lif", beta="leak"), weights(leak=np.full(3, 0.5))),
            f"{Y}: layer 'enc_lif' (lif): needed one beta, or one for each of the 2 neurons; found "
            f"shape (3,). {MEND}",
        ),
    ]
)

PARAMETERS = [
    Case(
        "a weight outside its type",
        layer("enc", weight_format="fixed<8,0>"),
        f"{Y}: layer 'enc' (dense): weight[1, 0]: needed values from -0.5 to 0.496094, the range of "
        "fixed<8,0>; found 1. Use fixed<10,2> (parameters never saturate or wrap), or retrain with "
        "a clipped weight.",
    ),
    Case(
        "a bias outside its type",
        both(weights(enc__bias=np.array([3.0, 0.0])), layer("enc", bias_format="fixed<8,2>")),
        f"{Y}: layer 'enc' (dense): bias[0]: needed values from -2 to 1.98438, the range of "
        "fixed<8,2>; found 3. Use fixed<9,3> (parameters never saturate or wrap), or retrain with a "
        "clipped bias.",
    ),
    Case(
        "a threshold outside its type, saturating or not",
        layer("enc_lif", threshold=10, threshold_format="fixed<8,2,RND,SAT>"),
        f"{Y}: layer 'enc_lif' (lif): threshold: needed values from -2 to 1.98438, the range of "
        "fixed<8,2,RND,SAT>; found 10. Use fixed<11,5,RND,SAT> (parameters never saturate or wrap), "
        "or retrain with a clipped threshold.",
    ),
    Case(
        "a beta outside its type",
        layer("enc_lif", beta=1.0, beta_format="ufixed<8,0>"),
        f"{Y}: layer 'enc_lif' (lif): beta: needed values from 0 to 0.996094, the range of "
        "ufixed<8,0>; found 1. Use ufixed<9,1> (parameters never saturate or wrap), or retrain with "
        "a clipped beta.",
    ),
    Case(
        "a trigger value outside its type",
        layer("trigger", value=-1, value_format="ufixed<8,4>"),
        f"{Y}: layer 'trigger' (threshold): value: needed values from 0 to 15.9375, the range of "
        "ufixed<8,4>; found -1.",
    ),
    Case(
        "weights beyond every type",
        weights(enc__weight=np.full((2, 3), 1e100)),
        f"{Y}: layer 'enc' (dense): number format 'fixed<8,257,RND_CONV>': needed integer bits from "
        "-256 to 256; found 257. Move the binary point into that range.",
    ),
    Case(
        "a threshold beyond every type",
        layer("enc_lif", threshold=1e100),
        f"{Y}: layer 'enc_lif' (lif): number format ",
    ),
    Case(
        "beta 1.5",
        layer("enc_lif", beta=1.5),
        f"{L1}: beta: needed values from 0 to 1; found 1.5. snnTorch clamps beta to [0, 1] while it "
        "runs; store the clamped value.",
    ),
    Case(
        "a beta below 0 in an array",
        both(layer("enc_lif", beta="leak"), weights(leak=np.array([0.5, -0.1]))),
        f"{L1}: beta: needed values from 0 to 1; found -0.1. snnTorch clamps beta to [0, 1] while "
        "it runs; store the clamped value.",
    ),
    Case(
        "beta as yes or no",
        layer("enc_lif", beta=True),
        f"{L1}: beta: needed a number, or the name of an array in the weights file; found True.",
    ),
    Case(
        "a threshold that is no number",
        layer("enc_lif", threshold=float("nan")),
        f"{L1}: threshold: needed a finite number; found nan. {KEYS}",
    ),
    Case(
        "both beta and leak_shift",
        layer("enc_lif", leak_shift=3),
        f"{L1}: beta: needed either beta (a constant) or leak_shift (u - (u >> shift)); found both. "
        "Keep one of the two.",
    ),
    Case(
        "neither beta nor leak_shift",
        layer("enc_lif", drop="beta"),
        f"{L1}: beta: needed either beta (a constant) or leak_shift (u - (u >> shift)); found "
        "neither. Keep one of the two.",
    ),
    Case(
        "beta_format beside leak_shift",
        layer("enc_lif", drop="beta", leak_shift=3, beta_format="ufixed<8,0>"),
        f"{L1}: beta_format: needed no beta_format beside leak_shift, which has no constant; found "
        "'ufixed<8,0>'. Remove it.",
    ),
    Case(
        "leak_shift 0",
        layer("enc_lif", drop="beta", leak_shift=0),
        f"{L1}: leak_shift: needed a number of at least 1; found 0. {KEYS}",
    ),
    Case(
        "no threshold",
        layer("enc_lif", drop="threshold"),
        f"{L1}: threshold: needed this key; found nothing. Add it. {KEYS}",
    ),
    Case(
        "no reset",
        layer("enc_lif", drop="reset"),
        f"{L1}: reset: needed this key; found nothing. Add it: subtract or zero or none. {KEYS}",
    ),
    Case(
        "an unknown reset",
        layer("enc_lif", reset="hard"),
        f"{L1}: reset: needed 'subtract', 'zero' or 'none'; found hard. {KEYS}",
    ),
    Case(
        "no reset_delay",
        layer("enc_lif", drop="reset_delay"),
        f"{L1}: reset_delay: needed this key; found nothing. Add it. {KEYS}",
    ),
]

SAMPLES = [
    Case(
        "no sample file",
        after(lambda folder: (folder / "events.npz").unlink()),
        f"demo/events.npz: needed an .npz file beside model.yaml; found no such file. {SAVEZ}",
    ),
    Case(
        "a sample file elsewhere",
        section("samples", file="../events.npz"),
        f"{Y}: samples.file: needed the name of an .npz file beside model.yaml, without a folder,",
    ),
    Case(
        "no such sample array",
        samples(other=np.ones((2, 3))),
        "demo/events.npz: samples 'toy': needed an array of shape (events, 3); found no such array. "
        "Correct the array, or its entry under samples.",
    ),
    Case(
        "samples of another size",
        samples(toy=np.ones((2, 4))),
        "demo/events.npz: samples 'toy': needed an array of shape (events, 3); found shape (2, 4). "
        "Correct the array, or its entry under samples.",
    ),
    Case(
        "no events",
        samples(toy=np.ones((0, 3))),
        "demo/events.npz: samples 'toy': needed an array of shape (events, 3); found shape (0, 3). "
        "Correct the array, or its entry under samples.",
    ),
    Case(
        "samples that scaling makes infinite",
        both(samples(toy=np.full((1, 3), 1e300)), section("input", scaling={"scale": 1e300})),
        "demo/events.npz: samples 'toy': needed finite numbers after scaling; found inf. Correct "
        "input.scaling, or the array.",
    ),
    Case(
        "an unknown kind",
        section("samples", sets=[{"array": "toy", "kind": "data", "source": ""}]),
        f"{Y}: samples.sets[0].kind: needed 'toy', 'simulation' or 'collision data'; found data. "
        f"{KEYS}",
    ),
    Case(
        "no sets",
        section("samples", sets=[]),
        f"{Y}: samples.sets: needed a list of at least 1 entry; found []. {KEYS}",
    ),
]
