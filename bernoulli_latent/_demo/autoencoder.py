"""A small latent Bernoulli autoencoder: pictures to signs and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bernoulli_latent._progress import progress

__all__ = ["Autoencoder"]

N_BITS = 128
WIDTH = 256
BATCH = 125
FLIPPED = 0.1
"""Part of the bits flipped at random while training, so that the decoder tolerates codes it has not met."""

Images = np.ndarray[Any, np.dtype[np.float32]]
Latents = np.ndarray[Any, np.dtype[np.int8]]


class StraightThroughSign(torch.autograd.Function):
    """Sign with sign(0) = +1, whose gradient is that of the identity."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        """Signs of `x`."""
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        """Hand the gradient on."""
        return gradient


class Autoencoder(nn.Module):
    """Perceptrons to and from bits, after Fajtl et al., "Latent Bernoulli Autoencoder", ICML 2020, section 3.

    Parameters
    ----------
    n_pixels : int
        Pixels of a picture, with values in [0, 1].
    """

    title = f"Decoded from their {N_BITS} bits"

    def __init__(self, n_pixels: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            *_hidden(n_pixels),
            nn.Linear(WIDTH, N_BITS),
            nn.Tanh(),
        )
        self.decoder = nn.Sequential(
            *_hidden(N_BITS),
            *_hidden(WIDTH),
            nn.Linear(WIDTH, n_pixels),
        )

    @classmethod
    def learn(cls, images: Images, epochs: int, seed: int) -> Autoencoder:
        """Autoencoder trained on pictures of shape (n, n_pixels)."""
        with _one_thread_and_seed(seed):
            model = cls(images.shape[1])
            data = torch.from_numpy(images)
            batches = -(-len(data) // BATCH)
            optimizer = torch.optim.Adam(model.parameters())
            schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=epochs * batches)
            for _ in progress(range(epochs), "training"):
                for rows in torch.randperm(len(data)).chunk(batches):
                    optimizer.zero_grad()
                    model.loss(data[rows]).backward()  # type: ignore[no-untyped-call]
                    optimizer.step()
                    schedule.step()
        return model.eval()

    def loss(self, images: Tensor) -> Tensor:
        """Cross-entropy in nats per picture, with some of the bits flipped."""
        latents: Tensor = StraightThroughSign.apply(self.encoder(images))  # type: ignore[no-untyped-call]
        flip = torch.rand_like(latents) < FLIPPED
        logits = self.decoder(torch.where(flip, -latents, latents))
        return nn.functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)

    @torch.no_grad()
    def encode(self, images: Images) -> Latents:
        """Bits in {-1, +1}, shape (n, N_BITS)."""
        return np.where(self.encoder(torch.from_numpy(images)).numpy() >= 0, 1, -1).astype(np.int8)

    @torch.no_grad()
    def decode(self, latents: Latents) -> Images:
        """Pictures, shape (n, n_pixels)."""
        decoded: Images = torch.sigmoid(self.decoder(torch.from_numpy(latents).float())).numpy()
        return decoded


def _hidden(width: int) -> tuple[nn.Module, ...]:
    return nn.Linear(width, WIDTH), nn.BatchNorm1d(WIDTH), nn.LeakyReLU(0.02)


@contextmanager
def _one_thread_and_seed(seed: int) -> Iterator[None]:
    """Torch's global state for a training whose matrices are too small for a second thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
