"""A page of docs/ whose commands are run as they stand there: its shell blocks, in order, in one folder."""

from __future__ import annotations

import re
import shlex
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app

SERVED = "http://127.0.0.1:8000"
"""Where pages of docs/ say that the service is."""
DOCS = Path(__file__).parents[1] / "docs"


@dataclass(frozen=True)
class DocsPage:
    """The text of a page and its commands, each as its words without the program's name.

    `lines` are all of them as written, those of `curl` too.
    """

    text: str
    commands: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str) -> DocsPage:
        text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
        lines = [
            line
            for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
            for line in block.replace("\\\n", "").splitlines()
        ]
        ours = (line.removeprefix("reverdure ") for line in lines if not line.startswith("curl "))
        return cls(text, tuple(tuple(shlex.split(line)) for line in ours), tuple(lines))

    def run(self, place: Path) -> list[tuple[tuple[str, ...], Result]]:
        """Every command with what came of it, run in `place`."""
        return [(words, run_in(place, words)) for words in self.commands]

    def table_rows(self, first: str) -> list[list[str]]:
        """The cells of the table rows whose first cell matches."""
        cells = ([cell.strip() for cell in line.strip("| ").split("|")] for line in self.text.splitlines())
        return [row for row in cells if re.fullmatch(first, row[0])]


def fetch_in(place: Path, line: str, *, base: str) -> bytes:
    """What a line `curl URL [-o FILE]` of a page gets, asked of the service at `base`; kept in FILE."""
    name, address, *rest = shlex.split(line)
    assert (name, address.startswith(SERVED), rest[:1] in ([], ["-o"])) == ("curl", True, True), line
    with urllib.request.urlopen(f"{base}{address.removeprefix(SERVED)}", timeout=60) as answer:
        content = bytes(answer.read())
    if rest:
        (place / rest[1]).write_bytes(content)
    return content


def run_in(place: Path, words: Iterable[str]) -> Result:
    """What comes of a command in a folder, its patterns expanded as a shell does; it must succeed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        given = [
            one for word in words for one in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
        ]
        done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.stderr
    return done


def lay_out(place: Path, *entries: Path) -> Path:
    """The folder with a link to each of the entries."""
    for entry in entries:
        (place / entry.name).symlink_to(entry)
    return place
