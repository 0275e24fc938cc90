"""What is installed, and whom to cite."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bernoulli_latent._version import __version__

__all__ = ["citation", "show_versions"]

_LIBRARIES = (
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "array-api-compat",
    "torch",
    "matplotlib",
    "scikit-learn",
    "safetensors",
    "dask",
    "tqdm",
)


def show_versions() -> None:
    """Print the versions that a report of a problem should name.

    Notes
    -----
    Versions are read from what is installed; no library is imported.

    Examples
    --------
    >>> show_versions()
    bernoulli_latent ...
    """
    rows = {
        "bernoulli_latent": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "processors": str(os.cpu_count()),
        **{library: _installed(library) for library in _LIBRARIES},
    }
    for name, value in rows.items():
        print(f"{name:<17}{value}")


def _installed(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "not installed"


def citation(obj: Any = None) -> str:
    """BibTeX entries of the papers behind a class or function of this library.

    Parameters
    ----------
    obj : class, function, method or instance, optional
        Something of ``bernoulli_latent``; without it, the entry of the software itself.

    Returns
    -------
    str
        One or more BibTeX entries, separated by blank lines; that of the software if no paper stands behind
        `obj`.

    Raises
    ------
    TypeError
        If `obj` is not of this library.

    Examples
    --------
    >>> from bernoulli_latent import gram_from_moments
    >>> print(citation(gram_from_moments).splitlines()[0])
    @article{Sheppard1899,
    """
    keys = ("software",) if obj is None else _SOURCES.get(_public_name(obj), ("software",))
    return "\n\n".join(_ENTRIES[key] for key in keys)


def _public_name(obj: Any) -> str:
    """Name of the class or function that `obj` is, belongs to, or is an instance of."""
    owner = getattr(obj, "__self__", obj)
    named = owner if hasattr(owner, "__qualname__") else type(owner)
    if named.__module__.partition(".")[0] != "bernoulli_latent":
        raise TypeError(f"`obj` must be a class, function or instance of bernoulli_latent; got {obj!r}")
    name: str = named.__qualname__
    return name.partition(".")[0]


_SOURCES = {
    "AttributeEditor": ("Fajtl2020",),
    "BernoulliBottleneck": ("Fajtl2020",),
    "BernoulliMoments": ("Fajtl2020",),
    "BinaryConcrete": ("Maddison2017", "Jang2017"),
    "CodeSampler": ("Fajtl2020",),
    "Concrete": ("Maddison2017", "Jang2017"),
    "DichotomizedGaussianSampler": ("EmrichPiedmonte1991", "Macke2009"),
    "GaussianRoundingSampler": ("Fajtl2020",),
    "HardConcrete": ("Louizos2018",),
    "HyperplaneSampler": ("Fajtl2020", "Sheppard1899"),
    "MixtureSampler": ("McLachlanPeel2000", "Fajtl2020"),
    "OverlappingExponential": ("Vahdat2018a",),
    "PowerFunction": ("Vahdat2018b",),
    "RepairResult": ("Higham2002", "QiSun2006", "BorsdorfHigham2010", "HighamStrabic2016"),
    "SmoothStepLogistic": ("SadierGane2020", "Azzalini1985"),
    "SpikeExponential": ("Rolfe2017",),
    "StepLogistic": ("SadierGane2020",),
    "StructuredSampler": ("EmrichPiedmonte1991", "Macke2009", "HarmanJones1966", "HarmanFukuda1966"),
    "arm": ("YinZhou2019",),
    "disarm": ("Dong2020",),
    "elbo_decomposition": ("Chen2018",),
    "fit_sampler": ("Fajtl2020", "EmrichPiedmonte1991"),
    "gram_from_moments": ("Sheppard1899", "Fajtl2020"),
    "gumbel_rao": ("Paulus2021",),
    "logits_given_bits": ("Tucker2017",),
    "moments_from_gram": ("Sheppard1899",),
    "nearest_correlation": ("Higham2002", "QiSun2006", "BorsdorfHigham2010", "HighamStrabic2016"),
    "reinforce_leave_one_out": ("Kool2019",),
    "straight_through_bernoulli": ("Bengio2013",),
    "straight_through_gumbel": ("Jang2017",),
    "straight_through_sign": ("Fajtl2020",),
}

_ENTRIES = {
    "software": f"""@software{{bernoulli_latent,
  title = {{bernoulli\\_latent: correlated binary vectors and relaxed {{B}}ernoulli variables}},
  author = {{{{bernoulli\\_latent contributors}}}},
  version = {{{__version__}}}
}}""",
    "Fajtl2020": """@inproceedings{Fajtl2020,
  title = {Latent {B}ernoulli Autoencoder},
  author = {Fajtl, Jiri and Argyriou, Vasileios and Monekosso, Dorothy and Remagnino, Paolo},
  booktitle = {Proceedings of the 37th International Conference on Machine Learning},
  series = {Proceedings of Machine Learning Research},
  volume = {119},
  year = {2020},
  url = {https://proceedings.mlr.press/v119/fajtl20a.html}
}""",
    "EmrichPiedmonte1991": """@article{EmrichPiedmonte1991,
  title = {A method for generating high-dimensional multivariate binary variates},
  author = {Emrich, Lawrence J. and Piedmonte, Marion R.},
  journal = {The American Statistician},
  volume = {45},
  number = {4},
  pages = {302--304},
  year = {1991}
}""",
    "Macke2009": """@article{Macke2009,
  title = {Generating spike trains with specified correlation coefficients},
  author = {Macke, Jakob H. and Berens, Philipp and Ecker, Alexander S. and Tolias, Andreas S. and Bethge, Matthias},
  journal = {Neural Computation},
  volume = {21},
  number = {2},
  pages = {397--423},
  year = {2009}
}""",
    "Sheppard1899": """@article{Sheppard1899,
  title = {On the application of the theory of error to cases of normal distribution and normal correlation},
  author = {Sheppard, William Fleetwood},
  journal = {Philosophical Transactions of the Royal Society of London A},
  volume = {192},
  pages = {101--167},
  year = {1899}
}""",
    "Higham2002": """@article{Higham2002,
  title = {Computing the nearest correlation matrix---a problem from finance},
  author = {Higham, Nicholas J.},
  journal = {IMA Journal of Numerical Analysis},
  volume = {22},
  number = {3},
  pages = {329--343},
  year = {2002}
}""",
    "HarmanJones1966": """@article{HarmanJones1966,
  title = {Factor analysis by minimizing residuals (minres)},
  author = {Harman, Harry H. and Jones, Wayne H.},
  journal = {Psychometrika},
  volume = {31},
  number = {3},
  pages = {351--368},
  year = {1966}
}""",
    "HarmanFukuda1966": """@article{HarmanFukuda1966,
  title = {Resolution of the {H}eywood case in the minres solution},
  author = {Harman, Harry H. and Fukuda, Yoichiro},
  journal = {Psychometrika},
  volume = {31},
  number = {4},
  pages = {563--571},
  year = {1966}
}""",
    "McLachlanPeel2000": """@book{McLachlanPeel2000,
  title = {Finite Mixture Models},
  author = {McLachlan, Geoffrey J. and Peel, David},
  publisher = {Wiley},
  address = {New York},
  year = {2000}
}""",
    "QiSun2006": """@article{QiSun2006,
  title = {A quadratically convergent {N}ewton method for computing the nearest correlation matrix},
  author = {Qi, Houduo and Sun, Defeng},
  journal = {SIAM Journal on Matrix Analysis and Applications},
  volume = {28},
  number = {2},
  pages = {360--385},
  year = {2006}
}""",
    "BorsdorfHigham2010": """@article{BorsdorfHigham2010,
  title = {A preconditioned {N}ewton algorithm for the nearest correlation matrix},
  author = {Borsdorf, R\\"udiger and Higham, Nicholas J.},
  journal = {IMA Journal of Numerical Analysis},
  volume = {30},
  number = {1},
  pages = {94--107},
  year = {2010}
}""",
    "HighamStrabic2016": """@article{HighamStrabic2016,
  title = {Anderson acceleration of the alternating projections method for computing the nearest
    correlation matrix},
  author = {Higham, Nicholas J. and Strabi\\'c, Nata\\v{s}a},
  journal = {Numerical Algorithms},
  volume = {72},
  number = {4},
  pages = {1021--1042},
  year = {2016}
}""",
    "Azzalini1985": """@article{Azzalini1985,
  author = {Azzalini, Adelchi},
  title = {A class of distributions which includes the normal ones},
  journal = {Scandinavian Journal of Statistics},
  volume = {12},
  pages = {171--178},
  year = {1985}
}""",
    "Bengio2013": """@misc{Bengio2013,
  author = {Bengio, Yoshua and L{\\'e}onard, Nicholas and Courville, Aaron},
  title = {Estimating or propagating gradients through stochastic neurons for conditional computation},
  note = {arXiv:1308.3432},
  year = {2013}
}""",
    "Chen2018": """@inproceedings{Chen2018,
  author = {Chen, Ricky T. Q. and Li, Xuechen and Grosse, Roger and Duvenaud, David},
  title = {Isolating sources of disentanglement in variational autoencoders},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2018}
}""",
    "Dong2020": """@inproceedings{Dong2020,
  author = {Dong, Zhe and Mnih, Andriy and Tucker, George},
  title = {{DisARM}: an antithetic gradient estimator for binary latent variables},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2020}
}""",
    "Jang2017": """@inproceedings{Jang2017,
  author = {Jang, Eric and Gu, Shixiang and Poole, Ben},
  title = {Categorical reparameterization with {Gumbel}-softmax},
  booktitle = {International Conference on Learning Representations},
  year = {2017}
}""",
    "Kool2019": """@inproceedings{Kool2019,
  author = {Kool, Wouter and van Hoof, Herke and Welling, Max},
  title = {Buy 4 {REINFORCE} samples, get a baseline for free!},
  booktitle = {ICLR Workshop on Deep Reinforcement Learning Meets Structured Prediction},
  year = {2019}
}""",
    "Louizos2018": """@inproceedings{Louizos2018,
  author = {Louizos, Christos and Welling, Max and Kingma, Diederik P.},
  title = {Learning sparse neural networks through {L0} regularization},
  booktitle = {International Conference on Learning Representations},
  year = {2018}
}""",
    "Maddison2017": """@inproceedings{Maddison2017,
  author = {Maddison, Chris J. and Mnih, Andriy and Teh, Yee Whye},
  title = {The {Concrete} distribution: a continuous relaxation of discrete random variables},
  booktitle = {International Conference on Learning Representations},
  year = {2017}
}""",
    "Paulus2021": """@inproceedings{Paulus2021,
  author = {Paulus, Max B. and Maddison, Chris J. and Krause, Andreas},
  title = {{Rao-Blackwellizing} the straight-through {Gumbel}-softmax gradient estimator},
  booktitle = {International Conference on Learning Representations},
  year = {2021}
}""",
    "Rolfe2017": """@inproceedings{Rolfe2017,
  author = {Rolfe, Jason Tyler},
  title = {Discrete variational autoencoders},
  booktitle = {International Conference on Learning Representations},
  year = {2017}
}""",
    "SadierGane2020": """@misc{SadierGane2020,
  author = {Sadier-Gane},
  title = {Optimal continuous relaxations of discrete {Bernoulli} random variables in variational autoencoders},
  howpublished = {Dissertation, University of Bristol},
  year = {2020}
}""",
    "Tucker2017": """@inproceedings{Tucker2017,
  author = {Tucker, George and Mnih, Andriy and Maddison, Chris J. and Lawson, Dieterich and Sohl-Dickstein, Jascha},
  title = {{REBAR}: low-variance, unbiased gradient estimates for discrete latent variable models},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2017}
}""",
    "Vahdat2018a": """@inproceedings{Vahdat2018a,
  author = {Vahdat, Arash and Macready, William G. and Bian, Zhengbing and Khoshaman, Amir and Andriyash, Evgeny},
  title = {{DVAE++}: discrete variational autoencoders with overlapping transformations},
  booktitle = {International Conference on Machine Learning},
  year = {2018}
}""",
    "Vahdat2018b": """@inproceedings{Vahdat2018b,
  author = {Vahdat, Arash and Andriyash, Evgeny and Macready, William G.},
  title = {{DVAE\\#}: discrete variational autoencoders with relaxed {Boltzmann} priors},
  booktitle = {Advances in Neural Information Processing Systems},
  year = {2018}
}""",
    "YinZhou2019": """@inproceedings{YinZhou2019,
  author = {Yin, Mingzhang and Zhou, Mingyuan},
  title = {{ARM}: augment-{REINFORCE}-merge gradient for stochastic binary networks},
  booktitle = {International Conference on Learning Representations},
  year = {2019}
}""",
}
