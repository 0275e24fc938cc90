"""Normals indexed by a counter, and hyperplane draws from them, for every array library.

Entry ``(k, j)`` of an endless table of normals is a function of the key, ``k`` and ``j`` alone: Philox4x32-10
(Salmon et al. 2011) turns the counter ``(k, group of columns)`` into four words of 32 bits, and the transform of
Box and Muller (1958) turns words into normals. It uses additions, multiplications, one division and one root, each
rounded once and always in this order, so that the compiled twin and every device give the same normals to the
last bit.

Scores are products with a factor of float32 or float64, or of integers of 16 bits with normals that are integers,
too. The sums of integers are exact, in 32 bits or in the 53 of float64, and so their signs are the same everywhere.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bernoulli_latent._arrays import Array, from_host, is_torch, namespace, on_host, to_host
from bernoulli_latent._kernels import device
from bernoulli_latent._kernels.generic_packing import full_precision, pack_bits

__all__ = [
    "BOX_MULLER",
    "DITHER_UNIT",
    "NORMAL_UNIT",
    "BoxMuller",
    "draw",
    "draw_rows",
    "is_integer",
    "normals",
    "normals_of",
    "philox",
    "real_name",
    "rounded",
]

LOW_WORD = 0xFFFFFFFF

HOST_BLOCK, DEVICE_ENTRIES = 256, 2**25
"""Rows computed together on the host, and normals on a device, which wants large pieces: 128 MB in float32."""

NORMAL_UNIT = 2**11
"""What a normal of 1 is among integers; the largest normal, 6.8, stays below half the range of 16 bits."""

DITHER_UNIT = 2**15
"""What the remainder of the first normal is multiplied with: as in a row of the factor that has one entry alone."""


class BoxMuller(NamedTuple):
    """Constants of the Box-Muller transform in one precision.

    ``logarithm`` is P in -2 log((1 + s) / (1 - s)) = s (s^2 P(s^2) - 4) for |s| < 0.1716, ``sine`` is P in
    sin(pi x / 2) = x P(x^2) and ``cosine`` is P in cos(pi x / 2) = 1 + x^2 P(x^2) for |x| <= 1/2, all
    interpolated at Chebyshev nodes in 50 digits, one of the cosine's moved to 0 for float32. What they leave out is
    below the last bit of the result.
    Compiled code keeps the integers: Numba's disk cache does not see an edit here, so clear it after one.
    """

    integer: str
    uniform_bits: int
    angle_bits: int
    mantissa_bits: int
    root_half: int  # the bits of sqrt(1/2), read as an integer
    log_four: float
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
        log_four=1.3862944,
        logarithm=(-1.3333337, -0.7997752, -0.5916197),
        sine=(1.5707964, -0.6459635, 0.07968022, -0.004602149),
        cosine=(-1.2336979, 0.2536063, -0.020426072),
    ),
    "float64": BoxMuller(
        integer="int64",
        uniform_bits=53,
        angle_bits=62,
        mantissa_bits=52,
        root_half=0x3FE6A09E667F3BCD,
        log_four=1.3862943611198906,
        logarithm=(
            *(-1.333333333333334, -0.7999999999979778, -0.5714285725250767, -0.4444442217875899),
            *(-0.3636578486507374, -0.30663223444110017, -0.2923561430683465),
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


def check_bits(factor: Array, offset: Array, index: Array, flip: Array) -> None:
    """Refuse what would make a kernel read beyond its arrays, or read them as something else."""
    height, rank = factor.shape
    if not is_integer(factor):
        real_name(factor.dtype)
    if not 1 <= rank <= height + is_integer(factor):  # integers come in pairs
        raise ValueError(f"`factor` must have from 1 to {height} columns, as many as rows at most; got {rank}")
    if tuple(offset.shape) != (height,):
        raise ValueError(f"`offset` must have shape ({height},); got shape {tuple(offset.shape)}")
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


def _radius(uniform: Array, real: str, xp: Any) -> Array:
    """sqrt(-2 log((uniform + 1/2) / 2^bits)); close to 1 the difference from 1 is formed before it is rounded."""
    form, integer = BOX_MULLER[real], getattr(xp, BOX_MULLER[real].integer)
    value = xp.astype(uniform, getattr(xp, real)) + 0.5
    bits = value.view(integer) - form.root_half
    exponent = (bits >> form.mantissa_bits) - form.uniform_bits
    mantissa = ((bits & (2**form.mantissa_bits - 1)) + form.root_half).view(value.dtype)
    complement = xp.astype(uniform ^ (2**form.uniform_bits - 1), value.dtype) + 0.5
    fraction = xp.where(exponent < 0, mantissa - 1.0, complement * -(2.0**-form.uniform_bits))
    s = fraction / (fraction + 2.0)
    square = s * s
    tail = s * (square * polynomial(square, form.logarithm) - 4.0)
    return _root(tail - xp.astype(exponent, value.dtype) * form.log_four, xp)


def _root(x: Array, xp: Any) -> Array:
    """Correctly rounded root, as torch's own on the host is not, nor need be that of float32 on a device."""
    if on_host(x):
        return from_host(np.sqrt(to_host(x)), x)
    return xp.astype(xp.sqrt(xp.astype(x, xp.float64)), x.dtype)


