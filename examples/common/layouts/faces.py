"""Drawn faces with attributes: a stand-in for CelebA that needs no file, under CelebA's names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageDraw

from examples.common.image_set import Images, Pixels
from examples.common.layouts.pictures import in_order

__all__ = ["NAMES", "draw", "read"]

SIZE = 64
COUNTS = {"train": 5000, "valid": 500, "test": 1000}
NAMES = ("Eyeglasses", "Goatee", "Smiling", "Black_Hair", "Brown_Hair", "Blond_Hair")
HAIR = ((25, 20, 20), (110, 65, 35), (225, 190, 110))
SKIN = ((255, 224, 196), (141, 85, 58))
FREQUENCIES = (0.2, 0.25, 0.5)
"""Of glasses, goatee and smile; the three colours of hair exclude one another and are equally frequent."""

DARK, WHITE, LIPS = (30, 25, 25), (250, 250, 250), (170, 60, 70)
CANVAS = 256
"""Faces are drawn at this size and scaled down, which softens their edges."""

Colour = tuple[int, ...]


def read(split: str, limit: int | None, size: int | None, seed: int = 0) -> Images:
    """Faces of a part, of `size` (64) pixels a side; face number i depends on the seed, the part and i alone."""
    rows = range(COUNTS[split])[:limit]
    part = list(COUNTS).index(split)
    faces = [_Face.random(np.random.default_rng((seed, part, row))) for row in rows]
    pixels = in_order(partial(draw, size=size or SIZE), faces)
    attributes = np.array([face.attributes for face in faces])
    return Images(pixels, attributes=attributes, names=NAMES, source="faces")


@dataclass(frozen=True)
class _Face:
    glasses: bool
    goatee: bool
    smile: bool
    hair: int
    skin: Colour
    background: Colour
    centre: tuple[float, float]
    width: float
    height: float
    eyes: float
    brow: float
    mouth: float

    @classmethod
    def random(cls, rng: np.random.Generator) -> _Face:
        glasses, goatee, smile = (rng.random(3) < FREQUENCIES).tolist()
        dark, light = np.array(SKIN[1]), np.array(SKIN[0])
        skin = dark + rng.random() * (light - dark)
        centre = 128 + rng.normal(0, 6, 2)
        return cls(
            *(glasses, goatee, smile, int(rng.integers(len(HAIR)))),
            *(_colour(skin), _colour(rng.integers(60, 230, 3)), (float(centre[0]), float(centre[1]))),
            *rng.normal((62, 84, 28, 5, 26), (4, 5, 2, 2, 3)).tolist(),
        )

    @property
    def attributes(self) -> list[bool]:
        return [self.glasses, self.goatee, self.smile, *(self.hair == colour for colour in range(len(HAIR)))]


def draw(face: _Face, size: int = SIZE) -> Pixels:
    """Picture of a face, uint8 (size, size, 3)."""
    image = Image.new("RGB", (CANVAS, CANVAS), face.background)
    pen = ImageDraw.Draw(image)
    _draw_head(pen, face)
    for side in (-1, 1):
        _draw_eye(pen, face, side)
    _draw_mouth(pen, face)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


def _draw_head(pen: ImageDraw.ImageDraw, face: _Face) -> None:
    """Hair behind, neck, head, a fringe, nose; the goatee lies on the chin."""
    (x, y), width, height = face.centre, face.width, face.height
    shade = _colour(0.8 * np.array(face.skin))
    pen.ellipse(_box(x, y - 20, width + 20, height + 10), fill=HAIR[face.hair])
    pen.rectangle((x - 28, y + 40, x + 28, CANVAS), fill=shade)
    pen.ellipse(_box(x, y, width, height), fill=face.skin)
    pen.chord(_box(x, y, width, height), 205, 335, fill=HAIR[face.hair])
    pen.polygon([(x, y - 8), (x - 9, y + 22), (x + 9, y + 22)], fill=shade)
    if face.goatee:
        pen.chord(_box(x, y, width, height), 55, 125, fill=_colour(0.6 * np.array(HAIR[face.hair])))
        pen.rectangle((x - face.mouth, y + 28, x + face.mouth, y + 36), fill=_colour(0.6 * np.array(HAIR[face.hair])))


def _draw_eye(pen: ImageDraw.ImageDraw, face: _Face, side: int) -> None:
    x, y = face.centre[0] + side * face.eyes, face.centre[1] - 10
    pen.ellipse(_box(x, y, 13, 8), fill=WHITE)
    pen.ellipse(_box(x, y, 6, 6), fill=DARK)
    pen.line((x - 14, y - 16, x + 14, y - 16 - side * face.brow / 2), fill=HAIR[face.hair], width=6)
    if face.glasses:
        pen.ellipse(_box(x, y, 23, 20), outline=DARK, width=7)
        pen.line((face.centre[0] - 6, y, face.centre[0] + 6, y), fill=DARK, width=7)


def _draw_mouth(pen: ImageDraw.ImageDraw, face: _Face) -> None:
    """A smile is an open half moon with teeth, another mouth a flat line."""
    x, y = face.centre[0], face.centre[1] + 46
    if face.smile:
        pen.chord(_box(x, y - 8, face.mouth + 4, 22), 10, 170, fill=WHITE, outline=LIPS, width=4)
    else:
        pen.line((x - face.mouth, y, x + face.mouth, y), fill=LIPS, width=8)


def _box(x: float, y: float, width: float, height: float) -> tuple[float, float, float, float]:
    """Corners of a box around a point, from half its width and height."""
    return x - width, y - height, x + width, y + height


def _colour(values: np.ndarray) -> Colour:
    return tuple(int(value) for value in values)
