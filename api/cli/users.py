"""`reverdure user`: accounts, on the file itself, as somebody who may write to it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import console
from geo.accounts.rights import AccountRole, Scope
from geo.errors import InvalidInput

if TYPE_CHECKING:
    from api.auth.trail import Doer
    from geo.store.accounts import Account

app = typer.Typer(
    no_args_is_help=True, help="Keep the accounts: who may sign in, with which role, for which units."
)

NameArgument = Annotated[str, typer.Argument(help="The login name.")]
UnitsOption = Annotated[
    list[str] | None, typer.Option("--unit", help="Code of a city or province; any number of times.")
]
StdinOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of stdin.")
]


class NoPassword(InvalidInput):
    """There is nobody to ask for a password."""

    template = "no terminal to ask for the password: send it with --password-stdin"


@app.command("add")
def add(
    name: NameArgument,
    role: Annotated[AccountRole, typer.Option(help="What the account is for.")] = AccountRole.ADMINISTRATOR,
    units: UnitsOption = None,
    display_name: Annotated[str, typer.Option("--name", help="The name for people.")] = "",
    must_change: Annotated[
        bool, typer.Option(help="Whether the password is to be changed at the first sign-in.")
    ] = False,
    password_stdin: StdinOption = False,
    store: console.StoreOption = console.DEFAULT_STORE,
) -> None:
    """Make an account. From the first one on the service asks everybody to sign in."""
    from api.auth import keeping
    from geo.accounts.rights import User
    from geo.accounts.rules import check_login_name

    hashed = keeping.hash_of_new(asked_password(stdin=password_stdin), name=check_login_name(name))
    held = sorted(units or ())
    user = User(name, role, frozenset(held), display_name=display_name, must_change_password=must_change)
    with console.opened(store) as opened, opened.write() as conn:
        keeping.add_user(conn, doer(), user, hashed)
    typer.echo(f"{name} is {role.value} of {', '.join(held)}" if held else f"{name} is {role.value}")
    if role in {AccountRole.OFFICER, AccountRole.REVIEWER} and not held:
        console.note(f"{name} answers for no unit yet: `reverdure user role {name} {role.value} --unit CODE`")


@app.command("list")
def list_users(
    store: console.StoreOption = console.DEFAULT_STORE, as_json: console.JsonOption = False
) -> None:
    """List the accounts."""
    from api.schemas.accounts import UserItem
    from geo.store import accounts

    with console.opened(store) as opened, opened.read() as conn:
        found = [UserItem.of(account) for account in accounts.find(conn)]
    if as_json:
        console.print_json({"items": found, "next": None})
        return
    if not found:
        typer.echo("there are no accounts: whoever works on this machine has all rights")
        return
    made = console.table("Accounts", "login name", "name", "role", "units", "state")
    for item in found:
        state = [word for word, is_so in (("shut", item.disabled), ("demo", item.demo)) if is_so]
        console.add_row(
            made,
            item.name,
            item.display_name,
            item.role.value if item.role else console.NULL,
            ", ".join(item.units) or console.NULL,
            ", ".join(state) or "active",
        )
    console.stdout().print(made)


@app.command("passwd")
def passwd(
    name: NameArgument,
    must_change: Annotated[
        bool, typer.Option(help="Whether it is to be changed at the next sign-in.")
    ] = True,
    password_stdin: StdinOption = False,
    store: console.StoreOption = console.DEFAULT_STORE,
) -> None:
    """Give an account another password; its sessions end."""
    from api.auth import keeping
    from geo.store import accounts

    with console.opened(store) as opened:
        with opened.read() as conn:
            accounts.named(conn, name)
        hashed = keeping.hash_of_new(asked_password(stdin=password_stdin), name=name)
        with opened.write() as conn:
            gone = keeping.reset_password(conn, doer(), name, hashed, must_change=must_change)
    typer.echo(f"{name} has another password; its sessions ended, and tokens: {gone}")


@app.command("role")
def role_of(
    name: NameArgument,
    role: Annotated[AccountRole, typer.Argument(help="What the account is for.")],
    units: UnitsOption = None,
    store: console.StoreOption = console.DEFAULT_STORE,
) -> None:
    """Give an account a role and units in place of its own."""
    changed = _change(store, name, role=role, units=frozenset(units or ()))
    typer.echo(f"{name} is {role.value} of {', '.join(sorted(changed.user.units)) or 'no unit'}")


@app.command("disable")
def disable(
    name: NameArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Open it again.")] = False,
    store: console.StoreOption = console.DEFAULT_STORE,
) -> None:
    """Shut an account: its sessions and tokens end at once."""
    _change(store, name, disabled=not undo)
    typer.echo(f"{name} is {'open' if undo else 'shut'}")


@app.command("token")
def token(
    name: NameArgument,
    what_for: Annotated[str, typer.Option("--for", help="What the token is for.")] = "command line",
    scope: Annotated[Scope, typer.Option(help="What it may do.")] = Scope.READ,
    days: Annotated[int, typer.Option(help="For how many days it is good.", min=1)] = 90,
    store: console.StoreOption = console.DEFAULT_STORE,
) -> None:
    """Make a token for a program and print it, this once."""
    from api.auth import keeping
    from geo.store import accounts

    most = console.settings().token_days
    with console.opened(store) as opened, opened.write() as conn:
        made = keeping.make_token(
            conn, doer(), accounts.named(conn, name), name=what_for, scope=scope, days=days, most_days=most
        )
    typer.echo(made.secret)


@app.command("sessions")
def sessions(
    name: NameArgument,
    end: Annotated[bool, typer.Option("--end", help="End them all, and the tokens.")] = False,
    store: console.StoreOption = console.DEFAULT_STORE,
    as_json: console.JsonOption = False,
) -> None:
    """List the live sessions of an account, or end them."""
    from api.auth import keeping
    from api.schemas.accounts import SessionItem
    from geo.store import accounts, sign_ins

    if end:
        with console.opened(store) as opened, opened.write() as conn:
            ended = keeping.end_all(conn, doer(), name, tokens=True)
        typer.echo(f"{ended} sessions of {name} ended")
        return
    idle_s = console.settings().session_idle_minutes * 60
    with console.opened(store) as opened, opened.read() as conn:
        key = accounts.named(conn, name).user_id
        found = sign_ins.sessions(conn, key, now=console.now(), idle_s=idle_s)
    if as_json:
        console.print_json({"items": [SessionItem.of(one, None) for one in found], "next": None})
        return
    for one in found:
        typer.echo(f"{one.session_id}  since {one.created_at}  from {one.address}  {one.agent}")
    if not found:
        typer.echo(f"{name} has no live session")


def doer() -> Doer:
    """Who works on the command line, for the audit."""
    from api.auth.trail import Doer

    return Doer(console.settings().actor, address="command line")


def asked_password(*, stdin: bool) -> str:
    """The password from stdin, or asked for twice on the terminal. Raises `NoPassword`."""
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise NoPassword
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _change(
    store: str,
    name: str,
    *,
    role: AccountRole | None = None,
    units: frozenset[str] | None = None,
    disabled: bool | None = None,
) -> Account:
    from api.auth import keeping

    change = keeping.UserChange(role=role, units=units, disabled=disabled)
    with console.opened(store) as opened, opened.write() as conn:
        return keeping.change_user(conn, doer(), name, change)
