"""What a source file leaves open: asked for in one message, answered by flags or a producer."""

from collections.abc import Mapping
from dataclasses import dataclass

from fwgen.errors import BundleError

_MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a source file may leave open.

    ``key`` is that of ``--set KEY=VALUE``; ``choices`` are the values it may have, or, where it
    takes a number or a format, words for one such as ``SECONDS``.
    """

    key: str
    meaning: str
    choices: tuple[str, ...]

    @property
    def flag(self) -> str:
        """The command line's flag that answers the question."""
        return f"--set {self.key}={'|'.join(self.choices)} ({self.meaning})"


INPUT_FORMAT = Question("input_format", "number format of the event's elements", ("FORMAT",))


class Answers:
    """Answers by key, as ``--set`` gives them; remembers which were of use.

    Parameters
    ----------
    given
        Values by key.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = dict(given)
        self._used: set[str] = set()

    def get(self, key: str) -> str | None:
        """The answer to ``key``, or None."""
        self._used.add(key)
        return self._given.get(key)

    def choice(self, question: Question) -> str | None:
        """The answer to a question with fixed choices, or None.

        Raises
        ------
        BundleError
            If the answer is none of them.
        """
        value = self.get(question.key)
        if value is not None and value not in question.choices:
            raise self.wrong(question, value)
        return value

    def number(self, question: Question) -> float | None:
        """The answer to a question for a finite number, or None.

        Raises
        ------
        BundleError
            If it is none.
        """
        value = self.get(question.key)
        if value is None:
            return None
        try:
            number = float(value)
        except ValueError:
            raise self.wrong(question, value) from None
        if not abs(number) < float("inf"):
            raise self.wrong(question, value)
        return number

    def whole(self, question: Question) -> int | None:
        """The answer to a question for a whole number, or None.

        Raises
        ------
        BundleError
            If it is none.
        """
        number = self.number(question)
        if number is None:
            return None
        if not number.is_integer():
            raise self.wrong(question, str(number))
        return int(number)

    def wrong(self, question: Question, value: str) -> BundleError:
        """The error for an answer that cannot be."""
        return BundleError(
            f"--set {question.key}",
            needed=f"{' or '.join(question.choices)}: {question.meaning}",
            found=repr(value[:_MAX_TEXT]),
            do="Correct the answer.",
        )

    def check_all_used(self) -> None:
        """Refuse answers to what nobody asked: a misspelt key must not go unheard.

        Raises
        ------
        BundleError
            Naming the first.
        """
        idle = sorted(set(self._given) - self._used)
        if idle:
            asked = ", ".join(sorted(self._used)) or "nothing"
            raise BundleError(
                f"--set {idle[0][:80]}",
                needed=f"a key that this file's format asks for ({asked})",
                found="another",
                do="Leave it out, or correct its name.",
            )


def ask(where: str, missing: list[Question], producers: tuple[str, ...] = ()) -> None:
    """Refuse to guess: one message with every missing answer and its flag.

    Raises
    ------
    BundleError
        If anything is missing.
    """
    if not missing:
        return
    either = f"Or name who wrote it: --producer {'|'.join(producers)}." if producers else ""
    plural = "s" if len(missing) > 1 else ""
    raise BundleError(
        where,
        needed=f"{len(missing)} answer{plural} that the file does not give",
        found="none",
        do=f"Add {'; '.join(question.flag for question in missing)}. {either}".strip(),
    )
