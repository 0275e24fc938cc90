"""The arithmetic of the benchmarks: floors, the scripts beside the library, counts of instructions."""

from __future__ import annotations

import json
import platform

import numpy as np
import pytest

from benchmarks import floors, numpy_script, operations
from benchmarks.callgrind import counted
from benchmarks.kernel_jobs import jobs
from benchmarks.measure import Row, Timing, in_fresh_process, interleave
from benchmarks.plot_scaling import FIGURES
from benchmarks.results import read
from benchmarks.tables import cpu
from bernoulli_latent import BernoulliMoments, moments_from_gram

PEAKS = {"float32 multiply-adds": 10.0, "32-bit products": 5.0, "bytes read": 2.0, "bits compared": 4.0}


@pytest.fixture
def peaks(monkeypatch):
    monkeypatch.setattr(floors, "_peak", PEAKS.__getitem__)


@pytest.mark.parametrize(
    ("work", "seconds"),
    [
        ({"float32 multiply-adds": 20, "32-bit products": 5}, 3.0),
        ({"float32 multiply-adds": 20, "bytes read": 2}, 2.0),
        ({"float32 multiply-adds": 20, "bytes read": 6}, 3.0),
        ({}, 0.0),
    ],
)
def test_arithmetic_adds_up_and_memory_is_moved_meanwhile(peaks, work, seconds):
    assert floors.floor_seconds(work) == seconds


def test_over_floor_is_a_ratio(peaks):
    row = Row("x", {}, timing=Timing([6.0], [6.0])).as_dict()
    assert floors.over_floor(row, {"float32 multiply-adds": 20}) == "3 x"
    assert floors.over_floor(None, {"float32 multiply-adds": 20}) == "-"


@pytest.mark.parametrize("rank", [1, 4, 7])
def test_products_of_a_draw_are_the_entries_of_a_triangular_factor(rank):
    n_bits, n_samples = 6, 10
    entries = np.tri(n_bits + 1, rank).sum()
    work = floors.draw(n_samples, n_bits, rank, "float32")
    normals = n_samples * rank * floors.NORMAL["float32 multiply-adds"]
    assert work["float32 multiply-adds"] == n_samples * entries + normals
    assert floors.draw(n_samples, n_bits, rank, "int16")["int16 multiply-adds"] == n_samples * entries


def test_pairs_of_a_gram_matrix_are_counted_once():
    n_bits, n_samples = 5, 64
    pairs = np.tri(n_bits + 1, k=-1).sum()
    assert floors.gram(n_samples, n_bits) == {"bits compared": n_samples * pairs, "bytes read": n_samples * n_bits / 8}
    assert floors.gram(n_samples, n_bits, itemsize=4)["bytes read"] == n_samples * n_bits * 4


def test_every_kind_of_work_was_measured():
    measured = {row["contender"] for row in read("machine")}
    works = (
        floors.draw(1, 2, 3, "float32"),
        floors.draw(1, 2, 3, "int16"),
        floors.structured(1, 2, 3),
        floors.gram(1, 2),
        floors.tetrachoric(1),
        floors.elementwise(1, 4),
    )
    assert {kind for work in works for kind in work} <= measured


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_script_computes_what_the_library_does(dtype):
    rng = np.random.default_rng(0)
    y = np.where(rng.random((500, 4)) < [0.4, 0.5, 0.6, 0.7], 1, -1).astype(np.int8)
    M = numpy_script.second_moments(y, dtype)
    assert M.dtype == dtype
    np.testing.assert_allclose(M, BernoulliMoments.from_samples(y).matrix, atol=1e-6)
    factor = numpy_script.factor_of(M)
    np.testing.assert_allclose(factor @ factor.T, np.sin(np.pi / 2 * M), atol=1e-5)
    bits = numpy_script.draws(factor, 40_000)
    model = moments_from_gram(np.float64(factor @ factor.T))
    np.testing.assert_allclose(BernoulliMoments.from_samples(bits).matrix, model, atol=0.03)


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ({"a": 101, "b": 50}, 0),
        ({"a": 90, "b": 50}, 0),
        ({"a": 103, "b": 50}, 1),
        ({"a": 100}, 1),
        ({"a": 100, "b": 50, "c": 1}, 1),
    ],
)
def test_grown_missing_and_unknown_counts_are_found(now, status, capsys):
    assert operations.compare({"a": 100, "b": 50}, now) == status
    assert len(capsys.readouterr().out.splitlines()) == len({"a", "b"} | now.keys())


def test_counts_are_kept_for_every_job():
    assert set(json.loads(operations.COUNTS.read_text())["instructions"]) == set(jobs())


@pytest.mark.skipif(platform.machine() != "x86_64", reason="valgrind's sign is written for x86-64")
def test_requests_to_valgrind_do_nothing_outside_it():
    calls = []
    counted(lambda: calls.append(1), 3)
    assert len(calls) == 3


def test_fresh_process_gets_as_many_threads_as_asked():
    described = in_fresh_process("benchmarks.environment:describe", threads=2)
    assert set(described["threads"].values()) == {"2"}


def test_contenders_take_turns():
    order = []
    timings = interleave({name: lambda name=name: order.append(name) for name in "ab"}, 2)
    assert order == list("ababab")
    assert all(len(timing.cpu) == len(timing.wall) == 2 for timing in timings.values())


def test_every_panel_has_rows():
    drawn = {panel.job for panels in FIGURES.values() for panel in panels}
    rows = read("scaling")
    assert drawn == {row["parameters"]["job"] for row in rows}
    assert all(cpu(row) > 0 for row in rows)
