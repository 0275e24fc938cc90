"""``python -m bernoulli_latent``: see :mod:`bernoulli_latent.cli`."""

import sys

from bernoulli_latent.cli import main

if __name__ == "__main__":
    sys.exit(main())
