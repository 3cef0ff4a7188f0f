"""`python -m tools.screens docs/images`: pictures of the real program on a terminal, beside a real control plane.

The story of the demo is played up to where a gang waits; then `chippool top` and `chippool explain` are typed, and
what stands on the screen is drawn.
"""

import io
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyte
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tools.demo import opening, story
from tools.demo.stage import Stage
from tools.demo.tell import Teller
from tools.plane.plane import Plane
from tools.plane.progress import Steps

WIDTH, HEIGHT = 104, 44
WITHIN_S = 30.0
COLOURS = {"brown": "yellow", "default": None}
"""Of pyte's names, those that are called otherwise."""
BEFORE = (story.usual, story.training, story.ads, story.inference)
MORE = ("data/batch-evaluation", "data/batch-sweep")


class Terminal:
    """A terminal with a program in it; what stands on its screen is what a person would see."""

    def __init__(self, kubeconfig: Path, *words: str, height: int = HEIGHT) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (height, WIDTH))
        self.screen = pyte.Screen(WIDTH, height)
        self._stream = pyte.ByteStream(self.screen)
        env = {**os.environ, "KUBECONFIG": str(kubeconfig), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        program = str(Path(sys.executable).with_name("chippool"))
        self._process = subprocess.Popen([program, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=env)
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._ours)

    def until(self, *words: str) -> None:
        """Wait until all of this stands on the screen."""
        deadline = time.monotonic() + WITHIN_S
        while not all(word in "\n".join(self.screen.display) for word in words):
            self._read()
            if time.monotonic() > deadline:
                raise SystemExit(f"Not within {WITHIN_S:.0f} s: {words}\n" + "\n".join(self.screen.display))

    def to_end(self) -> None:
        while self._read():
            pass
        if self._process.wait():
            raise SystemExit("\n".join(self.screen.display))

    def _read(self) -> bool:
        """Take in what is there by now; False when the program has ended, and its terminal with it."""
        if not select.select([self._ours], [], [], 0.1)[0]:
            return True
        try:
            self._stream.feed(os.read(self._ours, 1 << 16))
        except OSError:
            return False
        return True

    def svg(self, title: str) -> str:
        """Draw the screen, without the empty lines at its end."""
        lines = list(self._lines())
        while lines and not lines[-1].plain.strip():
            lines.pop()
        console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False, color_system="truecolor")
        console.print(Text("\n").join(lines), soft_wrap=True)
        return console.export_svg(title=title, code_format=FORMAT, unique_id="chippool")

    def _lines(self) -> Iterator[Text]:
        for row in range(self.screen.lines):
            cells = (self.screen.buffer[row][column] for column in range(self.screen.columns))
            yield Text.assemble(*((cell.data, _style(cell)) for cell in cells))


def _style(cell: pyte.screens.Char) -> Style:
    colour = COLOURS.get(cell.fg, cell.fg)
    if colour is not None and len(colour) == 6 and not colour.isalpha():
        colour = f"#{colour}"
    return Style(color=colour, bold=cell.bold)


FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width;
}}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own, without fonts that a browser would fetch from elsewhere."""


def main() -> None:
    folder = Path(sys.argv[1])
    with Plane.start("screens", opening.FLEET, steps=Steps()) as plane:
        stage = Stage(plane, Teller())
        try:
            opening.install(stage)
            opening.operator(stage)
            for play in BEFORE:
                play(stage)
            for key in MORE:
                stage.apply(key)
            story.waiting(stage)
            _draw(folder, plane.kubeconfig)
        finally:
            stage.stop_operator()


def _draw(folder: Path, kubeconfig: Path) -> None:
    with Terminal(kubeconfig, "top") as terminal:
        terminal.until("llm/llm-distillation", "ChipsShort, #1", "q quit")
        _write(folder / "top.svg", terminal.svg("kubectl chippool top"))
    with Terminal(kubeconfig, "explain", "llm-distillation", "-n", "llm") as terminal:
        terminal.to_end()
        terminal.until("llm/llm-distillation waits", "Held by")
        _write(folder / "explain.svg", terminal.svg("kubectl chippool explain llm-distillation -n llm"))


def _write(path: Path, drawn: str) -> None:
    path.write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n")
    print(f"drawn: {path}")


if __name__ == "__main__":
    main()
