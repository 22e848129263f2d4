"""Accounts on the command line, and what the other commands ask for once there are accounts."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.auth.secrets import TOKEN_PREFIX
from api.cli import app
from geo import clock
from geo.changes import Change
from geo.history import Fact
from geo.store import Store, accounts, audit, sign_ins
from geo.store.audit import AuditFilter
from geo.store.changes import apply_change

Run = Callable[..., Result]
PASSWORD = "a mine on the hill\n"


@pytest.fixture
def path(filled_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(filled_store, tmp_path / "s.gpkg"))


@pytest.fixture
def run(path: Path) -> Run:
    def call(*words: str, code: int = 0, typed: str = PASSWORD) -> Result:
        found = CliRunner().invoke(app, [*words, "--store", str(path)], input=typed)
        assert found.exit_code == code, (found.stdout, found.stderr, found.exception)
        return found

    return call


def add(run: Run, name: str, role: str, *words: str, code: int = 0, typed: str = PASSWORD) -> Result:
    return run("user", "add", name, "--role", role, "--password-stdin", *words, code=code, typed=typed)


def test_accounts_are_made_listed_changed_and_shut(run: Run, path: Path) -> None:
    assert "whoever works on this machine" in run("user", "list").stdout
    add(run, "adam", "administrator")
    made = add(run, "otto", "officer", "--unit", "340604", "--unit", "340621")
    assert made.stdout == "otto is officer of 340604, 340621\n"
    assert "answers for no unit" in add(run, "rosa", "reviewer").stderr
    run("user", "role", "rosa", "reviewer", "--unit", "340600")
    run("user", "disable", "otto")
    items = {item["name"]: item for item in json.loads(run("user", "list", "--json").stdout)["items"]}
    assert items["rosa"]["units"] == ["340600"]
    assert items["otto"]["disabled"] is True
    assert "shut" in run("user", "list").stdout
    store = Store.open(path)
    with store.read() as conn:
        rows = audit.find(conn, AuditFilter())
        assert {row.entry.address for row in rows} == {"command line"}
    store.close()


def test_what_cannot_be_an_account_is_said_in_one_line(run: Run) -> None:
    assert "at least 12" in add(run, "adam", "administrator", code=1, typed="short\n").stderr
    assert "no login name" in add(run, "Adam", "administrator", code=1).stderr
    assert "no city" in add(run, "otto", "officer", "--unit", "999", code=1).stderr
    add(run, "adam", "administrator")
    assert "exists already" in add(run, "adam", "viewer", code=1).stderr
    assert "last administrator" in run("user", "disable", "adam", code=1).stderr
    assert "no account is called" in run("user", "role", "eve", "viewer", code=1).stderr
    assert "--password-stdin" in run("user", "passwd", "adam", code=1).stderr


def test_a_new_password_and_ended_sessions_shut_out_whoever_was_in(run: Run, path: Path) -> None:
    add(run, "adam", "administrator")
    token = run("user", "token", "adam", "--scope", "write", "--days", "3").stdout.strip()
    assert token.startswith(TOKEN_PREFIX)
    store, now = Store.open(path), clock.now_utc()
    with store.write() as conn:
        key = accounts.named(conn, "adam").user_id
        sign_ins.add_session(conn, key, "s1", now=now, lasts_s=900, address="10.0.0.9", agent="Firefox")
    assert "10.0.0.9" in run("user", "sessions", "adam").stdout
    assert "tokens: 1" in run("user", "passwd", "adam", "--password-stdin").stdout
    assert "no live session" in run("user", "sessions", "adam").stdout
    with store.read() as conn:
        assert accounts.named(conn, "adam").user.must_change_password
        assert sign_ins.token_of(conn, token, now=clock.now_utc()) is None
    other = run("user", "token", "adam", "--scope", "write", "--days", "3").stdout.strip()
    with store.read() as conn:
        assert sign_ins.token_of(conn, other, now=clock.now_utc()) is not None
    run("user", "sessions", "adam", "--end")
    with store.read() as conn:
        assert sign_ins.token_of(conn, other, now=clock.now_utc()) is None
    store.close()


def test_once_there_are_accounts_only_a_reviewer_of_the_unit_releases(run: Run, path: Path) -> None:
    store = Store.open(path)
    change = Change({Fact.STATUS: "excluded"}, clock.today(), "twice")
    numbers = []
    for site_id in (1, 2):
        with store.write() as conn:
            applied = apply_change(
                conn, site_id, change, actor="otto", source="api", now=clock.now_utc(), if_version=None
            )
            numbers.append(str(applied.proposal.proposal_id))
    store.close()
    run("approve", numbers[0], "--as", "anybody")
    add(run, "rosa", "reviewer", "--unit", "340621")
    assert "no account is called" in run("approve", numbers[1], "--as", "anybody", code=1).stderr
    assert "outside the units" in run("approve", numbers[1], "--as", "rosa", code=1).stderr
    run("user", "role", "rosa", "reviewer", "--unit", "340600")
    assert "approved by rosa" in run("approve", numbers[1], "--as", "rosa").stdout


def test_verify_finds_an_altered_audit(run: Run, path: Path) -> None:
    add(run, "adam", "administrator")
    run("verify")
    with sqlite3.connect(path) as raw:
        for name in ("append_only_audit_update", "guard_audit_update"):
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute("UPDATE audit SET actor = 'x'")
    raw.close()
    assert "row 1 of the audit" in run("verify", code=1).stderr
