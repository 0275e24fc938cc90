"""Normals indexed by a counter, and hyperplane draws from them, for every array library.

Entry ``(k, j)`` of an endless table of normals is a function of the key, ``k`` and ``j`` alone: Philox4x32-10
(Salmon et al. 2011) turns the counter ``(k, group of columns)`` into four words of 32 bits, and the transform of
Box and Muller (1958) turns words into normals. It uses additions, multiplications and one division, each
rounded once and always in this order, so that the compiled twin and every device give the same normals to the
last bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent._arrays import Array, is_torch, namespace, on_host
from bernoulli_latent._kernels import device
from bernoulli_latent._kernels.generic_packing import full_precision, pack_bits

__all__ = ["BOX_MULLER", "BoxMuller", "draw", "draw_rows", "normals", "normals_of", "philox", "real_name"]

LOW_WORD = 0xFFFFFFFF

HOST_BLOCK, DEVICE_ENTRIES = 256, 2**25
"""Rows computed together on the host, and normals on a device, which wants large pieces: 128 MB in float32."""


class BoxMuller(NamedTuple):
    """Constants of the Box-Muller transform in one precision.

    ``logarithm`` is P in log((1 + s) / (1 - s)) = s (2 + s^2 P(s^2)) for |s| < 0.1716, ``sine`` is P in
    sin(pi x / 2) = x P(x^2) and ``cosine`` is P in cos(pi x / 2) = 1 + x^2 P(x^2) for |x| <= 1/2, all
    interpolated at Chebyshev nodes in 50 digits. What they leave out is below the last bit of the result.
    ``inverse_root`` less half the bits of x is a first guess at 1 / sqrt(x), 3.5 % off at most.
    Compiled code keeps the integers: Numba's disk cache does not see an edit here, so clear it after one.
    """

    integer: str
    uniform_bits: int
    angle_bits: int
    mantissa_bits: int
    root_half: int  # the bits of sqrt(1/2), read as an integer
    inverse_root: int
    newton_steps: int
    log_two: float
    logarithm: tuple[float, ...]
    sine: tuple[float, ...]
    cosine: tuple[float, ...]


BOX_MULLER = {
    "float32": BoxMuller(
        integer="int32",
        uniform_bits=32,
        angle_bits=30,
        mantissa_bits=23,
        root_half=0x3F3504F3,
        inverse_root=0x5F3759DF,
        newton_steps=3,
        log_two=0.6931472,
        logarithm=(0.66666687, 0.3998876, 0.29580986),
        sine=(1.5707964, -0.6459635, 0.07968022, -0.004602149),
        cosine=(-1.2337005, 0.2536694, -0.020861529, 0.0009067399),
    ),
    "float64": BoxMuller(
        integer="int64",
        uniform_bits=53,
        angle_bits=62,
        mantissa_bits=52,
        root_half=0x3FE6A09E667F3BCD,
        inverse_root=0x5FE6EB50C7B537A9,
        newton_steps=4,
        log_two=0.6931471805599453,
        logarithm=(
            *(0.666666666666667, 0.3999999999989889, 0.28571428626253836, 0.22222211089379496),
            *(0.1818289243253687, 0.15331611722055008, 0.14617807153417325),
        ),
        sine=(
            *(1.5707963267948966, -0.6459640975062443, 0.07969262624604301, -0.004681754132340976),
            *(0.0001604411507421909, -3.59864335298231e-06, 5.633933781537854e-08),
        ),
        cosine=(
            *(-1.233700550136169, 0.2536695079008304, -0.02086348075319688),
            *(0.0009192601014426249, -2.5200703761965414e-05, 4.6632053886903437e-07),
        ),
    ),
}


def real_name(dtype: object) -> str:
    """``"float32"`` or ``"float64"`` for the real type `dtype` of any library."""
    name = str(dtype).removeprefix("torch.")
    name = name if name in BOX_MULLER else np.dtype(dtype).name  # type: ignore[call-overload]
    if name not in BOX_MULLER:
        raise TypeError(f"`dtype` must be float32 or float64; got {dtype}")
    return str(name)


def check_request(key: int, start: int, n: int) -> None:
    """Refuse rows and keys outside the table."""
    if not 0 <= key < 2**64:
        raise ValueError(f"`key` must be in [0, 2^64); got {key}")
    if n < 0:
        raise ValueError(f"`n` must not be negative; got {n}")
    if not 0 <= start <= 2**63 - max(n, 1):
        raise ValueError(f"`start` must be in [0, 2^63 - n]; got {start} with n = {n}")


def check_rows(key: int, rows: Array) -> None:
    """Refuse listed rows and keys outside the table."""
    check_request(key, 0, rows.shape[0])
    if rows.shape[0] > 0 and int(rows.min()) < 0:
        raise ValueError(f"`rows` must not be negative; got {int(rows.min())}")


def check_bits(factor: Array, index: Array, flip: Array) -> None:
    """Refuse what would make a kernel read beyond its arrays."""
    height, rank = factor.shape
    if not 1 <= rank <= height:
        raise ValueError(f"`factor` must have from 1 to {height} columns, as many as rows at most; got {rank}")
    if index.ndim != 1 or index.shape[0] == 0 or flip.shape != index.shape:
        raise ValueError(f"`index` and `flip` must be vectors of one length; got shapes {index.shape}, {flip.shape}")
    if not 0 <= int(index.min()) <= int(index.max()) < height:
        raise ValueError(f"`index` must be in [0, {height}); got {int(index.min())} to {int(index.max())}")


def philox(key: int, counter: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
    """Philox4x32-10 of four int64 arrays that hold words of 32 bits (Salmon et al. 2011, section 4.3).

    A product of two words may wrap round int64: the bits, and so both halves of it, stay right.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key & LOW_WORD, key >> 32
    for _ in range(10):
        p, q = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1 = (q >> 32) & LOW_WORD ^ c1 ^ k0, q & LOW_WORD
        c2, c3 = (p >> 32) & LOW_WORD ^ c3 ^ k1, p & LOW_WORD
        k0, k1 = (k0 + 0x9E3779B9) & LOW_WORD, (k1 + 0xBB67AE85) & LOW_WORD
    return c0, c1, c2, c3


def polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    """Horner's rule, constant coefficient first."""
    value = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        value = value * x + coefficient
    return value


def _negative_logarithm(uniform: Array, real: str, xp: Any) -> Array:
    """-log((uniform + 1/2) / 2^bits); close to 1 the difference from 1 is formed before it is rounded."""
    form, integer = BOX_MULLER[real], getattr(xp, BOX_MULLER[real].integer)
    value = xp.astype(uniform, getattr(xp, real)) + 0.5
    bits = value.view(integer) - form.root_half
    exponent = (bits >> form.mantissa_bits) - form.uniform_bits
    mantissa = ((bits & (2**form.mantissa_bits - 1)) + form.root_half).view(value.dtype)
    complement = xp.astype(uniform ^ (2**form.uniform_bits - 1), value.dtype) + 0.5
    fraction = xp.where(exponent < 0, mantissa - 1.0, complement * -(2.0**-form.uniform_bits))
    s = fraction / (fraction + 2.0)
    square = s * s
    tail = s * (square * polynomial(square, form.logarithm) + 2.0)
    return -(xp.astype(exponent, value.dtype) * form.log_two + tail)


def _root_of_double(x: Array, real: str, xp: Any) -> Array:
    """sqrt(2 x) by Newton's steps for 1 / sqrt(2 x): torch's own root is not correctly rounded on every device."""
    form = BOX_MULLER[real]
    double = x * 2.0
    inverse = (form.inverse_root - (double.view(getattr(xp, form.integer)) >> 1)).view(x.dtype)
    for _ in range(form.newton_steps):
        inverse = inverse * (1.5 - x * inverse * inverse)
    return double * inverse


def _box_muller(uniform: Array, angle: Array, real: str, xp: Any) -> tuple[Array, Array]:
    """Two normals from a uniform integer and a signed one, whose two lowest bits choose the quadrant."""
    form = BOX_MULLER[real]
    radius = _root_of_double(_negative_logarithm(uniform, real, xp), real, xp)
    radius = xp.where((angle & 2) == 0, radius, -radius)
    turn = (xp.astype(angle >> 2, radius.dtype) + 0.5) * 2.0**-form.angle_bits
    square = turn * turn
    sine = radius * (turn * polynomial(square, form.sine))
    cosine = radius * (square * polynomial(square, form.cosine) + 1.0)
    straight = (angle & 1) == 0
    return xp.where(straight, cosine, sine), xp.where(straight, sine, cosine)


def normals(key: int, start: int, n: int, columns: int, dtype: object, like: Array = None) -> Array:
    """Rows ``start`` to ``start + n`` of the table of standard normals, of the library and device of `like`."""
    check_request(key, start, n)
    return normals_of(key, _count_rows(start, n, like), columns, real_name(dtype))


