"""Fitted samplers in files."""

from __future__ import annotations

import os
from typing import Any

from bernoulli_latent._arrays import to_host
from bernoulli_latent.form import Form
from bernoulli_latent.io import read_arrays, read_kind, write_arrays
from bernoulli_latent.moments import BernoulliMoments
from bernoulli_latent.samplers.report import FitReport
from bernoulli_latent.samplers.rounding import Rounding
from bernoulli_latent.samplers.ties import Ties

__all__ = ["load_sampler", "read_sampler", "write_sampler"]

KINDS = ("DichotomizedGaussianSampler", "HyperplaneSampler", "MixtureSampler", "StructuredSampler")
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


def load_sampler(path: str | os.PathLike[str]) -> Any:
    """Read a sampler of any kind from the file to which its method ``save`` wrote it.

    Parameters
    ----------
    path : str or path-like
        An .npz or .safetensors file.

    Returns
    -------
    DichotomizedGaussianSampler, HyperplaneSampler, MixtureSampler or StructuredSampler

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If the file is damaged, foreign, holds no sampler, or is of a newer version. Nothing in it is executed.

    Examples
    --------
    >>> import tempfile
    >>> from bernoulli_latent import BernoulliMoments, fit_sampler, load_sampler
    >>> sampler = fit_sampler(BernoulliMoments.from_marginals([0.1, 0.2]), verbose=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sampler.save(f"{folder}/model.npz")
    ...     twin = load_sampler(f"{folder}/model.npz")
    >>> bool((twin.sample(9, rng=0) == sampler.sample(9, rng=0)).all())
    True
    """
    import bernoulli_latent

    kind = read_kind(path)
    if kind not in KINDS:
        raise ValueError(f"{os.fspath(path)!r} must hold a sampler; it holds a {kind}")
    return getattr(bernoulli_latent, kind).load(path)
