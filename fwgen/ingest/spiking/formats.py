"""What the user says about number formats of spiking networks."""

from fwgen.ingest.answers import Question
from fwgen.ingest.bundle.weights import read_format
from fwgen.ingest.sources import Request
from fwgen.ingest.spiking import questions as q
from fwgen.ingest.spiking.values import Formats

_WEIGHT_FORMAT = Question("weight_format", "format of all weights", ("FORMAT",))
_BETA_FORMAT = Question("beta_format", "format of all leak factors", ("FORMAT",))


def read_formats(inquiry: q.Inquiry, request: Request) -> Formats:
    """What the user said about number formats."""
    exact = inquiry.option(q.FORMATS) == "exact"
    texts = [inquiry.answers.get(question.key) for question in (_WEIGHT_FORMAT, _BETA_FORMAT)]
    for question, text in zip((_WEIGHT_FORMAT, _BETA_FORMAT), texts, strict=True):
        if text is not None:
            read_format(text, f"--set {question.key}")
            inquiry.notes.append(f"{question.key} is {text}, by --set.")
    if exact:
        rounded = " but those rounded first" if any(texts) else ""
        inquiry.notes.append(
            f"Formats are exact: no number of the file{rounded} and no sum is rounded."
        )
    precision = request.precision and read_format(request.precision, "--precision")
    weight, beta = texts
    return Formats(exact, weight, beta, precision or None, request.samples is not None)
