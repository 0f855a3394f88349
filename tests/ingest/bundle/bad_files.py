"""Bad model.yaml files: the file, its YAML, its keys and their types."""

from tests.ingest.drafts import (
    Case,
    after,
    folder_instead,
    layer,
    section,
    swapped,
    text,
    top,
    without,
)

KEYS = "See docs/model-yaml.md for every key."
OPS = (
    "add, argmax, batch_norm, concat, cuba_lif, dense, first_spike, if, kl_divergence, "
    "last_membrane, latency_encoder, leaky_relu, li, lif, maximum, membrane, multiply, quantise, "
    "rate_encoder, reduce_max, reduce_min, relu, reshape, slice, spike_count, squared_error, "
    "subtract, sum_squares, table, threshold, transpose"
)
Y = "demo/model.yaml"
L0, L1 = f"{Y}: layers[0] ('enc')", f"{Y}: layers[1] ('enc_lif')"

LAUGHS = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
FILES = [
    Case(
        "a folder without model.yaml",
        after(lambda folder: (folder / "model.yaml").unlink()),
        f"{Y}: needed a model.yaml file; found no such file. Give the path of a bundle's "
        "model.yaml, for example models/snn_ae/model.yaml.",
    ),
    Case(
        "a folder named model.yaml",
        folder_instead("model.yaml"),
        f"{Y}: needed a model.yaml file; found something that is no file.",
    ),
    Case(
        "an empty file", text(""), f"{Y}: needed a mapping of keys to values; found nothing. {KEYS}"
    ),
    Case("only a comment", text("# nothing\n"), f"{Y}: needed a mapping of keys to values; found"),
    Case(
        "bytes that are no UTF-8",
        text(b"fwgen: 1\nname: \xff\n"),
        f"{Y}: needed a readable UTF-8 text file; found 'utf-8' codec can't decode byte 0xff in "
        f"position 15: invalid start byte. {KEYS}",
    ),
    Case(
        "a control character",
        text("fwgen: 1\nname: a\x00b\n"),
        f"{Y}:2: needed plain YAML; found the character U+0000. Correct this line.",
    ),
    Case(
        "more than 1 MB",
        text("# " + "x" * 1_000_000),
        f"{Y}: needed at most 1,000,000 bytes; found more. Keep arrays in weights.npz; model.yaml "
        "describes the network only.",
    ),
]

YAML = [
    Case(
        "a YAML mistake",
        text("fwgen: 1\nname: [demo\nsteps: 3\n"),
        f"{Y}:3: needed plain YAML; found expected ',' or ']', but got ':'. Correct this line.",
    ),
    Case(
        "a tab",
        text("fwgen: 1\ninput:\n\tname: x\n"),
        f"{Y}:3: needed plain YAML; found character '\\t' that cannot start any token. "
        "Correct this line.",
    ),
    Case(
        "a tag that would run code",
        text("fwgen: !!python/object/apply:os.system ['true']\n"),
        f"{Y}:1: needed plain YAML; found tags are not allowed: "
        "tag:yaml.org,2002:python/object/apply:os.system. Correct this line.",
    ),
    Case(
        "a harmless tag",
        text("fwgen: !!int 1\n"),
        f"{Y}:1: needed plain YAML; found tags are not allowed: tag:yaml.org,2002:int. "
        "Correct this line.",
    ),
    Case(
        "aliases that multiply",
        text(LAUGHS),
        f"{Y}:2: needed plain YAML; found aliases are not allowed. Correct this line.",
    ),
    Case(
        "a key twice",
        swapped("steps: 3\n", "steps: 3\nsteps: 4\n"),
        f"{Y}:4: needed plain YAML; found key 'steps' stands twice. Correct this line.",
    ),
    Case(
        "a key twice in a layer",
        swapped("op: dense\n", "op: dense\n  op: lif\n"),
        f"{Y}:15: needed plain YAML; found key 'op' stands twice. Correct this line.",
    ),
    Case(
        "a key that is no text",
        swapped("steps: 3\n", "5: 3\n"),
        f"{Y}:3: needed plain YAML; found key 5 is no plain text. Text with a comma inside "
        "{}, such as a number format, needs quotes.",
    ),
    Case(
        "a list as key",
        swapped("steps: 3\n", "[a, b]: 3\n"),
        f"{Y}:3: needed plain YAML; found key ['a', 'b'] is no plain text. Text with a comma "
        "inside {}, such as a number format, needs quotes.",
    ),
    Case(
        "a list at the top",
        text("- fwgen: 1\n"),
        f"{Y}: needed a mapping of keys to values; found list. {KEYS}",
    ),
    Case(
        "a word at the top",
        text("hello\n"),
        f"{Y}: needed a mapping of keys to values; found str. {KEYS}",
    ),
    Case(
        "two documents",
        swapped("name: demo\n", "name: demo\n---\n"),
        f"{Y}:3: needed plain YAML; found but found another document. Correct this line.",
    ),
    Case(
        "brackets without end",
        text("a: " + "[" * 100_000),
        f"{Y}:1: needed plain YAML; found nested deeper than 16 levels. Correct this line.",
    ),
    Case(
        "an integer of 5,000 digits",
        text("fwgen: " + "9" * 5000),
        f"{Y}:1: needed plain YAML; found Exceeds the limit (4300",
    ),
]

