"""``python -m bernoulli_latent``: see :mod:`bernoulli_latent.cli`."""

import signal
import sys

from bernoulli_latent.cli import main

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as an exception, so that unfinished files are removed
    sys.exit(main())
