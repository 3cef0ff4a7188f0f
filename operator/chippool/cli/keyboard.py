"""Single keys from a terminal, without Enter and without echo; the terminal is as it was at the end."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress

NAMES = {"\x1b[A": "up", "\x1b[B": "down", "\x1b[5~": "pageup", "\x1b[6~": "pagedown", "\x1b": "esc"}


@contextmanager
def keys() -> Iterator[asyncio.Queue[str]]:
    """Yield a queue of keys as they are pressed; an empty one where nobody types (input from a pipe).

    Where the terminal goes away, the last key is `q`.
    """
    pressed: asyncio.Queue[str] = asyncio.Queue()
    if not sys.stdin.isatty():
        yield pressed
        return
    terminal, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)  # Ctrl-C stays a signal

    def read() -> None:
        typed = _read(terminal)
        if not typed:
            loop.remove_reader(terminal)
        for key in named(typed) or ["q"]:
            pressed.put_nowait(key)

    loop.add_reader(terminal, read)
    try:
        yield pressed
    finally:
        loop.remove_reader(terminal)
        with suppress(termios.error):  # there is none any more
            termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _read(terminal: int) -> str:
    """What was typed; nothing where the terminal is gone."""
    try:
        return os.read(terminal, 64).decode("utf-8", "replace")
    except OSError:
        return ""


def named(typed: str) -> list[str]:
    """Split what was read at once into keys; a sequence nobody knows is one key without a meaning."""
    if typed.startswith("\x1b"):
        return [NAMES.get(typed, typed)]
    return list(typed)