SCHEMA = [
    Case(
        "version 2",
        top(fwgen=2, layer=[]),
        f"{Y}: fwgen: needed 1; found 2. This fwgen reads version 1 of the file format.",
    ),
    Case("version true", top(fwgen=True), f"{Y}: fwgen: needed 1; found True."),
    Case(
        "no version",
        without("fwgen"),
        f"{Y}: fwgen: needed this key; found nothing. Add it. {KEYS}",
    ),
    Case("no name", without("name"), f"{Y}: name: needed this key; found nothing. Add it. {KEYS}"),
    Case("no input", without("input"), f"{Y}: input: needed this key; found nothing."),
    Case("no outputs", without("outputs"), f"{Y}: outputs: needed this key; found nothing."),
    Case(
        "an unknown key",
        top(clock=240),
        f"{Y}: clock: needed one of the keys accept_wrap, budgets, clock_mhz, description, fwgen, "
        "input, layers, name, outputs, provenance, samples, schedule, steps, target, weights; "
        "found unknown key 'clock'. Did you mean 'clock_mhz'?",
    ),
    Case(
        "an unknown key like no other",
        top(qqqq=1),
        f"{Y}: qqqq: needed one of the keys accept_wrap, budgets, clock_mhz, description, fwgen, "
        "input, layers, name, outputs, provenance, samples, schedule, steps, target, weights; "
        f"found unknown key 'qqqq'. {KEYS}",
    ),
    Case(
        "an unknown key of input",
        section("input", fmt="x"),
        f"{Y}: input.fmt: needed one of the keys description, format, name, scaling, size, "
        "spikes; found unknown key 'fmt'. Did you mean 'format'?",
    ),
    Case(
        "an unknown key of scaling",
        section("input", scaling={"scale": 1.0, "offse": 0.0}),
        f"{Y}: input.scaling.offse: needed one of the keys offset, scale; found unknown key "
        "'offse'. Did you mean 'offset'?",
    ),
    Case(
        "an unknown key of a layer",
        layer("enc", weights_format="fixed<8,1>"),
        f"{L0}: weights_format: needed one of the keys accumulator_format, bias, bias_format, "
        "from, name, op, units, weight_format; found unknown key 'weights_format'. Did you mean "
        "'weight_format'?",
    ),
    Case(
        "an unknown key of budgets",
        section("budgets", latency=5),
        f"{Y}: budgets.latency: needed one of the keys interval_ns, latency_ns; found unknown key "
        "'latency'. Did you mean 'latency_ns'?",
    ),
    Case(
        "an unknown key of samples",
        section("samples", files="a.npz"),
        f"{Y}: samples.files: needed one of the keys file, sets; found unknown key 'files'. Did "
        "you mean 'file'?",
    ),
    Case(
        "an unknown key of a sample set",
        section("samples", sets=[{"arra": "toy", "kind": "toy", "source": ""}]),
        f"{Y}: samples.sets[0].arra: needed one of the keys array, kind, label, source; found "
        "unknown key 'arra'. Did you mean 'array'?",
    ),
    Case(
        "an unknown key of provenance",
        section("provenance", framewor="x"),
        f"{Y}: provenance.framewor: needed one of the keys framework, notes, paper, source, "
        "source_sha256, version; found unknown key 'framewor'. Did you mean 'framework'?",
    ),
    Case(
        "an unknown operation",
        layer("enc", op="dens"),
        f"{L0}: op: needed one of the operations {OPS}; found 'dens'. Did you mean 'dense'?",
    ),
    Case(
        "an operation that this version lacks",
        layer("enc", op="conv2d"),
        f"{L0}: op: needed one of the operations {OPS}; found 'conv2d'. A layer that fwgen does "
        "not know is never replaced by another.",
    ),
    Case(
        "a layer without operation",
        layer("enc", drop="op"),
        f"{L0}: op: needed one of the operations {OPS}; found no op.",
    ),
    Case("a list as operation", layer("enc", op=["dense"]), f"{L0}: op: needed one of the"),
    Case(
        "no layers",
        top(layers=[]),
        f"{Y}: layers: needed a list of at least 1 entry; found []. {KEYS}",
    ),
    Case("layers as text", top(layers="enc"), f"{Y}: layers: needed a list; found enc. {KEYS}"),
    Case(
        "a layer as text",
        top(layers=["enc"]),
        f"{Y}: layers[0]: needed a mapping of keys to values; found enc. {KEYS}",
    ),
    Case(
        "257 layers",
        top(layers=[{"name": f"d{i}", "op": "dense"} for i in range(257)]),
        f"{Y}: layers: needed a list of at most 256 entries; found [",
    ),
    Case(
        "input as number",
        top(input=3),
        f"{Y}: input: needed a mapping of keys to values; found 3. {KEYS}",
    ),
    Case("size 0", section("input", size=0), f"{Y}: input.size: needed a number of at least 1;"),
    Case(
        "size 4097",
        section("input", size=4097),
        f"{Y}: input.size: needed a number of at most 4096; found 4097. {KEYS}",
    ),
    Case(
        "steps as text",
        top(steps="five"),
        f"{Y}: steps: needed a whole number; found five. {KEYS}",
    ),
    Case("steps 0", top(steps=0), f"{Y}: steps: needed a number of at least 1; found 0. {KEYS}"),
    Case(
        "steps 257",
        top(steps=257),
        f"{Y}: steps: needed a number of at most 256; found 257. {KEYS}",
    ),
    Case("steps 2.5", top(steps=2.5), f"{Y}: steps: needed a whole number; found 2.5. {KEYS}"),
    Case("steps true", top(steps=True), f"{Y}: steps: needed a whole number; found True. {KEYS}"),
    Case(
        "steps with a leading zero",
        swapped("steps: 3", "steps: 03"),
        f"{Y}: steps: needed a whole number; found 03. {KEYS}",
    ),
    Case(
        "steps null", top(steps=None), f"{Y}: steps: needed a whole number; found nothing. {KEYS}"
    ),
    Case(
        "spikes without steps",
        lambda draft: draft.model.pop("steps"),
        f"{Y}: steps: needed the number of time steps of an event, where there are spikes; found "
        "nothing. Add it, for example steps: 5.",
    ),
    Case(
        "clock as text",
        top(clock_mhz="240 MHz"),
        f"{Y}: clock_mhz: needed a number; found 240 MHz. {KEYS}",
    ),
    Case(
        "clock 0",
        top(clock_mhz=0),
        f"{Y}: clock_mhz: needed a number of at least 1; found 0. {KEYS}",
    ),
    Case(
        "clock negative",
        top(clock_mhz=-240.0),
        f"{Y}: clock_mhz: needed a number of at least 1; found -240.0. {KEYS}",
    ),
    Case(
        "clock 2000",
        top(clock_mhz=2000),
        f"{Y}: clock_mhz: needed a number of at most 1000; found 2000. {KEYS}",
    ),
    Case(
        "clock infinite",
        top(clock_mhz=float("inf")),
        f"{Y}: clock_mhz: needed a finite number; found inf. {KEYS}",
    ),
    Case(
        "clock nan",
        top(clock_mhz=float("nan")),
        f"{Y}: clock_mhz: needed a finite number; found nan. {KEYS}",
    ),
    Case(
        "a budget of 0",
        section("budgets", latency_ns=0),
        f"{Y}: budgets.latency_ns: needed a number above 0; found 0. {KEYS}",
    ),
    Case(
        "bias as text",
        layer("enc", bias="yes"),
        f"{L0}: bias: needed true or false; found yes. {KEYS}",
    ),
    Case(
        "a hash that is none",
        section("provenance", source_sha256="abc"),
        f"{Y}: provenance.source_sha256: needed 64 hexadecimal digits in lower case; found abc. "
        f"{KEYS}",
    ),
    Case(
        "a description of 20,001 characters",
        top(description="x" * 20_001),
        f"{Y}: description: needed text of at most 20,000 characters; found {'x' * 77}.... {KEYS}",
    ),
    Case(
        "a version number for text",
        section("provenance", version=1.0),
        f"{Y}: provenance.version: needed text; found 1.0. If it is meant as text, put it in "
        "quotes.",
    ),
]
