"""The Concrete distribution: a relaxed category, with the logarithms of its shares as random variable."""

from __future__ import annotations

import math
from typing import Any

from bernoulli_latent._arrays import Array
from bernoulli_latent._evaluation import like_operands
from bernoulli_latent._formula import formula
from bernoulli_latent._random import draw_gumbel
from bernoulli_latent.domains import Positive, RealVector
from bernoulli_latent.relaxations.base import Vector

__all__ = ["Concrete"]


class Concrete(Vector):
    r"""Concrete distribution (Gumbel-softmax): tempered, noisy logits through the softmax, on the logarithmic scale.

    .. math:: \log x = \mathrm{log\,softmax}\!\left(\frac{a + G}{\lambda}\right)

    with independent standard Gumbel noise :math:`G`. The random variable is :math:`\log x`, of which nothing is lost
    near the corners of the simplex; its exponentials sum to 1.

    Parameters
    ----------
    logits : array_like, shape (..., K), finite
        The logarithms :math:`a` of the probabilities of the K >= 2 categories, up to a common constant.
    temperature : array_like, positive
        The temperature :math:`\lambda`, of the shape in front of the categories; the smaller, the closer to a category.

    Raises
    ------
    ValueError
        If a parameter is outside its domain, or `logits` has fewer than two categories on its last axis.

    Notes
    -----
    With two categories ``log_x[..., 0] - log_x[..., 1]`` is the logit of a `BinaryConcrete` variable, whose logits are
    the difference of these, and `logpdf` is the density of that logit. No divergence between Concrete distributions is
    known in closed form; that of the categories is no bound for relaxed samples.

    References
    ----------
    .. [1] C. J. Maddison, A. Mnih and Y. W. Teh, "The Concrete distribution: a continuous relaxation of discrete random
           variables", ICLR 2017, equations 10 and 24.
    .. [2] E. Jang, S. Gu and B. Poole, "Categorical reparameterization with Gumbel-softmax", ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from bernoulli_latent import Concrete
    >>> relaxed = Concrete(logits=np.log([0.2, 0.3, 0.5]), temperature=0.5)
    >>> relaxed.probabilities().round(4)
    array([0.2, 0.3, 0.5])
    >>> log_x = relaxed.sample(4, rng=0)
    >>> np.exp(log_x).sum(axis=-1).round(12), relaxed.logpdf(log_x).shape
    (array([1., 1., 1., 1.]), (4,))
    """

    logits: RealVector
    temperature: Positive

    @formula
    def logpdf(f, log_x, logits, temperature):
        """Logarithm of the density of the log-ratios ``log x_k - log x_K``, k < K, whichever category is the K-th."""
        shares = f.log_softmax(logits - temperature[..., None] * log_x)
        n_ratios = logits.shape[-1] - 1
        return f.total(shares)[..., 0] + (n_ratios * f.log(temperature) + math.lgamma(n_ratios + 1))

    @formula
    def logpdf_on_simplex(f, log_x, logits, temperature):
        """Logarithm of the density of all shares ``x`` but one, which the others determine."""
        return Concrete.logpdf(f, log_x, logits, temperature) - f.total(log_x)[..., 0]

    @formula
    def from_gumbel(f, noise, logits, temperature):
        """Logarithms of the shares that belong to standard Gumbel `noise`."""
        return f.log_softmax((logits + noise) / temperature[..., None])

    @formula
    def from_uniform(f, noise, logits, temperature):
        """Logarithms of the shares that belong to `noise` uniform on (0, 1)."""
        return Concrete.from_gumbel(f, -f.log(-f.log(noise)), logits, temperature)

    @formula
    def probabilities(f, logits):
        """Probability that a category has the largest share, for each category."""
        return f.exp(f.log_softmax(logits))

    def argmax(self) -> Array:
        """Index of the category that most often has the largest share; the first of several."""
        return self.logits.argmax(-1)

    def sample(self, shape: int | tuple[int, ...] = (), *, rng: Any = None) -> Array:
        """Draw logarithms of shares; with tensors, the draw can be differentiated by the parameters.

        Parameters
        ----------
        shape : int or tuple of int
            Shape of independent draws, in front of the shape of the parameters.
        rng : None, int, numpy.random.Generator or torch.Generator
            Source of randomness. The same seed gives the same first rows, however many are drawn.

        Returns
        -------
        array, shape ``(*shape, *self.shape, K)``
            In the library, dtype and device of the parameters.
        """
        return self.from_gumbel(draw_gumbel(self._size(shape), like_operands([*self.parameters.values()]), rng))

    def sample_from(self, noise: Array, kind: str = "uniform") -> Array:
        """Draw that belongs to given `noise`.

        Parameters
        ----------
        noise : array, shape (..., K)
            Independent noise for each category.
        kind : {"uniform", "gumbel"}
            Whether `noise` is `u` uniform on (0, 1) or ``-log(-log(u))``, the standard Gumbel variable.
        """
        methods = {"uniform": self.from_uniform, "gumbel": self.from_gumbel}
        if kind not in methods:
            raise ValueError(f"`kind` must be one of {tuple(methods)}; got {kind!r}")
        return methods[kind](noise)
