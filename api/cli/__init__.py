"""The command line `reverdure`: each command loads what is heavy only when it runs."""

from __future__ import annotations

import typer
from typer.core import TyperGroup

from api.cli import (
    agreement,
    candidates,
    carbon,
    chronosequence,
    demo,
    drift,
    evidence,
    history,
    import_files,
    import_group,
    maps,
    proposals,
    rates,
    recovery,
    redrawings,
    samples,
    scenes,
    server,
    spectral,
    subsidence,
    users,
    worker,
    workflow,
)
from api.cli.console import register_legends, report
from geo.errors import ReverdureError


class OneLineErrors(TyperGroup):
    """A command group that says an error of the domain in one line and leaves with code 1."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # typer.Context is click's own
        """What the command returns; a `ReverdureError` becomes one line on stderr and exit code 1."""
        try:
            register_legends()
            return super().invoke(ctx)
        except ReverdureError as error:
            report(str(error))
            raise typer.Exit(1) from error


app = typer.Typer(
    name="reverdure",
    cls=OneLineErrors,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tracks the rehabilitation of legacy mines and coal-mining subsidence areas.",
)
app.command("demo")(demo.demo)
app.command("serve")(server.serve)
app.command("worker")(worker.worker)
app.add_typer(import_group.app, name="import")
app.add_typer(import_files.status_app, name="status")
scenes.app.command("drift")(drift.drift)
app.add_typer(scenes.app, name="scenes")
app.command("recover")(recovery.recover)
app.command("spectral")(spectral.spectral)
app.command("indices")(spectral.indices)
app.add_typer(spectral.references, name="references")
app.command("rates")(rates.rates)
app.command("chronosequence")(chronosequence.chronosequence)
app.command("evidence")(evidence.evidence)
app.command("worklist")(rates.worklist)
app.command("agreement")(agreement.agreement)
app.add_typer(samples.app, name="sample")
app.command("approve")(proposals.approve)
app.command("merge")(redrawings.merge)
app.command("split")(redrawings.split)
app.command("undo")(workflow.undo)
app.command("overdue")(workflow.overdue)
app.add_typer(maps.app, name="map")
app.add_typer(subsidence.app, name="subsidence")
app.add_typer(candidates.app, name="candidates")
app.command("carbon")(carbon.carbon)
app.add_typer(users.app, name="user")
app.command("verify")(history.verify)
app.command("migrate")(history.migrate)


def main() -> None:
    """The console script `reverdure`."""
    app()


__all__ = ["app", "main"]
