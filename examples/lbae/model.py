"""The Latent Bernoulli Autoencoder: convolutions to and from bits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bernoulli_latent.torch import BernoulliBottleneck
from examples.common import checkpoints
from examples.common.training import Losses

__all__ = ["KIND", "LBAE", "Plan", "load", "save"]

KIND = "lbae"
SLOPE = 0.02
SPREAD = 0.02
"""Standard deviation of the first weights of convolutions."""
CORNER = 4
"""Side of the smallest map."""

conv3 = partial(nn.Conv2d, kernel_size=3, padding=1, bias=False)
conv4 = partial(nn.Conv2d, kernel_size=4, stride=2, padding=1, bias=False)
transposed3 = partial(nn.ConvTranspose2d, kernel_size=3, padding=1, bias=False)
transposed4 = partial(nn.ConvTranspose2d, kernel_size=4, stride=2, padding=1, bias=False)


@dataclass(frozen=True)
class Plan:
    """Sizes of a model; those published have width 1.

    Parameters
    ----------
    side, channels : int
        Of the images. Those of 28 pixels are padded to 32; the network is for 32 or 64.
    bits : int
        Length of the code.
    width : float
        Factor on all numbers of channels.
    code_channels : int, optional
        Channels of the 4 x 4 map that the decoder first makes of a code. By default as published: 1 for grey images, so
        that their codes pass through 16 numbers; for coloured ones 128 of 32 pixels, 256 of 64.

    Raises
    ------
    ValueError
        If images have another size, or a number is not positive.
    """

    side: int
    channels: int
    bits: int
    width: float = 1.0
    code_channels: int | None = None

    def __post_init__(self) -> None:
        if self.side not in (28, 32, 64):
            raise ValueError(f"`side` must be 28, 32 or 64 pixels; got {self.side}")
        for name in ("channels", "bits", "width", "code_channels"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"`{name}` must be positive; got {value}")

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels after each halving but the last, which has :attr:`last`."""
        return tuple(self._scaled(channels) for channels in ((64, 128, 256) if self.side == 64 else (64, 128)))

    @property
    def last(self) -> int:
        """Channels of the encoder's 4 x 4 map."""
        return self._scaled(256)

    @property
    def first(self) -> int:
        """Channels of the decoder's 4 x 4 map."""
        if self.code_channels is not None:
            return self.code_channels
        return 1 if self.channels == 1 else self.widths[-1]

    def _scaled(self, channels: int) -> int:
        return max(round(channels * self.width), 1)


class Residual(nn.Module):
    """Two convolutions beside the identity, with an activation after the sum."""

    def __init__(self, channels: int, convolution: partial[Any]) -> None:
        super().__init__()
        layers = (nn.LeakyReLU(SLOPE), convolution(channels, channels), nn.BatchNorm2d(channels))
        more = (nn.LeakyReLU(SLOPE), convolution(channels, channels), nn.BatchNorm2d(channels))
        self.inner = nn.Sequential(*layers, *more)

    def forward(self, maps: Tensor) -> Tensor:
        """Maps of the same shape."""
        return functional.leaky_relu(maps + self.inner(maps), SLOPE)


def encoder(plan: Plan) -> nn.Sequential:
    """From images in [0, 1] to numbers whose signs are the bits."""
    stem = plan.widths[0]
    layers = [conv3(plan.channels, stem), nn.BatchNorm2d(stem), nn.LeakyReLU(SLOPE)]
    for before, after in pairwise((stem, *plan.widths)):
        layers += [conv4(before, after), nn.BatchNorm2d(after), Residual(after, conv3)]
    layers += [conv4(plan.widths[-1], plan.last), nn.Flatten(), nn.Linear(plan.last * CORNER**2, plan.bits)]
    return nn.Sequential(*layers)


def decoder(plan: Plan) -> nn.Sequential:
    """From signs to logits of pixels."""
    stem = plan.widths[0]
    layers = [nn.Linear(plan.bits, plan.first * CORNER**2), nn.Unflatten(1, (plan.first, CORNER, CORNER))]
    for before, after in pairwise((plan.first, *reversed(plan.widths))):
        layers += [transposed4(before, after), nn.BatchNorm2d(after), Residual(after, transposed3)]
    layers += [transposed4(stem, stem), nn.BatchNorm2d(stem), nn.LeakyReLU(SLOPE), transposed3(stem, plan.channels)]
    return nn.Sequential(*layers)


class LBAE(nn.Module):
    """Autoencoder whose code is bits: signs of the encoder's output, with the gradient of its tanh.

    Parameters
    ----------
    plan : Plan
        Sizes; images of 28 pixels come padded to 32.

    References
    ----------
    .. [1] Fajtl, Argyriou, Monekosso, Remagnino, "Latent Bernoulli Autoencoder", ICML 2020; sizes as in the
       authors' code.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.encoder, self.decoder = encoder(plan), decoder(plan)
        self.bottleneck = BernoulliBottleneck("tanh_sign")
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, std=SPREAD)

    def codes(self, images: Tensor) -> Tensor:
        """Bits as -1 and +1, shape (n, bits)."""
        codes: Tensor = self.bottleneck(self.encoder(images))[0]
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        """Images in [0, 1]."""
        return torch.sigmoid(self.decoder(codes).float())

    def loss(self, images: Tensor) -> Losses:
        """Cross-entropy in nats for grey images, squared error for coloured ones; summed over pixels."""
        logits = self.decoder(self.codes(images)).float()
        if self.plan.channels == 1:
            error = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum")
        else:
            error = functional.mse_loss(torch.sigmoid(logits), images, reduction="sum")
        return Losses(error / len(images), {})


def save(path: Path, model: LBAE, about: dict[str, Any], *, half: bool = False) -> None:
    """Write weights, plan, and what there is to say `about` them; kernels and matrices in `half` precision if asked."""
    weights = checkpoints.lower(model.state_dict(), torch.float16) if half else model.state_dict()
    checkpoints.save(path, KIND, weights, {"plan": asdict(model.plan), "about": about})


def load(path: Path, device: torch.device | str = "cpu") -> tuple[LBAE, dict[str, Any]]:
    """Model in evaluation mode that :func:`save` wrote or that was exported, and what was said about it.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it is damaged or foreign.
    """
    tensors, values = checkpoints.load(path, KIND)
    model = LBAE(Plan(**values["plan"]))
    model.load_state_dict(tensors)
    return model.to(device).eval(), values["about"]
