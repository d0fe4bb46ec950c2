"""The drawing of the error tree says what the classes do."""

from __future__ import annotations

import re
import signal

from etl import errors


def _classes(root: type) -> set[type]:
    return {root}.union(*(_classes(child) for child in root.__subclasses__() if child.__module__ == errors.__name__))


def test_every_class_is_drawn_with_its_exit_code() -> None:
    drawn = dict(re.findall(r"(\w+Error)\s+(\d+) ", errors.__doc__ or ""))
    classes = {each.__name__: str(each.exit_code) for each in _classes(errors.EtlError) if each is not errors.EtlError}
    assert drawn == classes


def test_a_signal_gives_the_shells_exit_code() -> None:
    assert errors.InterruptedRunError("stopped", signal_number=signal.SIGTERM).exit_code == 143
