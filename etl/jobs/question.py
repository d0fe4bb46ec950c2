"""Does a person have to say yes before the first write?"""

from __future__ import annotations

from collections.abc import Callable

from etl.errors import GuardError

_PROMPT = "Go on? [y]es, [N]o, or a number: only the first so many rows: "


def ask_person(ask: Callable[[str], str], reasons: list[str], typed: str) -> int | None:
    """Put the question until the answer is understood.

    Args:
        ask: Shows a text and returns what was typed.
        reasons: Why it is asked.
        typed: The command, for what to do next.

    Returns:
        How many of the first rows, or None for all.

    Raises:
        GuardError: The answer was no.
    """
    prompt = f"{'; '.join(reasons)}.\n{_PROMPT}"
    while True:
        answer = ask(prompt).strip().casefold()
        if answer in {"y", "yes"}:
            return None
        if answer in {"", "n", "no"}:
            raise GuardError("you said no; nothing was sent", next_step=f"when you are ready: {typed}")
        if answer.isascii() and answer.isdigit() and int(answer) > 0:
            return int(answer)
        prompt = f"{answer!r} is neither yes, no nor a number of rows.\n{_PROMPT}"
