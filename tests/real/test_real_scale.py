"""The commands of docs/scale.md on real data, as they stand there, and the figures that they print."""

import pytest

from tests.docs_page import DocsPage, lay_out

pytestmark = pytest.mark.real_data

PAGE = DocsPage.of("scale")


@pytest.fixture(scope="module")
def printed(real_data, tmp_path_factory):
    """What each `recover` command of the page prints, all commands run in order beside the data."""
    place = lay_out(tmp_path_factory.mktemp("scale"), *real_data.iterdir())
    return [done.stdout for words, done in PAGE.run(place) if words[0] == "recover"]


def test_two_processes_print_what_one_prints(printed):
    one, two = printed
    assert one == two


def test_the_page_prints_the_totals_of_the_gold_field(printed):
    for name in ("all sites, summed", "the same, no land twice"):
        row = next(line for line in PAGE.text.splitlines() if line.startswith(f"| {name} |"))
        told = next(line for line in printed[0].splitlines() if name in line)
        for figure in row.strip("| ").split(" | ")[1:]:
            assert figure in told, (name, figure)