def normals_of(key: int, rows: Array, columns: int, real: str, first: int = 0) -> Array:
    """Columns `first`, a multiple of four, to ``first + columns`` of the `rows` of the table."""
    if real == "float32" and device.fuses(rows):
        return device.normals_of(key, rows, columns, first)
    xp, width = namespace(rows), 4 if real == "float32" else 2
    row = rows[:, None]
    group = (first // width + xp.arange(-(-columns // width), dtype=xp.int64, **_place(rows)))[None, :]
    pairs = _integers(*philox(key, (row & LOW_WORD, row >> 32, group, xp.zeros_like(group))), real)
    table = xp.stack([z for pair in pairs for z in _box_muller(*pair, real, xp)], axis=-1)
    return xp.reshape(table, (rows.shape[0], width * group.shape[1]))[:, :columns]


def _count_rows(start: int, n: int, like: Array) -> Array:
    """Rows from `start` on in the library and on the device of `like`."""
    like = np.empty(0) if like is None else like
    xp = namespace(like)
    return start + xp.arange(n, dtype=xp.int64, **_place(like))


def _integers(a: Array, b: Array, c: Array, d: Array, real: str) -> list[tuple[Array, Array]]:
    """Pairs of a uniform integer and a signed one, of as many bits as the precision wants."""
    if real == "float32":
        return [(a, (b << 32) >> 32), (c, (d << 32) >> 32)]
    return [((a << 21) | (b >> 11), (c << 32) | d)]


def _place(like: Array) -> dict[str, Any]:
    return {"device": like.device} if is_torch(like) else {}


def draw(key: int, start: int, n: int, factor: Array, index: Array, flip: Array, constant: bool = False) -> Array:
    """Packed bits of rows ``start`` to ``start + n``; see :func:`draw_rows`."""
    check_request(key, start, n)
    check_bits(factor, index, flip)
    size, words = _block_rows(factor), _empty_words(n, factor, index)
    for first in range(start - start % size, start + n, size):
        begin, stop = max(first, start), min(first + size, start + n)
        rows, place = _count_rows(begin, stop - begin, factor), slice(begin - first, stop - first)
        words[begin - start : stop - start, :] = _bits(key, rows, place, factor, index, flip, constant)
    return words


def draw_rows(key: int, rows: Array, factor: Array, index: Array, flip: Array, constant: bool = False) -> Array:
    """Packed bits of the `rows`, int64 in any order: the signs of ``factor @ normals``, chosen and flipped.

    Rows are computed at their place in aligned blocks of one size, because a matrix product may round differently
    in another shape: so the bits of a row do not depend on what else a request holds. A score of rounding size may
    get another sign than in the compiled twin, or on another device.
    """
    check_rows(key, rows)
    check_bits(factor, index, flip)
    xp, size, words = namespace(factor), _block_rows(factor), _empty_words(rows.shape[0], factor, index)
    order, stop = xp.argsort(rows), 0
    for count in xp.unique_counts(rows // size).counts.tolist():
        here = order[stop : stop + count]
        stop += count
        words[here, :] = _bits(key, rows[here], rows[here] % size, factor, index, flip, constant)
    return words


def _block_rows(factor: Array) -> int:
    """Rows of a block: a power of two that depends on the model alone."""
    if on_host(factor):
        return HOST_BLOCK
    return max(HOST_BLOCK, 1 << (int(DEVICE_ENTRIES // factor.shape[0]).bit_length() - 1))


def _empty_words(n: int, factor: Array, index: Array) -> Array:
    xp = namespace(factor)
    integer = xp.int64 if is_torch(factor) else xp.uint64
    return xp.empty((n, -(-index.shape[0] // 64)), dtype=integer, **_place(factor))


def _bits(key: int, rows: Array, place: Any, factor: Array, index: Array, flip: Array, constant: bool) -> Array:
    """Packed bits of `rows` that share an aligned block, in which they stand at `place`."""
    scores = _scores(key, rows, place, factor, constant)
    if device.fuses(scores):
        return device.pack_signs(scores, index, flip)
    return pack_bits((scores >= 0)[:, index] ^ flip)


def _scores(key: int, rows: Array, place: Any, factor: Array, constant: bool) -> Array:
    """Scores of `rows`, computed at their `place` in the whole block."""
    xp, (height, rank) = namespace(factor), factor.shape
    panel = _placed(normals_of(key, rows, rank, real_name(factor.dtype)), place, _block_rows(factor))
    panel[:, 0] = 1.0 if constant else xp.abs(panel[:, 0])
    scores = xp.empty((panel.shape[0], height), dtype=factor.dtype, **_place(factor))
    step = max(64, -(-height // 8))
    with full_precision(factor):
        for top in range(0, height, step):
            rest = slice(top, top + step)
            xp.matmul(panel[:, : top + step], factor[rest, : top + step].T, out=scores[:, rest])
    return scores[place, :]


def _placed(normals: Array, place: Any, size: int) -> Array:
    """The `normals` at their `place` among `size` rows, the others zero."""
    if isinstance(place, slice) and normals.shape[0] == size:
        return normals
    panel = namespace(normals).zeros((size, normals.shape[1]), dtype=normals.dtype, **_place(normals))
    panel[place, :] = normals
    return panel
