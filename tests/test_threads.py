"""Work shared by threads."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bernoulli_latent._threads import VARIABLE, in_parallel, thread_count


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(1, 70))
def test_parts_cover_the_range_once_and_are_cut_at_the_grain(n: int, threads: int, grain: int) -> None:
    parts = in_parallel(lambda start, stop: (start, stop), n, threads, grain)
    assert [k for start, stop in parts for k in range(start, stop)] == list(range(n))
    assert 1 <= len(parts) <= threads
    assert all(start % grain == 0 for start, _ in parts)


def test_parts_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=10)
    in_parallel(lambda start, stop: meeting.wait(), 2, 2)


def test_an_error_in_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_parallel(lambda start, stop: 1 / (start - stop + 1), 2, 2)


def test_threads_are_one_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert thread_count(None) == 1
    monkeypatch.setenv(VARIABLE, "3")
    assert thread_count(None) == 3
    assert thread_count(2) == 2


@pytest.mark.parametrize("given", ["0", "two", "-1", ""])
def test_a_wrong_variable_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(VARIABLE, given)
    with pytest.raises(ValueError, match=f"{VARIABLE} must be a positive integer; got '{given}'"):
        thread_count(None)


def test_a_wrong_argument_is_refused() -> None:
    with pytest.raises(ValueError, match="`threads` must be"):
        thread_count(0)
