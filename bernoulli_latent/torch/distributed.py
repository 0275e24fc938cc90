"""Moments of samples that are spread over processes."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from bernoulli_latent._arrays import like_place
from bernoulli_latent.form import Form
from bernoulli_latent.moments import BernoulliMoments

__all__ = ["all_reduce_moments"]


def all_reduce_moments(moments: BernoulliMoments, group: dist.ProcessGroup | None = None) -> BernoulliMoments:
    """Moments of the samples of all processes together, the same in each of them, exact.

    Parameters
    ----------
    moments : BernoulliMoments
        Moments counted from the samples of this process; empty if it has none.
    group : torch.distributed.ProcessGroup, optional
        The processes that take part; all if None. Each of them must call.

    Returns
    -------
    BernoulliMoments
        Where the moments of this process live; `moments` stays as it is.

    Raises
    ------
    TypeError
        If the moments of a process were given as numbers, so that there are no counts to add to.
    ValueError
        If processes differ in the number of bits or in the coding. Errors are raised in all processes alike.

    Notes
    -----
    Counts are integers, and their sum is exact whatever the number of processes. What travels is one matrix of
    ``n_bits + 1`` rows and columns for each process, not the samples.

    Examples
    --------
    In each process, with its share of the samples::

        moments = all_reduce_moments(BernoulliMoments.from_samples(codes))
    """
    outlines = _gather(_outline(moments), group)
    n_bits, form = _common(outlines), reduce(_merge, [moments.form, *(_form(x) for x in outlines if x)])
    if n_bits is None:
        return moments.copy()
    own = None if moments.is_empty else moments.as_array()[1]
    like = own if form is None else form.like
    counts = _to_device(np.zeros((n_bits + 1,) * 2, np.int64) if own is None else own, group)
    dist.all_reduce(counts, group=group)
    total = BernoulliMoments.from_array("counts", like_place(counts, like))
    total.form = form
    return total


def _outline(moments: BernoulliMoments) -> dict[str, Any] | None:
    """What processes must agree about; None for empty moments."""
    if moments.is_empty:
        return None
    form = None if moments.form is None else moments.form.as_dict()
    return {"kind": moments.as_array()[0], "n_bits": moments.n_bits, "form": form}


def _gather(outline: Any, group: dist.ProcessGroup | None) -> list[Any]:
    outlines = [None] * dist.get_world_size(group)
    dist.all_gather_object(outlines, outline, group=group)
    return outlines


def _common(outlines: list[Any]) -> int | None:
    """Number of bits in all processes that have any."""
    filled = {rank: x for rank, x in enumerate(outlines) if x}
    for rank, outline in filled.items():
        if outline["kind"] != "counts":
            raise TypeError(f"`moments` must be counted from samples; those of process {rank} were given as numbers")
    widths = {outline["n_bits"] for outline in filled.values()}
    if len(widths) > 1:
        raise ValueError(f"`moments` must have equally many bits in all processes; got {sorted(widths)}")
    return widths.pop() if widths else None


def _form(outline: dict[str, Any]) -> Form | None:
    return outline["form"] and Form.from_dict(outline["form"])


def _merge(form: Form | None, other: Form | None) -> Form | None:
    return form.merge(other) if form and other else form or other


def _to_device(counts: Any, group: dist.ProcessGroup | None) -> Tensor:
    """Copy of `counts` where processes of the `group` exchange tensors."""
    on_gpu = dist.get_backend(group) == "nccl"
    return torch.as_tensor(counts, device="cuda" if on_gpu else "cpu").clone()
