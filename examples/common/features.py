"""A small classifier, trained here: its features stand in for Inception's, and it judges edits of attributes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from examples.common import checkpoints
from examples.common.images import Images
from examples.common.inputs import to_batch

__all__ = ["Classifier", "origin", "train_classifier"]

KIND = "classifier"
N_FEATURES = 64
BATCH = 64
LEAST_STEPS = 20
"""Of an epoch; batches of small sets are smaller."""
LEARNING_RATE = 2e-3

Pixels = np.ndarray[Any, np.dtype[np.uint8]]
Features = np.ndarray[Any, np.dtype[np.float64]]


class Classifier(nn.Module):
    """Three or five convolutions, 64 features, and a logit for each class or attribute.

    Parameters
    ----------
    shape : tuple of int
        Height, width and channels of the images; grey ones get the smaller network.
    names : tuple of str
        Names of classes or attributes.
    attributes : bool
        Whether an image can have several of them.

    Attributes
    ----------
    accuracy : float
        Share of right answers on the images it was last tested on, averaged over attributes; NaN before.
    about : dict
        What it was trained on and how, as :func:`origin` says it; empty before.
    """

    distance = "CFD"
    """Name of the Frechet distance of its features; it is no FID."""

    def __init__(self, shape: tuple[int, int, int], names: tuple[str, ...], attributes: bool = False) -> None:
        super().__init__()
        self.shape, self.names, self.attributes = shape, names, attributes
        self.accuracy, self.about = float("nan"), dict[str, Any]()
        body = _grey_body() if shape[2] == 1 else _colour_body()
        with torch.no_grad():
            n_inputs = body.eval()(to_batch(np.zeros((1, *shape), np.uint8))).shape[1]
        self.body = nn.Sequential(*body, nn.Linear(n_inputs, N_FEATURES), nn.ReLU())
        self.head = nn.Linear(N_FEATURES, len(names))

    @property
    def description(self) -> str:
        """What the features are of, for rows of results."""
        return f"classifier of {len(self.names)} {'attributes' if self.attributes else 'classes'}"

    def forward(self, batch: Tensor) -> Tensor:
        """Logits of images in [0, 1]."""
        return self.head(self.body(batch))

    def features(self, pixels: Pixels) -> Features:
        """The 64 values before the logits, float64 (n, 64), of uint8 images (n, height, width, channels)."""
        return self._evaluated(self.body, pixels)

    def logits(self, pixels: Pixels) -> Features:
        """One for each class or attribute, float64 (n, k); above 0 for an attribute that is there."""
        return self._evaluated(self, pixels)

    def test(self, images: Images) -> float:
        """Share of right answers, averaged over attributes; it is kept in `accuracy`."""
        logits, (truth, _) = self.logits(images.pixels), _targets(images)
        answers = logits > 0 if self.attributes else logits.argmax(axis=1)
        self.accuracy = float(np.mean(answers == truth))
        return self.accuracy

    def share(self, pixels: Pixels, name: str) -> float:
        """Share of the images in which the class or attribute `name` is seen."""
        logits, column = self.logits(pixels), self.names.index(name)
        seen = logits[:, column] > 0 if self.attributes else logits.argmax(axis=1) == column
        return float(seen.mean())

    def save(self, path: Path) -> None:
        """Write to a .safetensors or .npz file, without pickle."""
        values = {"shape": self.shape, "names": self.names, "attributes": self.attributes, "about": self.about}
        accuracy = None if np.isnan(self.accuracy) else self.accuracy
        checkpoints.save(path, KIND, self.state_dict(), {**values, "accuracy": accuracy})

    @classmethod
    def load(cls, path: Path) -> Classifier:
        """Read what :meth:`save` wrote."""
        tensors, values = checkpoints.load(path, KIND)
        accuracy = values.pop("accuracy")
        model = cls(tuple(values["shape"]), tuple(values["names"]), values["attributes"])
        model.load_state_dict(tensors)
        model.accuracy, model.about = float("nan") if accuracy is None else accuracy, values["about"]
        return model.eval()

    @torch.no_grad()
    def _evaluated(self, network: Callable[[Tensor], Tensor], pixels: Pixels) -> Features:
        if pixels.dtype != np.uint8 or pixels.shape[1:] != self.shape:
            got = f"{pixels.dtype} of shape {pixels.shape}"
            raise ValueError(f"`pixels` must be uint8 of shape (n, {', '.join(map(str, self.shape))}); got {got}")
        device = self.head.weight.device
        self.eval()
        batches = [network(to_batch(pixels[i : i + 1000], device)).cpu() for i in range(0, len(pixels), 1000)]
        return torch.cat(batches).double().numpy()


def _grey_body() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Flatten()),
    )


def _colour_body() -> nn.Sequential:
    plan = ((3, 32, 5, 2), (32, 64, 3, 2), (64, 64, 3, 1), (64, 128, 3, 2), (128, 128, 3, 1))
    layers: list[nn.Module] = []
    for n_in, n_out, kernel, stride in plan:
        layers += [nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2), nn.BatchNorm2d(n_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten())


def train_classifier(
    images: Images, seed: int, epochs: int, device: torch.device | str = "cpu", test: Images | None = None
) -> Classifier:
    """Train on the attributes of `images`, or on their labels where they have none.

    Parameters
    ----------
    images : Images
        With labels or attributes.
    seed : int
        Weights and order of the images depend on it; torch's own generator is left as it was.
    epochs : int
        Passes over the images.
    device : torch.device or str
        Where it is trained, and stays.
    test : Images, optional
        Images to measure `accuracy` on.

    Returns
    -------
    Classifier

    Raises
    ------
    ValueError
        If the images have neither labels nor attributes, or labels without the names of classes.
    """
    truth, attributes = _targets(images)
    if not images.names:
        raise ValueError(f"`images` must have `names` of their classes; those of {images.source} have labels alone")
    shape = images.pixels.shape[1:]
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        model = Classifier(tuple(shape), images.names, attributes).to(device)
    pixels = torch.as_tensor(images.pixels, device=device)
    targets = torch.as_tensor(truth, device=device)
    _fit(model, pixels, targets.float() if attributes else targets, seed, epochs)
    model.about = origin(images, seed, epochs)
    if test is not None:
        model.test(test)
    return model.eval()


def origin(images: Images, seed: int, epochs: int) -> dict[str, Any]:
    """What decides on a classifier, as it stands in its file; the images by a digest of all they hold.

    Examples
    --------
    >>> images = Images(np.zeros((2, 8, 8, 1), np.uint8), np.array([0, 1]), source="squares")
    >>> origin(images, seed=0, epochs=3)  # doctest: +ELLIPSIS
    {'seed': 0, 'epochs': 3, 'source': 'squares', 'images': 2, 'digest': '...'}
    """
    targets, _ = _targets(images)
    digest = hashlib.sha256(np.ascontiguousarray(images.pixels))
    digest.update(np.ascontiguousarray(targets))
    digest.update(repr((images.pixels.shape, targets.shape, images.names)).encode())
    facts = {"seed": seed, "epochs": epochs, "source": images.source, "images": len(images)}
    return facts | {"digest": digest.hexdigest()}


def _fit(model: Classifier, pixels: Tensor, targets: Tensor, seed: int, epochs: int) -> None:
    """Adam under one cycle of learning rates."""
    loss = functional.binary_cross_entropy_with_logits if model.attributes else functional.cross_entropy
    order = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters())
    batch = min(BATCH, -(-len(pixels) // LEAST_STEPS))
    steps = epochs * -(-len(pixels) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(pixels), generator=order).to(pixels.device).split(batch):
            optimiser.zero_grad()
            loss(model(to_batch(pixels[rows], pixels.device)), targets[rows]).backward()
            optimiser.step()
            schedule.step()


def _targets(images: Images) -> tuple[np.ndarray[Any, Any], bool]:
    """What is to be told of each image, and whether it is attributes."""
    if images.attributes is not None:
        return images.attributes, True
    if images.labels is None:
        raise ValueError(f"`images` must have labels or attributes; those of {images.source} have neither")
    return images.labels, False
