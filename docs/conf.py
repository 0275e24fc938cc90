from importlib.metadata import version as installed_version

project = "bernoulli_latent"
author = "bernoulli_latent contributors"
version = release = installed_version("bernoulli_latent")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 2
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
html_theme = "furo"
exclude_patterns = ["_build"]
