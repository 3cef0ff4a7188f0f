"""Lets pages of the site link to files of the repository, as they do where the repository is read.

A hook of mkdocs (`hooks:` in mkdocs.yml). What a page links to outside of docs/ becomes a page of its own below
repository/: Markdown as it is, a folder as a list of its files, anything else as a block of code.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = "docs/"
SHOWN = "repository/"
_LINK = re.compile(r"(?<=\]\()(?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?(?=\))")
_CODE = re.compile(r"(^ *(?P<fence>`{3,})[^`\n]*\n.*?^ *(?P=fence)`*[ ]*$|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml", ".sh": "sh"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file of the repository that is linked to, also by those that are added."""
    waiting = {path for page in files.documentation_pages() for path in outside(page.src_uri, page.content_string)}
    done: set[str] = set()
    while waiting:
        path = waiting.pop()
        done.add(path)
        content = shown(path)
        files.append(File.generated(config, page_of(path), content=content))
        waiting |= set(outside(page_of(path), content)) - done
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lead its links to where the files are in the site."""
    here = page.file.src_uri
    return beside_code(markdown, lambda text: _LINK.sub(lambda link: led(here, link), text))


def outside(src_uri: str, markdown: str) -> Iterator[str]:
    """Yield the files and folders of the repository outside of docs/ that a page links to."""
    for link in _LINK.finditer(_CODE.sub("", markdown)):
        path = target(src_uri, link["path"])
        if not path.startswith((DOCS, ".")) and (ROOT / path).exists():
            yield path


def led(src_uri: str, link: re.Match[str]) -> str:
    """Return where a link of a page leads in the site; one that leads nowhere stays, for mkdocs to complain about."""
    path = target(src_uri, link["path"])
    if not (ROOT / path).exists() or (path.startswith(DOCS) and (ROOT / path).is_dir()):
        return link[0]
    return posixpath.relpath(page_of(path), posixpath.dirname(src_uri)) + (link["anchor"] or "")


def beside_code(markdown: str, change: Callable[[str], str]) -> str:
    """Change what is not code; what may span lines or stand in a line is told by its backquotes."""
    parts, at = [], 0
    for code in _CODE.finditer(markdown):
        parts += [change(markdown[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, change(markdown[at:])])


def target(src_uri: str, link: str) -> str:
    """Return the path in the repository that a link of a page means."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source_of(src_uri)), link))


def source_of(src_uri: str) -> str:
    """Return the path in the repository that a page was made from."""
    return src_uri.removeprefix(SHOWN).removesuffix(".md") if src_uri.startswith(SHOWN) else DOCS + src_uri


def page_of(path: str) -> str:
    """Return the page that shows a path of the repository."""
    return path.removeprefix(DOCS) if path.startswith(DOCS) else f"{SHOWN}{path}.md"


def shown(path: str) -> str:
    """Return a file or folder of the repository as Markdown, kept out of the search."""
    found = ROOT / path
    if found.is_dir():
        names = sorted(entry.name for entry in found.iterdir() if not entry.name.startswith((".", "__")))
        body = f"# {path}/\n\n" + "".join(f"- [{name}]({found.name}/{name})\n" for name in names)
    elif found.suffix == ".md":
        body = found.read_text(encoding="utf-8")
    else:
        language = _LANGUAGES.get(found.suffix, "text")
        body = f"# {path}\n\n``````{language}\n{found.read_text(encoding='utf-8')}\n``````\n"
    return f"---\nsearch: {{exclude: true}}\n---\n\n{body}"
