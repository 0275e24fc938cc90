import re
from importlib.metadata import version as installed_version

project = "bernoulli_latent"
author = "bernoulli_latent contributors"
version = release = installed_version("bernoulli_latent")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 2
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_param = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
html_theme = "furo"
suppress_warnings = ["ref.footnote"]  # a docstring may list a reference without pointing to it
exclude_patterns = ["_build"]


def name_references(app, what, name, obj, options, lines):
    """Tell apart the references [1] of the docstrings that share a page."""
    label = name.replace(".", "-").lower()
    lines[:] = [re.sub(r"\[(\d+)\](?=_|\s)", rf"[#{label}-\1]", line) for line in lines]


def setup(app):
    app.connect("autodoc-process-docstring", name_references)
