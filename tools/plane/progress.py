"""Progress on stderr: live lines on a terminal, plain ones anywhere else."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Note = Callable[[str], None]
_PLAIN_EVERY_S = 30.0


class Steps:
    """Shows one step after the other with its elapsed time."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)

    def say(self, sentence: str) -> None:
        self.console.print(sentence, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Note]:
        show = self._live if self.console.is_terminal else self._plain
        with show(title) as note:
            yield note

    @contextlib.contextmanager
    def _live(self, title: str) -> Iterator[Note]:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        started = time.monotonic()
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(title, total=None, note="")
            yield lambda note: bar.update(task, note=note)
        self.say(f"✓ {title} ({time.monotonic() - started:.1f} s)")

    @contextlib.contextmanager
    def _plain(self, title: str) -> Iterator[Note]:
        started = said = time.monotonic()
        self.say(f"{title} ...")

        def note(text: str) -> None:
            nonlocal said
            if time.monotonic() - said >= _PLAIN_EVERY_S:
                said = time.monotonic()
                self.say(f"{title}: {text} ({said - started:.0f} s)")

        yield note
        self.say(f"{title}: done ({time.monotonic() - started:.1f} s)")


class Silent(Steps):
    """Shows nothing: for tests."""

    def say(self, sentence: str) -> None:
        pass

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Note]:  # noqa: ARG002  # the signature is Steps'
        yield lambda _: None
