"""``python -m benchmarks run --suite NAME [--data FOLDER] [--quick]``, ``report [--check]`` and ``plot``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import plot, report, results
from benchmarks.measure import ROOT
from benchmarks.suites import NAMES, Options


def main() -> int:
    options = _parse()
    if options.command == "run":
        for name in options.suite or NAMES:
            print(results.measure(name, Options(options.quick, options.data)))
        return 0
    if options.command == "plot":
        print(plot.draw())
        return 0
    changed = list(report.stale()) if options.check else report.write()
    for page in changed:
        print(page.relative_to(ROOT))
    return int(options.check and bool(changed))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure, and replace the rows of a suite")
    run.add_argument("--suite", choices=NAMES, action="append", help="may be repeated; all suites without it")
    run.add_argument("--data", type=Path, help="folder with collections of real bits")
    run.add_argument("--quick", action="store_true", help="small sizes, kept apart from the real rows")
    write = commands.add_parser("report", help="write the tables of README and docs from the rows")
    write.add_argument("--check", action="store_true", help="change nothing; fail if a table is not up to date")
    commands.add_parser("plot", help="draw the errors of the repairs from the rows")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