def _box_muller(uniform: Array, angle: Array, real: str, xp: Any) -> tuple[Array, Array]:
    """Two normals from a uniform integer and a signed one, whose two lowest bits choose the quadrant."""
    form = BOX_MULLER[real]
    radius = _radius(uniform, real, xp)
    radius = xp.where((angle & 2) == 0, radius, -radius)
    turn = xp.astype((angle & -4) | 2, radius.dtype) * 2.0 ** -(form.angle_bits + 2)
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
    if real == "float32" and device.fuses(rows, columns):
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


def draw(key: int, start: int, n: int, factor: Array, offset: Array, index: Array, flip: Array) -> Array:
    """Packed bits of rows ``start`` to ``start + n``; see :func:`draw_rows`."""
    check_request(key, start, n)
    check_bits(factor, offset, index, flip)
    size, words = _block_rows(factor), _empty_words(n, factor, index)
    for first in range(start - start % size, start + n, size):
        begin, stop = max(first, start), min(first + size, start + n)
        rows, place = _count_rows(begin, stop - begin, factor), slice(begin - first, stop - first)
        words[begin - start : stop - start, :] = _bits(key, rows, place, factor, offset, index, flip)
    return words


def draw_rows(key: int, rows: Array, factor: Array, offset: Array, index: Array, flip: Array) -> Array:
    """Packed bits of the `rows`, int64 in any order: the signs of ``offset + factor @ normals``, chosen and flipped.

    Rows are computed at their place in aligned blocks of one size, because a matrix product may round differently
    in another shape: so the bits of a row do not depend on what else a request holds. A score of rounding size may
    get another sign than in the compiled twin, or on another device, unless the factor is of integers.
    """
    check_rows(key, rows)
    check_bits(factor, offset, index, flip)
    xp, size, words = namespace(factor), _block_rows(factor), _empty_words(rows.shape[0], factor, index)
    order, stop = xp.argsort(rows), 0
    for count in xp.unique_counts(rows // size).counts.tolist():
        here = order[stop : stop + count]
        stop += count
        words[here, :] = _bits(key, rows[here], rows[here] % size, factor, offset, index, flip)
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


def _bits(key: int, rows: Array, place: Any, factor: Array, offset: Array, index: Array, flip: Array) -> Array:
    """Packed bits of `rows` that share an aligned block, in which they stand at `place`."""
    scores = _scores(key, rows, place, factor, offset)
    if device.fuses(scores, index.shape[0]):
        return device.pack_signs(scores, index, flip)
    return pack_bits((scores >= 0)[:, index] ^ flip)


def _scores(key: int, rows: Array, place: Any, factor: Array, offset: Array) -> Array:
    """Scores of `rows`, computed at their `place` in the whole block; that of the boundary is 0."""
    xp, (height, rank) = namespace(factor), factor.shape
    if is_integer(factor):
        panel, origin = _integers_of(key, rows, rank)
        factor, offset = (xp.astype(x, xp.float64) for x in (factor, offset))
    else:
        panel, origin = normals_of(key, rows, rank, real_name(factor.dtype)), 0.0
    panel[:, 0] = xp.abs(panel[:, 0])
    panel, step = _placed(panel, place, _block_rows(factor)), max(64, -(-height // 8))
    scores = xp.empty((panel.shape[0], height), dtype=factor.dtype, **_place(factor))
    with full_precision(factor):
        for top in range(0, height, step):
            rest = slice(top, top + step)
            xp.matmul(panel[:, : top + step], factor[rest, : top + step].T, out=scores[:, rest])
    scores = scores[place, :] + offset + origin
    scores[:, 0] = 0.0
    return scores


def _placed(normals: Array, place: Any, size: int) -> Array:
    """The `normals` at their `place` among `size` rows, the others zero."""
    if isinstance(place, slice) and normals.shape[0] == size:
        return normals
    panel = namespace(normals).zeros((size, normals.shape[1]), dtype=normals.dtype, **_place(normals))
    panel[place, :] = normals
    return panel


def is_integer(x: Array) -> bool:
    """Whether `x` holds integers of 16 bits."""
    return str(x.dtype).endswith("int16")


def rounded(normals: Array) -> Array:
    """Normals in units of 2^-11, rounded to integers."""
    return namespace(normals).round(normals * NORMAL_UNIT)


def _integers_of(key: int, rows: Array, columns: int) -> tuple[Array, Array]:
    """Normals of the `rows` rounded to integers, and what that took from the first one, in units of the scores."""
    xp, table = namespace(rows), normals_of(key, rows, columns, "float32")
    panel, first = rounded(table), table[:, :1] * NORMAL_UNIT
    dither = xp.trunc((first - panel[:, :1]) * DITHER_UNIT)
    return xp.astype(panel, xp.float64), xp.astype(dither, xp.float64)
