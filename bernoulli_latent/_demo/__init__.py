"""A demonstration on real digits: pictures to bits, moments, samples, paths and edits, in under a minute."""

from __future__ import annotations

from bernoulli_latent._demo.experiment import conduct
from bernoulli_latent._demo.picture import draw
from bernoulli_latent._demo.table import tabulate

__all__ = ["run"]


def run(output: str = "demo.png", seed: int = 0, epochs: int = 120) -> None:
    """Learn a code for digits, use every part of the library on it, print a table and draw a picture.

    Parameters
    ----------
    output : str
        Picture to write; the suffix says in which format.
    seed : int
        Of the split, the training and the samples.
    epochs : int
        Passes over the training digits, at least 1.

    Notes
    -----
    Without torch no autoencoder is trained: the pixels themselves, thresholded, are the bits.
    """
    experiment = conduct(seed, epochs)
    print(tabulate(experiment))
    draw(experiment, output)
    print(f"\n{output}: {experiment.code.title}")
