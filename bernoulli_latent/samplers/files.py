"""Fitted samplers in files."""

from __future__ import annotations

import os
from typing import Any

from bernoulli_latent._arrays import to_host
from bernoulli_latent.form import Form
from bernoulli_latent.io import read_arrays, write_arrays
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.report import FitReport
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties

__all__ = ["read_sampler", "write_sampler"]

TIES = ("representatives", "index", "flip")


def write_sampler(
    path: str | os.PathLike[str],
    kind: str,
    parameters: dict[str, Any],
    model: Rounding,
    moments: BernoulliMoments,
    form: Form,
    report: FitReport,
) -> None:
    """Write a fitted sampler of class name `kind`."""
    arrays = {"factor": to_host(model.factor)} | {name: to_host(getattr(model.ties, name)) for name in TIES}
    name, content = moments.as_array()
    arrays[name] = to_host(content)
    values = {
        "parameters": parameters,
        "constant": model.constant,
        "form": form.as_dict(),
        "report": report.as_dict(),
    }
    write_arrays(path, kind, arrays, values)


def read_sampler(
    path: str | os.PathLike[str], kind: str
) -> tuple[dict[str, Any], Rounding, BernoulliMoments, FitReport]:
    """Read the parameters, the model, the moments with their form, and the report of a sampler."""
    arrays, values = read_arrays(path, kind)
    model = Rounding(arrays.pop("factor"), Ties(*(arrays.pop(name) for name in TIES)), values["constant"])
    moments = BernoulliMoments.from_array(*arrays.popitem())
    moments.form = Form.from_dict(values["form"])
    if values["form"]["library"] == "torch":
        model, moments = model.to("cpu"), moments.to("cpu")
    return values["parameters"], model, moments, FitReport.from_dict(values["report"])
