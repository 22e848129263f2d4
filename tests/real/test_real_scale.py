"""The commands of docs/scale.md on real data, as they stand there, and the figures that they print."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app

pytestmark = pytest.mark.real_data

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line.removeprefix("reverdure "))
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


@pytest.fixture(scope="module")
def printed(real_data, tmp_path_factory):
    """What each `recover` command of the page prints, all commands run in order beside the data."""
    place = tmp_path_factory.mktemp("scale")
    for folder in real_data.iterdir():
        (place / folder.name).symlink_to(folder)
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for words in COMMANDS:
            paths = (sorted(map(str, Path().glob(word))) if "*.tif" in word else [word] for word in words)
            done = CliRunner().invoke(app, [word for some in paths for word in some])
            assert done.exit_code == 0, done.stderr
            if words[0] == "recover":
                said.append(done.stdout)
    return said


def test_two_processes_print_what_one_prints(printed):
    one, two = printed
    assert one == two


def test_the_page_prints_the_totals_of_the_gold_field(printed):
    for name in ("all sites, summed", "the same, no land twice"):
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| {name} |"))
        told = next(line for line in printed[0].splitlines() if name in line)
        for figure in row.strip("| ").split(" | ")[1:]:
            assert figure in told, (name, figure)
