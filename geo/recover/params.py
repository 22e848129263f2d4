"""The parameters of a recovery run, as a run keeps them."""

from __future__ import annotations

from dataclasses import asdict

from geo.errors import InvalidInput
from geo.recover.plan import RecoverParams
from geo.runs.run import Run


class BadRunParams(InvalidInput):
    """What a run was asked for cannot be read."""

    template = "a run cannot be made of {params}: {problem}"


def run_params(params: RecoverParams) -> dict[str, object]:
    """The parameters as a run keeps them: JSON values by name, those not given left out."""
    values = {name: value for name, value in asdict(params).items() if value is not None}
    return values | ({"site_ids": list(params.site_ids)} if params.site_ids is not None else {})


def params_of(run: Run) -> RecoverParams:
    """The parameters that `run_params` made a run of. Raises `BadRunParams`."""
    values = dict(run.params)
    site_ids = values.pop("site_ids", None)
    if site_ids is not None:
        if not isinstance(site_ids, list | tuple) or not all(isinstance(one, int) for one in site_ids):
            raise BadRunParams(params=values, problem="site_ids is no list of numbers")
        values["site_ids"] = tuple(site_ids)
    try:
        return RecoverParams(**values)  # type: ignore[arg-type]  # a wrong name is caught below
    except TypeError as error:
        raise BadRunParams(params=values, problem=str(error)) from error
