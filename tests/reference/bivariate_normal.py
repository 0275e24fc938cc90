"""Reference values of the bivariate normal distribution function, by quadrature in 40 digits with mpmath.

``python tests/reference/bivariate_normal.py`` writes ``bivariate_normal.json``: rows of h, k, rho, P(x <= h, y <= k).
The arguments are binary numbers and taken as they are. The tests read the table and do not need mpmath.
"""

from __future__ import annotations

import json
import random
from itertools import product
from pathlib import Path

import mpmath as mp

TABLE = Path(__file__).with_suffix(".json")
REACH = 60
DISTANCES = (0, 1, 2, 4, 6, 9, 13, 18, 25, 45)
WIDTHS = (-30, -20, -12, -8, -5, -3, -1, 0, 1, 3, 5, 8, 12, 20, 30)


def distribution(h: float, k: float, rho: float) -> mp.mpf:
    """Integral of phi(x) Phi((k - rho x) / sqrt(1 - rho^2)) up to h, split where either factor changes."""
    h, k, rho = mp.mpf(h), mp.mpf(k), mp.mpf(rho)
    if min(h, k) == -mp.inf:
        return mp.mpf(0)
    if max(h, k) == mp.inf:
        return mp.ncdf(min(h, k))
    if rho == 1:
        return mp.ncdf(min(h, k))
    if rho == -1:
        return max(mp.mpf(0), mp.ncdf(h) - mp.ncdf(-k))
    s = mp.sqrt((1 - rho) * (1 + rho))
    centre, width = (k / rho, s / abs(rho)) if rho else (mp.mpf(0), mp.mpf(1))
    breaks = [h - d for d in DISTANCES] + [centre + width * w for w in WIDTHS] + [mp.mpf(-d) for d in DISTANCES]
    inner = sorted({x for x in breaks if -REACH < x < h})
    return mp.quad(lambda x: mp.npdf(x) * mp.ncdf((k - rho * x) / s), [mp.mpf(-REACH), *inner, h], maxdegree=8)


def points() -> list[tuple[float, float, float]]:
    """Ordinary points, then those that are hard: equal or opposite limits, correlations close to -1 and 1, tails."""
    draw = random.Random(0)
    found = [(draw.gauss(0, 1.5), draw.gauss(0, 1.5), draw.uniform(-1, 1)) for _ in range(80)]
    near_one = [sign * (1 - gap) for gap in (1e-3, 1e-8, 1e-15) for sign in (-1, 1)]
    limits = [(0, 0), (1.5, 1.5), (-1.5, 1.5), (-1.5, 1.4), (0.3, 0.30001), (-3, -3), (-3, 2.5), (1e-9, -1e-9)]
    found += [(float(h), float(k), rho) for (h, k), rho in product(limits, [*near_one, -1.0, 1.0])]
    tails = [(-7, -7), (-6, -1), (-5, 5), (-7, 1), (6, -6.5), (-8, -2), (-4, -4.01), (7.5, 7.5), (-6.8, 0)]
    found += [
        (float(h), float(k), rho) for (h, k), rho in product(tails, [-0.9, -0.3, 0.0, 0.5, 0.926, 0.999, 1 - 1e-8])
    ]
    far = [(-38.0, 1.0), (38.0, -1.0), (-38.0, -38.0), (38.0, 38.0), (38.0, -38.0), (20.0, -9.0)]
    found += [(h, k, rho) for (h, k), rho in product(far, [-0.999, -0.5, 0.0, 0.5, 0.999])]
    infinite = [(mp.inf, 0.7), (-mp.inf, 0.7), (mp.inf, mp.inf), (mp.inf, -mp.inf)]
    found += [(float(h), float(k), rho) for (h, k), rho in product(infinite, [-1.0, -0.5, 0.9, 1.0])]
    for _ in range(60):  # small orthants down to 1e-12
        h, k = -abs(draw.gauss(0, 4)), -abs(draw.gauss(0, 4))
        found.append((h, k, draw.choice([draw.uniform(-0.6, 1), 1 - 10 ** -draw.uniform(1, 15)])))
    for _ in range(40):
        h, gap = draw.gauss(0, 2), 10 ** -draw.uniform(0, 14)
        found.append((h, h * (1 + draw.uniform(-2, 2) * gap), 1 - 10 ** -draw.uniform(0, 15)))
    thin = [(-1.5, 1.5 - 2**-20, 2**-40), (-3.0, 3 - 2**-19, 2**-38), (-0.7, 0.7 - 2**-22, 2**-42)]
    thin += [(2**-30, 2**-30, 2**-44), (2**-28, 2**-35, 2**-42), (2**-30, 2**-30, 2**-40)]
    found += [(h, k, -1 + gap) for h, k, gap in thin]
    return found


def main() -> None:
    with mp.workdps(40):
        rows = [[h, k, rho, float(distribution(h, k, rho))] for h, k, rho in points()]
    text = ",\n".join(json.dumps(row) for row in rows)
    TABLE.write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
