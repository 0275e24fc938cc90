"""An autoencoder with StepLogistic latents, in the stable forms of the library and as the equations stand in print."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from bernoulli_latent import Logistic, StepLogistic, kl_divergence

__all__ = ["FORMS", "DigitsVAE", "naive_closed", "naive_sampled", "stable", "train"]

STEEPNESS = 10.0
"""The decoder sees the logistic function of this many times the latent."""

Form = Callable[[Tensor, torch.Generator], tuple[Tensor, Tensor]]


def stable(logits: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Latents and the divergence of their law from the standard logistic one, as the library has them."""
    posterior = StepLogistic(logits=logits)
    return posterior.sample(rng=rng), kl_divergence(posterior, Logistic(loc=0.0, scale=1.0))


def naive_closed(logits: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Equations 5.4 and 5.7 in ``alpha = 2 sigmoid(logits)`` with ``torch.where``, and the divergence in alpha."""
    alpha = 2 * torch.sigmoid(logits)
    divergence = alpha / 2 * torch.log(alpha) + (1 - alpha / 2) * torch.log(2 - alpha)
    return _naive_draw(alpha, rng), divergence


def naive_sampled(logits: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """The same draw, and the log-ratio of the densities at it in place of the divergence."""
    alpha = 2 * torch.sigmoid(logits)
    z = _naive_draw(alpha, rng)
    return z, torch.log(torch.where(z < 0, 2 - alpha, alpha))


def _naive_draw(alpha: Tensor, rng: torch.Generator) -> Tensor:
    u = torch.rand(alpha.shape, generator=rng).clamp(1e-6, 1 - 1e-6)
    left, right = torch.log(u / (2 - alpha - u)), torch.log((alpha + u - 1) / (1 - u))
    return torch.where(u < 1 - alpha / 2, left, right)


FORMS: dict[str, Form] = {"stable": stable, "naive_closed": naive_closed, "naive_sampled": naive_sampled}


class DigitsVAE(nn.Module):
    """Encoder and decoder of one hidden layer for images of `n_pixels` grey values in [0, 1].

    Parameters
    ----------
    n_latents : int
        Number of StepLogistic latents.
    n_pixels, n_hidden : int
        Sizes of the images and of the hidden layers.
    """

    def __init__(self, n_latents: int, n_pixels: int = 64, n_hidden: int = 128) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(n_pixels, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_latents))
        self.decoder = nn.Sequential(nn.Linear(n_latents, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_pixels))

    def loss(self, images: Tensor, form: Form, rng: torch.Generator) -> Tensor:
        """Negative bound on the log-likelihood, in nats per image."""
        latents, divergence = form(self.encoder(images), rng)
        pixels = self.decoder(torch.sigmoid(STEEPNESS * latents))
        error = functional.binary_cross_entropy_with_logits(pixels, images, reduction="sum")
        return (error + divergence.sum()) / len(images)


def train(images: Tensor, n_latents: int, form: Form, n_steps: int, seed: int) -> tuple[list[float], float]:
    """Losses of up to `n_steps` steps of Adam on batches of 100, and the largest logit; stops at a NaN parameter."""
    rng = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = DigitsVAE(n_latents, images.shape[1])
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses: list[float] = []
    for _ in range(n_steps):
        batch = images[torch.randint(len(images), (100,), generator=rng)]
        optimiser.zero_grad()
        loss = model.loss(batch, form, rng)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
        if not all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters()):
            break
    with torch.no_grad():
        largest = float(model.encoder(images).abs().max())
    return losses, largest
