"""Handwritten digits, 8 x 8 pixels, that come with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

__all__ = ["Digits", "load"]

N_TRAINING = 1500

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Digits:
    """Pictures in [0, 1], shape (n, 64), with the digits they show, shape (n,)."""

    images: Array
    classes: Array


def load(seed: int) -> tuple[Digits, Digits]:
    """Digits to learn from, and unseen ones, split at random."""
    images, classes = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(images))
    parts = order[:N_TRAINING], order[N_TRAINING:]
    training, unseen = (Digits((images[rows] / 16).astype(np.float32), classes[rows]) for rows in parts)
    return training, unseen
