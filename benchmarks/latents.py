"""Train small Latent Bernoulli Autoencoders and keep their binary latents, as real data for the benchmarks.

``python -m benchmarks.latents mnist --data FOLDER --bits 200`` writes ``local/latents_mnist_200.npy``
(bool, one row an image, eval mode). ``FOLDER`` holds the IDX files, or for ``cifar10`` the lossless mosaics.
"""

from __future__ import annotations

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn


def read_mnist(folder: Path) -> np.ndarray:
    raw = gzip.decompress((folder / "train-images-idx3-ubyte.gz").read_bytes())
    return np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 1, 28, 28)


def read_cifar10(folder: Path) -> np.ndarray:
    from PIL import Image

    def tiles(path: Path) -> np.ndarray:
        mosaic = np.asarray(Image.open(path).convert("RGB"))
        return mosaic.reshape(50, 32, 100, 32, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, 32, 32)

    return np.concatenate([tiles(path) for path in sorted(folder.glob("train_*.webp"))])


READERS = {"mnist": read_mnist, "cifar10": read_cifar10}


class SignStraightThrough(torch.autograd.Function):
    """Sign with sign(0) = +1; the gradient passes unchanged."""

    @staticmethod
    def forward(ctx, x):
        """Sign of `x`."""
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, gradient):
        """Pass on the gradient."""
        return gradient


def autoencoder(channels: int, side: int, bits: int, width: int = 16) -> tuple[nn.Module, nn.Module]:
    """Two strided convolutions each way: a thin version of the published network."""
    small = side // 4
    encoder = nn.Sequential(
        *(nn.Conv2d(channels, width, 4, 2, 1), nn.BatchNorm2d(width), nn.LeakyReLU(0.02)),
        *(nn.Conv2d(width, 2 * width, 4, 2, 1), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.02)),
        *(nn.Flatten(), nn.Linear(2 * width * small * small, bits), nn.Tanh()),
    )
    decoder = nn.Sequential(
        *(nn.Linear(bits, 2 * width * small * small), nn.Unflatten(1, (2 * width, small, small))),
        *(nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.02), nn.ConvTranspose2d(2 * width, width, 4, 2, 1)),
        *(nn.BatchNorm2d(width), nn.LeakyReLU(0.02), nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Sigmoid()),
    )
    return encoder, decoder


def train(images: torch.Tensor, bits: int, epochs: int, batch: int = 256) -> nn.Module:
    encoder, decoder = autoencoder(images.shape[1], images.shape[2], bits)
    steps = epochs * (len(images) // batch)
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    for epoch in range(epochs):
        order, total = torch.randperm(len(images)), 0.0
        for rows in order[: len(images) // batch * batch].split(batch):
            x = images[rows].float() / 255
            loss = nn.functional.mse_loss(decoder(SignStraightThrough.apply(encoder(x))), x)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() * batch / len(images)
        print(f"epoch {epoch + 1}: mean squared error {total:.4f}, {time.process_time():.0f} s", flush=True)
    return encoder.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=READERS)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--bits", type=int, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--output", type=Path, default=Path("local"))
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images = torch.from_numpy(READERS[options.dataset](options.data).copy())
    encoder = train(images, options.bits, options.epochs)
    with torch.no_grad():
        latents = torch.cat([encoder(x.float() / 255) >= 0 for x in images.split(1000)])
    options.output.mkdir(exist_ok=True)
    np.save(options.output / f"latents_{options.dataset}_{options.bits}.npy", latents.numpy())


if __name__ == "__main__":
    main()
