"""What the pages link to outside of docs/ becomes part of the site: examples, tests, schemas. So a published site is whole,
wherever it is published, and the strict build knows every link. A hook of MkDocs (`mkdocs.yml`)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
BESIDE = "repository"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")
LANGUAGES = {".py": "python", ".yml": "yaml", ".yaml": "yaml", ".json": "json", ".toml": "toml"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds each file that a page links to, and what those link to in turn."""
    waiting = [(Path(file.abs_src_path), file.src_uri) for file in files.documentation_pages() if file.abs_src_path]
    while waiting:
        source, _ = waiting.pop()
        for path in linked(source):
            uri = uri_of(path)
            if uri in files.src_uris:
                continue
            inclusion = InclusionLevel.NOT_IN_NAV
            files.append(File.generated(config, uri, content=content_of(path), inclusion=inclusion))
            if path.suffix == ".md":
                waiting.append((path, uri))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs' names
    source = source_of(page.file.src_uri)
    if source.suffix != ".md":
        return markdown

    def put_right(found: re.Match[str]) -> str:
        path = target_of(source, found["target"])
        if path is None:
            return found[0]
        uri = posixpath.relpath(uri_of(path), posixpath.dirname(page.file.src_uri) or ".")
        return found[0].replace(f"({found['target']}", f"({uri}", 1)

    return LINK.sub(put_right, markdown)


def linked(source: Path) -> Iterator[Path]:
    """The files outside of docs/ that a page links to."""
    for found in LINK.finditer(source.read_text(encoding="utf-8")):
        path = target_of(source, found["target"])
        if path is not None and not path.is_relative_to(ROOT / "docs"):
            yield path


def target_of(source: Path, target: str) -> Path | None:
    """The file that a link means, the README of a folder; None for other sites. Raises PluginError for nothing at all."""
    if "://" in target or target.startswith("mailto:"):
        return None
    path = (source.parent / target).resolve()
    path = path / "README.md" if path.is_dir() else path
    if not path.is_file():
        raise PluginError(f"{source.relative_to(ROOT)}: link to {target}, which is not there (a folder needs a README.md)")
    return path


def uri_of(path: Path) -> str:
    """Where a file stands among the sources of the site."""
    inside = path.relative_to(ROOT)
    if inside.parts[0] == "docs":
        return posixpath.join(*inside.parts[1:])
    # A page each, also for what is no Markdown: a browser shows it instead of saving it.
    return posixpath.join(BESIDE, *inside.parts) + ("" if path.suffix == ".md" else ".md")


def source_of(uri: str) -> Path:
    if not uri.startswith(f"{BESIDE}/"):
        return ROOT / "docs" / uri
    path = ROOT / uri.removeprefix(f"{BESIDE}/")
    return path if path.is_file() else path.with_suffix("")


def content_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    fence = "`" * (3 + max((len(run) for run in re.findall(r"`{3,}", text)), default=0))
    head = f"---\nsearch:\n  exclude: true\n---\n\n# {path.relative_to(ROOT).as_posix()}\n"
    return f"{head}\n{fence}{LANGUAGES.get(path.suffix, 'text')}\n{text.rstrip()}\n{fence}\n"
