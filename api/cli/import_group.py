"""The group `reverdure import`: a file is imported, unless the first word names a step around it."""

from __future__ import annotations

from typing import Final

import typer
from typer.core import TyperGroup

from api.cli import import_files, imports

FILE: Final = "file"


class FileUnlessStep(TyperGroup):
    """A group whose words belong to the command `file` unless the first of them is another command."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # typer.Context is click's own
        """The arguments, `file` put before those that name no step."""
        named = bool(args) and args[0] in self.commands
        return super().parse_args(ctx, args if named else [FILE, *args])


app = typer.Typer(cls=FileUnlessStep, help="Import a file; the steps around it are template, show and undo.")
app.command(FILE)(imports.import_sites)
app.command("template")(import_files.import_template)
app.command("undo")(import_files.import_undo)
app.command("show")(import_files.import_show)
