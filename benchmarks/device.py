"""Seconds of calls on a torch device, and the least they could take there: bytes and operations over measured rates."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import torch

__all__ = ["Problem", "Rates", "describe", "measure", "place", "rates", "summary"]

BUDGET = 1.5
"""Seconds for the repeats of a problem, so that a whole run ends in minutes."""

Calls = Mapping[str, Callable[[], Any]]


@dataclass(frozen=True)
class Rates:
    """What the device reaches in its best case."""

    bytes: float
    float32: float
    int8: float


@dataclass(frozen=True)
class Problem:
    """Contenders for one job of so many `items`, with the least seconds for each that has a known bound."""

    operation: str
    parameters: Mapping[str, object]
    items: int
    calls: Calls
    floors: Mapping[str, float] = field(default_factory=dict)


def place() -> torch.device:
    """The device measured: CUDA's, or the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe(device: torch.device) -> dict[str, object]:
    """Name of the device and versions of what drives it."""
    if device.type == "cpu":
        return {"device": "cpu"}
    return {
        "device": torch.cuda.get_device_name(device),
        "capability": list(torch.cuda.get_device_capability(device)),
        "multiprocessors": torch.cuda.get_device_properties(device).multi_processor_count,
        "cuda": torch.version.cuda,
        "torch": torch.__version__,
    }


def rates(device: torch.device) -> Rates:
    """Bytes copied, read and written, and multiplications with an addition, a second."""
    side, count = (8192, 2**28) if device.type == "cuda" else (512, 2**22)
    source = torch.ones(count, device=device)
    target = torch.empty_like(source)
    a = torch.ones((side, side), device=device)
    small = a.to(torch.int8)
    calls = {
        "bytes": lambda: target.copy_(source),
        "float32": lambda: a @ a,
        "int8": lambda: torch._int_mm(small, small.T),
    }
    amounts = {"bytes": 2 * source.nbytes, "float32": side**3, "int8": side**3}
    times = measure(calls, device)
    return Rates(**{name: amounts[name] / _least(times[name]) for name in calls})


def _least(times: list[float] | str) -> float:
    """Shortest time; endless where the call failed, so that its rate is 0."""
    return float("inf") if isinstance(times, str) else min(times)


def measure(calls: Calls, device: torch.device, repeats: int = 15) -> dict[str, list[float] | str]:
    """Seconds of each call, in turns after two that are not counted; or what it raised."""
    times: dict[str, list[float] | str] = {}
    for name, call in calls.items():
        try:
            _seconds(call, device)
            times[name] = [] if _seconds(call, device) < BUDGET else [_seconds(call, device)]
        except (RuntimeError, TypeError, NotImplementedError) as error:
            times[name] = repr(error)[:300]
    stop = time.perf_counter() + BUDGET * len(calls)
    for turn in range(repeats):
        if turn >= 3 and time.perf_counter() > stop:
            break
        for name, call in calls.items():
            seconds = times[name]
            if isinstance(seconds, list) and (not seconds or seconds[-1] < BUDGET):
                seconds.append(_seconds(call, device))
    return times


def _seconds(call: Callable[[], Any], device: torch.device) -> float:
    """Seconds on the device between two events; on the CPU, of the processor."""
    if device.type == "cpu":
        start = time.process_time()
        call()
        return time.process_time() - start
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    begin.record()
    call()
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end)) / 1e3


def summary(times: list[float] | str, items: int, floor: float | None) -> dict[str, object]:
    """Median, extremes and rate of the times of a call, and how many times the least possible it took."""
    if isinstance(times, str):
        return {"failed": times}
    seconds = median(times)
    spread = {"seconds": seconds, "min": min(times), "max": max(times), "repeats": len(times)}
    bound = {} if floor is None else {"floor_seconds": floor, "times_the_floor": seconds / floor}
    return {**spread, "items_per_second": items / seconds, **bound}
