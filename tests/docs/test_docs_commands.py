"""Every command in the docs is run: the tutorial on a plane it starts itself, the other pages where that stands."""

import json
import os
import re
import subprocess
import time

import pytest
import yaml

from tests.docs.pages import DOCS, FENCE, commands, missing, pages, run_here
from tests.docs.session import ROOT, Session

LANGUAGES = {"sh", "text", "yaml", "json", "python", "promql"}
COMMAND = re.compile(r"^(\$ )?(chippool|kubectl|helm|make|docker|kind|python3?|eval|export|pip|uv) ")
KINDS = "chippools,chipqueues,chipworkloads,priorityclasses,namespaces"


def test_what_is_not_run_is_known_and_says_why():
    listed = yaml.safe_load((ROOT / "tests/docs/not_run.yaml").read_text()) or {}
    marked = {page: {block.first: block.not_run for block in commands(page) if block.not_run} for page in pages()}
    assert {page: blocks for page, blocks in marked.items() if blocks} == listed, (
        "bring tests/docs/not_run.yaml up to date"
    )


@pytest.mark.parametrize("page", pages())
def test_no_command_stands_outside_of_a_block_that_is_run(page):
    fenced = ""
    for number, line in enumerate(DOCS.joinpath(page).read_text().splitlines(), 1):
        if found := FENCE.match(line):
            fenced = "" if fenced else found["language"] or "nothing"
            assert fenced in LANGUAGES | {""}, f"{page}:{number}: a block of {fenced}; say one of {sorted(LANGUAGES)}"
        elif not fenced and line.startswith("    ") and not page.startswith("reference/"):  # synopses there
            assert not COMMAND.match(line.strip()), f"{page}:{number}: fence it as sh"


@pytest.mark.parametrize(
    ("printed", "output", "lacks"),
    [
        ("a\nc", "a\nb\nc", ""),
        ("c\na", "a\nb\nc", "a"),
        ("pool …  8 chips", "pool nvidia-h800   8 chips of 128", ""),
        ("pool … 8 chips", "pool with 9 chips", "pool … 8 chips"),
    ],
)
def test_printed_lines_are_looked_for_in_their_order(printed, output, lacks):
    assert missing(printed, output) == lacks


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """The shell the tutorial is typed into; its operator and its plane end with it, whatever happens."""
    name = f"docs-{os.getpid()}"
    with Session(tmp_path_factory.mktemp("tutorial"), NAME=name) as session:
        yield session
    subprocess.run(["make", "plane-down"], cwd=ROOT, env={**os.environ, "NAME": name}, check=True, capture_output=True)


@pytest.mark.plane
def test_the_tutorial_does_what_it_says(tutorial):
    for block in run_here("tutorial.md"):
        if not block.at_the_end:
            _follow(tutorial, block)


@pytest.mark.plane
@pytest.mark.parametrize("page", [page for page in pages()[1:] if run_here(page)])
def test_the_page_does_what_it_says_and_leaves_the_cluster_as_it_was(tutorial, page, tmp_path):
    before = _cluster(tutorial)
    with Session(tmp_path, tutorial.environment()) as reader:
        for block in run_here(page):
            _follow(reader, block)
    deadline = time.monotonic() + 60
    while (now := _cluster(tutorial)) != before:
        changed = sorted(" ".join(key) for key in now.keys() | before.keys() if now.get(key) != before.get(key))
        assert time.monotonic() < deadline, f"{page} has to take back what it changes: {changed}"


@pytest.mark.plane
def test_the_tutorial_ends_what_it_started(tutorial):
    for block in run_here("tutorial.md"):
        if block.at_the_end:
            _follow(tutorial, block)
    said = tutorial.run("python -m tools.plane status -o json")
    assert f"docs-{os.getpid()}" not in {plane["name"] for plane in json.loads(said)}


def _follow(session, block):
    output = session.run(block.text)
    lacks = missing(block.printed, output)
    assert not lacks, f"{block.page}:{block.line}\n{block.text}\n--- does not print:\n{lacks}\n--- but:\n{output}"


def _cluster(session):
    """Everything a page could leave behind, with what it asks for."""
    items = json.loads(session.run(f"kubectl get {KINDS} -A -o json"))["items"]
    nodes = json.loads(session.run("kubectl get nodes -o json"))["items"]
    return {
        (one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]): one.get("spec", one.get("value"))
        for one in [*items, *nodes]
    }
