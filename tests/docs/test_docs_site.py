"""The site is built strictly, and of this repository alone."""

import re
import subprocess
import sys

import pytest

from tests.docs.pages import pages
from tests.docs.session import ROOT

FETCHED = re.compile(
    r"""(?:<(?:script|img|iframe|source)\b[^>]*?\bsrc=|<link\b[^>]*?\bhref=)["']?(https?:)?//[^"'>]*"""
)
IN_CSS = re.compile(r"""(?:@import\s+|url\()["']?(?:https?:)?//""")
UNREAD = re.compile(r"<p>[^<]*\n\s*(?:[-*]|\d+\.) ")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder


def test_the_site_is_built_strictly_and_fetches_nothing(site):
    for page in site.rglob("*.html"):
        fetched = FETCHED.search(page.read_text())
        assert not fetched, f"{page.relative_to(site)}: {fetched[0]}"
    for sheet in site.rglob("*.css"):
        assert not IN_CSS.search(sheet.read_text()), sheet.relative_to(site)


def test_every_page_is_in_the_navigation(site):
    listed = set(re.findall(r'<a href="([^"#]*)" class="md-nav__link', (site / "index.html").read_text()))
    expected = {re.sub(r"(^|/)(README|index)\.md$", r"\1", page).removesuffix(".md") for page in pages()}
    lacking = {page for page in expected if page and page.rstrip("/") + "/" not in listed}
    assert not lacking


def test_lists_are_read_as_lists(site):
    for page in site.rglob("*.html"):
        if "repository" not in page.parts:
            unread = UNREAD.search(page.read_text())
            assert not unread, f"{page.relative_to(site)}: an empty line belongs before the list: {unread[0]}"


def test_what_a_page_shows_of_the_repository_has_a_page(site):
    assert (site / "repository/tools/plane/README.md/index.html").exists()
    assert "nvidia-l20" in (site / "repository/examples/sharing-chips.yaml/index.html").read_text()
