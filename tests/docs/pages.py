"""The commands in the pages, as they are written there.

A fenced block of `sh` is run. Lines of `text` right after it are what it prints: in this order, with anything for `…`.
A comment in the line before a block says what is special about it: `<!-- not run: REASON -->`, or `<!-- at the end -->`
for what ends the cluster of the tutorial, which the other pages use as well.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>\w*)(?P<more>.*)$")
REMARK = re.compile(r"^ *<!-- (?:not run: (?P<why>.+)|(?P<end>at the end)) -->$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `line` is where its text begins."""

    page: str
    line: int
    language: str
    text: str
    not_run: str = ""
    at_the_end: bool = False
    printed: str = ""

    @property
    def first(self) -> str:
        return self.text.splitlines()[0] if self.text else ""


def pages() -> list[str]:
    """Every page, the tutorial first: the others go on where it stands before its end."""
    names = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
    return ["tutorial.md", *(name for name in names if name != "tutorial.md")]


def commands(page: str) -> list[Block]:
    """The blocks of shell commands of a page, with what they print."""
    return [block for block in blocks(page) if block.language == "sh"]


def run_here(page: str) -> list[Block]:
    return [block for block in commands(page) if not block.not_run]


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page in their order."""
    lines = DOCS.joinpath(page).read_text(encoding="utf-8").splitlines()
    found: list[Block] = []
    at, nothing_since = 0, False
    while at < len(lines):
        opened = FENCE.match(lines[at])
        if not opened:
            nothing_since = nothing_since and not lines[at].strip()
            at += 1
            continue
        end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == opened["fence"])
        block = _block(page, at, lines[at + 1 : end], opened, lines[at - 1] if at else "")
        if block.language == "text" and nothing_since and found[-1].language == "sh":
            found[-1] = replace(found[-1], printed=block.text)
        else:
            found.append(block)
        at, nothing_since = end + 1, True
    return found


def _block(page: str, at: int, lines: list[str], opened: re.Match[str], before: str) -> Block:
    remark = REMARK.match(before)
    text = "\n".join(line.removeprefix(opened["indent"]) for line in lines)
    why, end = (remark["why"] or "", bool(remark["end"])) if remark else ("", False)
    return Block(page, at + 2, opened["language"], text, why, end)


def missing(printed: str, output: str) -> str:
    """Return the first line of what should have been printed that was not, or nothing."""
    rest = [" ".join(line.split()) for line in output.splitlines()]
    for line in filter(str.strip, printed.splitlines()):
        parts = [" ".join(part.split()) for part in line.split("…")]
        at = next((i for i, said in enumerate(rest) if _has(said, parts)), None)
        if at is None:
            return line
        rest = rest[at + 1 :]
    return ""


def _has(said: str, parts: list[str]) -> bool:
    at = 0
    for part in parts:
        found = said.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True
