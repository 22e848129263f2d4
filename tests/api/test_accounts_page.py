"""docs/accounts.md: its commands run as they stand there, and it names every setting of accounts."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.settings import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "accounts.md"


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_the_commands_of_the_page_run_as_they_stand(
    filled_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(filled_store, tmp_path / "demo.gpkg")
    monkeypatch.chdir(tmp_path)
    runner, printed = CliRunner(), {}
    for line in commands():
        program, *words = shlex.split(line.replace("--unit 340400 ", "--unit 340604 "))
        assert program == "reverdure"
        done = runner.invoke(app, words, input="seven wet stones\n")
        assert done.exit_code == 0, (line, done.stdout, done.stderr)
        printed[words[1]] = done.stdout
    assert "lin.wei" in printed["list"]
    assert "shut" in printed["list"]
    assert printed["token"].startswith("rvd_")


def test_the_page_names_every_setting_of_accounts() -> None:
    text = PAGE.read_text(encoding="utf-8")
    ours = [
        name
        for name in Settings.model_fields
        if name.startswith(("auth", "public", "session", "token", "trusted", "oidc"))
        and name != "oidc_scopes"
    ]
    assert [name for name in ours if f"REVERDURE_{name.upper()}" not in text] == []
