"""Loops of ``generic_sampling`` and ``generic_packing`` for devices, compiled by Triton.

Each normal comes of the operations of the generic twin in its order, each rounded once. So the kernel must be
launched with ``enable_fp_fusion=False``, and division and root are ``div_rn`` and ``sqrt_rn``:
Triton's ``/`` and ``sqrt`` are not rounded correctly.
"""
# mypy: disable-error-code="no-untyped-def"

import triton
import triton.language as tl

from bernoulli_latent._kernels.generic_sampling import BOX_MULLER

FORM = BOX_MULLER["float32"]
ROOT_HALF, LOG_FOUR = tl.constexpr(FORM.root_half), tl.constexpr(FORM.log_four)
LOGARITHM_0, LOGARITHM_1, LOGARITHM_2 = map(tl.constexpr, FORM.logarithm)
SINE_0, SINE_1, SINE_2, SINE_3 = map(tl.constexpr, FORM.sine)
COSINE_0, COSINE_1, COSINE_2 = map(tl.constexpr, FORM.cosine)


@triton.jit
def radius_of(uniform):
    """sqrt(-2 log((uniform + 1/2) / 2^32))."""
    bits = (uniform.to(tl.float32) + 0.5).to(tl.int32, bitcast=True) - ROOT_HALF
    exponent = (bits >> 23) - 32
    mantissa = ((bits & 0x7FFFFF) + ROOT_HALF).to(tl.float32, bitcast=True)
    complement = (uniform ^ 0xFFFFFFFF).to(tl.float32) + 0.5
    fraction = tl.where(exponent < 0, mantissa - 1.0, complement * -(2.0**-32))
    s = tl.div_rn(fraction, fraction + 2.0)
    square = s * s
    tail = (square * LOGARITHM_2 + LOGARITHM_1) * square + LOGARITHM_0
    return tl.sqrt_rn(s * (square * tail - 4.0) - exponent.to(tl.float32) * LOG_FOUR)


@triton.jit
def box_muller(uniform, angle):
    """Two normals from a uniform integer and a signed one."""
    radius = radius_of(uniform)
    radius = tl.where((angle & 2) == 0, radius, -radius)
    turn = ((angle & -4) | 2).to(tl.float32) * 2.0**-32
    square = turn * turn
    sine = ((square * SINE_3 + SINE_2) * square + SINE_1) * square + SINE_0
    cosine = (square * COSINE_2 + COSINE_1) * square + COSINE_0
    sine, cosine = radius * (turn * sine), radius * (square * cosine + 1.0)
    straight = (angle & 1) == 0
    return tl.where(straight, cosine, sine), tl.where(straight, sine, cosine)


@triton.jit
def normals(table, rows, key, n, columns, first, HEIGHT: tl.constexpr, GROUPS: tl.constexpr):
    """Columns from group `first` on of the `rows` of the table of float32 normals, four columns a group."""
    k = tl.program_id(0).to(tl.int64) * HEIGHT + tl.arange(0, HEIGHT)
    row = tl.load(rows + k, mask=k < n, other=0)[:, None]
    group = first + tl.program_id(1) * GROUPS + tl.arange(0, GROUPS)[None, :]
    zero = tl.zeros((HEIGHT, GROUPS), tl.uint32)
    low, high = zero + row.to(tl.uint32), zero + (row >> 32).to(tl.uint32)
    a, b, c, d = tl.philox(key, low, high, zero + group.to(tl.uint32), zero)
    z0, z1 = box_muller(a, b.to(tl.int32, bitcast=True))
    z2, z3 = box_muller(c, d.to(tl.int32, bitcast=True))
    z = tl.join(tl.join(z0, z2), tl.join(z1, z3)).reshape(HEIGHT, 4 * GROUPS)
    column = 4 * GROUPS * tl.program_id(1) + tl.arange(0, 4 * GROUPS)
    inside = (k < n)[:, None] & (column < columns)[None, :]
    tl.store(table + k[:, None] * columns + column[None, :], z, mask=inside)


@triton.jit
def union(a, b):
    """Bits of both."""
    return a | b


@triton.jit
def pack_signs(octets, scores, index, flip, n, height, n_octets, HEIGHT: tl.constexpr):
    """Bit ``j`` of a row is ``scores[index[j]] >= 0``, negated where ``flip[j]``; both are padded to whole words."""
    k = tl.program_id(0).to(tl.int64) * HEIGHT + tl.arange(0, HEIGHT)[:, None]
    octet = tl.program_id(1) * 8 + tl.arange(0, 8)[None, :]
    packed = tl.zeros((HEIGHT, 8), tl.int32)
    for place in tl.static_range(8):
        score = tl.load(scores + k * height + tl.load(index + 8 * octet + place), mask=k < n, other=0)
        packed |= ((score >= 0) ^ (tl.load(flip + 8 * octet + place) != 0)).to(tl.int32) << place
    tl.store(octets + k * n_octets + octet, packed.to(tl.uint8), mask=k < n)


@triton.jit
def pack_values(octets, found, values, down, across, n, n_bits, n_octets, SIGNED: tl.constexpr, HEIGHT: tl.constexpr):
    """Bit ``j`` of a row is ``values == 1``; into `found` go 1 for a 0, 2 for a -1 and 4 for anything else but 1."""
    k = tl.program_id(0).to(tl.int64) * HEIGHT + tl.arange(0, HEIGHT)[:, None]
    octet = tl.program_id(1).to(tl.int64) * 8 + tl.arange(0, 8)[None, :]
    packed, kinds = tl.zeros((HEIGHT, 8), tl.int32), tl.zeros((HEIGHT, 8), tl.int32)
    for place in tl.static_range(8):
        column = 8 * octet + place
        inside = (k < n) & (column < n_bits)
        value = tl.load(values + k * down + column * across, mask=inside)
        other = tl.where(value == 0, 1, 4)
        if SIGNED:
            other = tl.where(value == -1, 2, other)
        kinds |= tl.where(inside & (value != 1), other, 0)
        packed |= (inside & (value == 1)).to(tl.int32) << place
    tl.store(octets + k * n_octets + octet, packed.to(tl.uint8), mask=k < n)
    kind = tl.reduce(tl.reduce(kinds, 0, union), 0, union)
    tl.atomic_or(found, kind, mask=(kind & ~tl.load(found)) != 0)  # seldom: all programs share one counter
