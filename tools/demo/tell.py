"""What the audience reads: rich on a terminal, plain lines anywhere else."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.status import Status
from rich.table import Table
from rich.text import Text

PACE_S = 10.0
"""On a terminal people read along."""


class Teller:
    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self._began = time.monotonic()

    def chapter(self, title: str, told: str) -> None:
        if self.console.is_terminal:
            self.console.print()
            self.console.print(Rule(Text(title, style="bold"), align="left"))
        else:
            self.console.print(f"\n== {title}", soft_wrap=True)
        self.say(told)

    def say(self, sentence: str) -> None:
        self._print(Text(sentence))

    def done(self, sentence: str) -> None:
        """Say what has come true."""
        seconds = f"{time.monotonic() - self._began:4.0f} s "
        line = Table.grid(padding=(0, 1))
        line.add_row(Text(seconds, style="dim"), Text("✓", style="green"), Text(sentence))
        self._print(line if self.console.is_terminal else f"{seconds} ✓ {sentence}")

    def quote(self, text: str) -> None:
        """Show what an object says, or what one can type."""
        for line in text.rstrip().splitlines():
            self._print(Padding(Text(line, style="cyan"), (0, 0, 0, 4)) if self.console.is_terminal else f"    {line}")

    def pause(self) -> None:
        if self.console.is_terminal:
            time.sleep(PACE_S)

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        if self.console.is_terminal:
            with Status(f"waiting until {what}", console=self.console):
                yield
        else:
            yield

    def _print(self, what: object) -> None:
        self.console.print(what, soft_wrap=not self.console.is_terminal)
