"""Packed bit matrices, and the reading of bits in whatever coding they come."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bernoulli_latent._arrays import Array, as_array, from_host, is_torch, like_place, namespace, on_host, to_host
from bernoulli_latent._checks import check_choice
from bernoulli_latent._coding import LEVELS, check_matrix, read_words
from bernoulli_latent._kernels import kernels
from bernoulli_latent._threads import thread_count
from bernoulli_latent._words import check_padding, mirror_octets

__all__ = ["LEVELS", "BitArray", "hamming_distance", "read_bits"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BitArray:
    """Matrix of bits, one sample a row, 64 bits a word.

    Bit ``j`` of a sample is bit ``j % 64`` (the least significant first) of word ``j // 64``; the bits that fill
    up the last word are zero. It takes 32 times less memory than float32. The words are shared, not copied, so
    treat them as immutable.

    Parameters
    ----------
    words : array, shape (n_samples, ceil(n_bits / 64))
        NumPy uint64, or torch int64 with the same bit pattern (torch has no arithmetic on uint64), on any
        device. Copied only if not contiguous.
    n_bits : int
        Bits in a sample, at least 1.

    Raises
    ------
    TypeError
        If `words` has another dtype.
    ValueError
        If the shape does not fit `n_bits`, or a bit beyond `n_bits` is set.

    See Also
    --------
    BitArray.from_array : Pack an array of bits.

    Examples
    --------
    >>> bits = BitArray.from_array([[0, 1, 1], [1, 0, 1]])
    >>> bits
    BitArray(n_samples=2, n_bits=3)
    >>> bits.words
    array([[6], [5]], dtype=uint64)
    >>> bits.to_array("pm1")
    array([[-1,  1,  1], [ 1, -1,  1]], dtype=int8)
    >>> bits.mean()
    array([0.5, 0.5, 1. ])
    """

    words: Array
    n_bits: int

    def __post_init__(self) -> None:
        words, n_bits = self.words, operator.index(self.n_bits)
        if not _holds_words(words):
            raise TypeError(
                "`words` must be a NumPy array of uint64 or a torch tensor of int64; "
                f"got {getattr(words, 'dtype', type(words))}. To pack an array of bits, call BitArray.from_array"
            )
        if n_bits < 1 or words.ndim != 2 or words.shape[1] != -(-n_bits // 64):
            raise ValueError(
                f"`words` must have shape (n_samples, ceil(n_bits / 64)) with n_bits >= 1; "
                f"got {tuple(words.shape)} for n_bits={n_bits}"
            )
        contiguous = words.contiguous() if is_torch(words) else np.ascontiguousarray(words)
        object.__setattr__(self, "words", contiguous)
        object.__setattr__(self, "n_bits", n_bits)
        check_padding(contiguous, n_bits)

    @classmethod
    def from_array(cls, y: Any, values: str = "auto") -> BitArray:
        """Pack an array of bits.

        Parameters
        ----------
        y : array_like or torch tensor, shape (n_samples, n_bits)
            Bits as bool, {0, 1} or {-1, +1}, of any real dtype, in any memory order, on any device.
        values : {"auto", "01", "pm1", "bool"}, default "auto"
            How the bits are coded; "auto" finds out, and refuses what fits no coding.

        Returns
        -------
        BitArray
            In the library and on the device of `y`.

        Raises
        ------
        TypeError
            If `y` is not an array of real numbers or booleans.
        ValueError
            If `y` is not a matrix with columns, or its entries are not bits of one coding.

        Examples
        --------
        >>> BitArray.from_array([[-1.0, 1.0]]) == BitArray.from_array([[False, True]])
        True
        """
        words, n_bits, _ = read_words(y, "y", values, least=0)
        return trusted_bits(words, n_bits)

    @classmethod
    def from_packbits(cls, packed: Array, n_bits: int) -> BitArray:
        """Read what :func:`numpy.packbits` with ``axis=1`` wrote.

        Parameters
        ----------
        packed : array or torch tensor of uint8, shape (n_samples, ceil(n_bits / 8))
            Eight bits a byte, the most significant first.
        n_bits : int
            Bits in a sample.

        Returns
        -------
        BitArray
            The same bits.

        Raises
        ------
        TypeError
            If `packed` is not of dtype uint8.
        ValueError
            If its shape does not fit `n_bits`, or a bit beyond `n_bits` is set.

        Examples
        --------
        >>> BitArray.from_packbits(np.array([[0b01100000]], dtype=np.uint8), n_bits=3).to_array()
        array([[0, 1, 1]], dtype=int8)
        """
        packed = as_array(packed, "packed")
        if str(packed.dtype).removeprefix("torch.") != "uint8":
            raise TypeError(f"`packed` must have dtype uint8; got {packed.dtype}")
        if n_bits < 1 or packed.ndim != 2 or packed.shape[1] != -(-n_bits // 8):
            raise ValueError(
                f"`packed` must have shape (n_samples, ceil(n_bits / 8)) with n_bits >= 1; "
                f"got {tuple(packed.shape)} for n_bits={n_bits}"
            )
        xp = namespace(packed)
        octets = xp.zeros((packed.shape[0], 8 * -(-n_bits // 64)), dtype=xp.uint8, device=packed.device)
        octets[:, : packed.shape[1]] = packed
        return cls(mirror_octets(octets.view(xp.int64 if is_torch(packed) else xp.uint64)), n_bits)

    @staticmethod
    def concatenate(parts: Sequence[BitArray]) -> BitArray:
        """Stack the samples of several bit arrays.

        Parameters
        ----------
        parts : sequence of BitArray
            At least one, with equal ``n_bits``, all in one library and on one device.

        Returns
        -------
        BitArray
            All samples, in order.

        Raises
        ------
        ValueError
            If `parts` is empty or ``n_bits`` differ.

        Examples
        --------
        >>> bits = BitArray.from_array([[0, 1, 1], [1, 0, 1]])
        >>> BitArray.concatenate([bits, bits]).shape
        (4, 3)
        """
        sizes = {part.n_bits for part in parts}
        if len(sizes) != 1:
            raise ValueError(f"`parts` must be at least one BitArray, all with the same n_bits; got {sorted(sizes)}")
        words = [part.words for part in parts]
        return BitArray(namespace(*words).concat(words, axis=0), sizes.pop())

    @property
    def n_samples(self) -> int:
        """Number of rows."""
        return int(self.words.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """``(n_samples, n_bits)``, the shape of the unpacked matrix."""
        return self.n_samples, self.n_bits

    @property
    def nbytes(self) -> int:
        """Memory of the words."""
        return int(self.words.nbytes)

    def to_array(self, values: str = "01", dtype: Any = None, *, out: Array = None) -> Array:
        """Unpack.

        Parameters
        ----------
        values : {"01", "pm1", "bool"}, default "01"
            Coding of the result.
        dtype : dtype, optional
            Of the library that holds the words; by default bool for "bool" and int8 otherwise.
        out : array, shape (n_samples, n_bits), optional
            Where to write them, in one piece of memory; it must be of the `dtype`, library and device of the answer.

        Returns
        -------
        array, shape (n_samples, n_bits)
            The bits, in the library and on the device of the words.

        Raises
        ------
        ValueError
            If `values` is unknown, `dtype` cannot hold -1 where the coding needs it, or `out` is not such an array.
        """
        check_choice(values, "values", LEVELS)
        xp = namespace(self.words)
        if dtype is None:
            dtype = xp.bool if values == "bool" else xp.int8
        empty = xp.empty((0,), dtype=dtype, device=self.words.device)
        if values == "pm1" and xp.isdtype(empty.dtype, ("bool", "unsigned integer")):
            raise ValueError(f"`dtype` must be signed to hold the -1 of values='pm1'; got {empty.dtype}")
        low, high = LEVELS[values]
        target = to_host(empty).dtype if on_host(self.words) else empty.dtype  # NumPy's name; it has no bfloat16
        if out is None:
            return xp.astype(_packing("unpack", [self.words], self.n_bits, low, high, target), empty.dtype, copy=False)
        self._check_out(out, empty)
        cells = out
        if str(empty.dtype) == "torch.bfloat16":  # which NumPy lacks: integers with the same bits
            low, high = xp.asarray([low, high], dtype=dtype).view(xp.int16).tolist()
            cells, target = out.view(xp.int16), xp.int16 if not on_host(out) else np.dtype(np.int16)
        _packing("unpack", [self.words], self.n_bits, low, high, target, to_host(cells) if on_host(out) else cells)
        return out

    def _check_out(self, out: Array, like: Array) -> None:
        """Refuse what cannot be written to as the answer."""
        wanted = f"a writable contiguous array of shape {self.shape} and dtype {like.dtype} where the words are"
        if type(out) is not type(self.words):
            raise ValueError(f"`out` must be {wanted}; got {type(out).__name__}")
        if is_torch(out):
            fits = out.is_contiguous() and not out.requires_grad  # a write past autograd would falsify gradients
        else:
            fits = out.flags.c_contiguous and out.flags.writeable
        if not (fits and out.dtype == like.dtype and out.device == like.device and tuple(out.shape) == self.shape):
            raise ValueError(f"`out` must be {wanted}; got shape {tuple(out.shape)} and dtype {out.dtype}")

    def packbits(self) -> Array:
        """Bytes as :func:`numpy.packbits` writes them: ``numpy.packbits(self.to_array("01"), axis=1)``.

        Returns
        -------
        array of uint8, shape (n_samples, ceil(n_bits / 8))
            Eight bits a byte, the most significant first.

        Examples
        --------
        >>> BitArray.from_array([[0, 1, 1]]).packbits()
        array([[96]], dtype=uint8)
        """
        octets = mirror_octets(self.words).view(namespace(self.words).uint8)
        return octets[:, : -(-self.n_bits // 8)]

    def mean(self) -> Array:
        """Marginal probabilities: the share of samples that have each bit set, shape (n_bits,)."""
        if self.n_samples == 0:
            raise ValueError("the mean of no samples is not defined")
        counts = _packing("bit_counts", [self.words], self.n_bits)
        return namespace(counts).astype(counts, namespace(counts).float64) / self.n_samples

    def cross_products(self, *, threads: int | None = None) -> Array:
        r"""Sums of products of the bits as -1 and +1, bordered by the sums of the bits.

        Parameters
        ----------
        threads : int, optional
            Threads that count; by default what the environment variable ``BERNOULLI_LATENT_THREADS`` says, or 1.
            Each holds sums of its own.

        Returns
        -------
        array of int64, shape (n_bits + 1, n_bits + 1)
            :math:`\sum_k y_k y_k^\top` with a constant +1 appended to every sample, exact.

        Examples
        --------
        >>> BitArray.from_array([[0, 1], [1, 1], [1, 1]]).cross_products()
        array([[3, 1, 1], [1, 3, 3], [1, 3, 3]])
        """
        return _packing("cross_products", [self.words], self.n_bits, thread_count(threads))

    def to(self, device: Any) -> BitArray:
        """Copy to another torch device, unless the bits are there already."""
        if not is_torch(self.words):
            raise TypeError(f"`to` moves torch words between devices; these are NumPy's. Got device {device!r}")
        return BitArray(self.words.to(device), self.n_bits)

    def __len__(self) -> int:
        return self.n_samples

    def __getitem__(self, rows: Any) -> BitArray:
        """Rows by slice, mask or index, as a BitArray; a single index gives a BitArray of one row."""
        words = None if isinstance(rows, tuple) else self.words[rows]
        if words is None or words.ndim > 2:
            raise TypeError(
                f"a BitArray is indexed by rows (index, slice, mask or list of indices); got {rows!r}. "
                "For columns, call to_array first"
            )
        return BitArray(words[None, :] if words.ndim == 1 else words, self.n_bits)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BitArray):
            return NotImplemented
        mine, theirs = (to_host(x.words).view(np.uint64) for x in (self, other))
        return self.n_bits == other.n_bits and np.array_equal(mine, theirs)

    def __repr__(self) -> str:
        place = f", device={str(self.words.device)!r}" if is_torch(self.words) else ""
        return f"BitArray(n_samples={self.n_samples}, n_bits={self.n_bits}{place})"


def _holds_words(words: Any) -> bool:
    if isinstance(words, np.ndarray):
        return bool(words.dtype == np.uint64)
    return is_torch(words) and str(words.dtype) == "torch.int64"


def trusted_bits(words: Array, n_bits: int) -> BitArray:
    """Bits from words that a kernel has packed: nothing is checked."""
    bits = object.__new__(BitArray)
    object.__setattr__(bits, "words", words)
    object.__setattr__(bits, "n_bits", n_bits)
    return bits


def bits_like(bits: BitArray, like: Array) -> BitArray:
    """The same bits in the library and on the device of `like`; the words keep their bits."""
    if is_torch(bits.words) == is_torch(like):
        return BitArray(like_place(bits.words, like), bits.n_bits)
    host = to_host(bits.words)
    return BitArray(from_host(host.view(np.int64 if is_torch(like) else np.uint64), like), bits.n_bits)


def read_bits(
    y: Any, name: str = "latents", values: str = "auto", least: int = 1, threads: int = 1
) -> tuple[BitArray, str | None]:
    """Pack bits of any coding, and say which coding it was.

    Parameters
    ----------
    y : array_like, torch tensor or BitArray, shape (n_samples, n_bits)
        Bits as bool, {0, 1} or {-1, +1}, of any real dtype; a BitArray is passed on as it is.
    name : str
        What the caller calls `y`, for the messages.
    values : {"auto", "01", "pm1", "bool"}, default "auto"
        The coding, if it is known; "auto" reads it from the data.
    least : int, default 1
        Rows that `y` must have.
    threads : int, default 1
        Threads that pack.

    Returns
    -------
    bits : BitArray
        In the library and on the device of `y`.
    coding : {"01", "pm1", "bool"} or None
        None if neither `values` nor `y` tells: a BitArray, or numbers that are all 1, a bit set in every coding.

    Raises
    ------
    TypeError
        If `y` is not an array of real numbers or booleans.
    ValueError
        If `y` is not a matrix with rows and columns, or its entries are not bits of one coding.

    Examples
    --------
    >>> read_bits([[-1, 1], [1, 1]])
    (BitArray(n_samples=2, n_bits=2), 'pm1')
    """
    if isinstance(y, BitArray):
        check_choice(values, "values", ("auto", *LEVELS))
        check_matrix(y.shape, name, least)
        return y, None if values == "auto" else values
    words, n_bits, coding = read_words(y, name, values, least, threads)
    return trusted_bits(words, n_bits), coding


def hamming_distance(a: Any, b: Any, *, pairwise: bool = False, threads: int | None = None) -> Array:
    """Count the bits in which samples differ.

    Parameters
    ----------
    a, b : BitArray, array_like or torch tensor, shapes (n, n_bits) and (m, n_bits)
        Bits in any coding. Row by row, ``n`` and ``m`` are equal or one of them is 1.
    pairwise : bool, default False
        Compare each row of `a` with each row of `b`, not just with its partner.
    threads : int, optional
        Threads that pack and count; by default what the environment variable ``BERNOULLI_LATENT_THREADS`` says, or 1.

    Returns
    -------
    array of int64, shape (max(n, m),), or (n, m) if `pairwise`
        Distances, exact, in the library and on the device of `a` and `b`.

    Raises
    ------
    TypeError
        If `a` and `b` are of different libraries or on different devices, or not arrays of real numbers.
    ValueError
        If the shapes do not fit, or an array does not hold bits.

    Notes
    -----
    The exclusive or of packed words, and a population count.

    References
    ----------
    R. W. Hamming, "Error detecting and error correcting codes", Bell System Technical Journal 29 (1950), part II.

    Examples
    --------
    >>> hamming_distance([[0, 0, 1], [1, 1, 1]], [[0, 1, 1]])
    array([1, 1])
    >>> hamming_distance([[0, 0, 1], [1, 1, 1]], [[0, 1, 1], [0, 0, 0]], pairwise=True)
    array([[1, 1],
           [1, 3]])
    """
    threads = thread_count(threads)
    a, b = read_bits(a, "a", least=0, threads=threads)[0], read_bits(b, "b", least=0, threads=threads)[0]
    if a.n_bits != b.n_bits:
        raise ValueError(f"`a` and `b` must have equally many bits; got {a.n_bits} and {b.n_bits}")
    if not pairwise and a.n_samples != b.n_samples and 1 not in (a.n_samples, b.n_samples):
        raise ValueError(
            f"`a` and `b` must have equally many rows, or one of them a single row; got {a.n_samples} and "
            f"{b.n_samples}. For all pairs, pass pairwise=True"
        )
    if is_torch(a.words) != is_torch(b.words) or a.words.device != b.words.device:
        raise TypeError(f"`a` and `b` must be in one library and on one device; got {a!r} and {b!r}")
    return _packing("hamming_pairs" if pairwise else "hamming_rows", [a.words, b.words], threads)


def _packing(function: str, words: Sequence[Array], *arguments: Any) -> Any:
    """Call a packing kernel; tensors in host memory pass through it as NumPy views."""
    host = [to_host(w).view(np.uint64) if on_host(w) else w for w in words]
    result = getattr(kernels("packing", host[0]), function)(*host, *arguments)
    return from_host(result, words[0]) if on_host(words[0]) else result
