"""The house itself: what is packed, what is locked, what every folder says of itself."""

import csv
import re
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("geo", "tiles", "api", "data", "tests")
TABLES = sorted((ROOT / "data" / "reference").rglob("*.csv"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_holds_every_reference_table(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    reference = ROOT / "data" / "reference"
    assert {f"geo/_reference/{table.relative_to(reference).as_posix()}" for table in TABLES} <= names


def test_the_wheel_reads_its_own_tables(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    script = (
        "from geo.reference import reference_dir; from geo.status import status_table;"
        "print(reference_dir()); print(len(status_table()))"
    )
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {script}"]
    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.split(
        "\n"
    )
    assert Path(answer[0]) == tmp_path / "geo" / "_reference"
    assert answer[1] == "8"


def test_the_wheel_holds_no_third_party_asset(wheel: zipfile.ZipFile) -> None:
    assert not [name for name in wheel.namelist() if "node_modules" in name]


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_says_what_it_is(folder: str) -> None:
    text = (ROOT / folder / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) > 30


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_every_line_of_a_table_fills_every_column(table: Path) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(line for line in file if not line.startswith("#")))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_every_word_has_both_languages_and_every_colour_is_one(table: Path) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            for language in ("zh", "en"):
                assert row.get(language, "x").strip(), row
            assert re.fullmatch(r"#[0-9a-fA-F]{6}", row.get("colour") or "#000000"), row


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_no_slug_comes_twice(table: Path) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    slugs = [row["slug"] for row in rows if "slug" in row]
    assert not [slug for slug, times in Counter(slugs).items() if times > 1]


def test_locks_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
        assert not re.search(r"^(geo|tiles|data|api|fiona)==", text, re.MULTILINE)
    for folder in ("tiles/assets", "tests/browser"):
        assert '"resolved"' not in (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")
