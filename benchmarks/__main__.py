"""``python -m benchmarks run [--suite NAME] [--data FOLDER] [--quick]``, ``report``, ``plot``, ``operations``."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.suites import NAMES, Options


def main() -> int:
    options = _parse()
    return int(options.action(options))


def _run(options: argparse.Namespace) -> int:
    from benchmarks import results

    for name in dict.fromkeys(("machine", *(options.suite or NAMES))):
        print(results.measure(name, Options(options.quick, options.data)))
    return 0


def _report(options: argparse.Namespace) -> int:
    from benchmarks import report

    changed = list(report.stale()) if options.check else report.write()
    for page in changed:
        print(page.relative_to(ROOT))
    return int(options.check and bool(changed))


def _plot(options: argparse.Namespace) -> int:
    from benchmarks import plot, plot_scaling

    for path in (plot.draw(), *plot_scaling.draw()):
        print(path.relative_to(ROOT))
    return 0


def _operations(options: argparse.Namespace) -> int:
    from benchmarks import operations

    return operations.check() if options.check else operations.write()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="measure the machine, then suites, and replace their rows")
    run.add_argument("--suite", choices=NAMES, action="append", help="may be repeated; all suites without it")
    run.add_argument("--data", type=Path, help="folder with collections of real bits")
    run.add_argument("--quick", action="store_true", help="small sizes, kept apart from the real rows")
    report = commands.add_parser("report", help="write the tables of README and docs from the rows")
    report.add_argument("--check", action="store_true", help="change nothing; fail if a table is not up to date")
    plot = commands.add_parser("plot", help="draw the pictures of the documentation from the rows")
    operations = commands.add_parser("operations", help="count the instructions of the kernels, under valgrind")
    operations.add_argument("--check", action="store_true", help="change nothing; fail if a count has grown")
    for command, action in ((run, _run), (report, _report), (plot, _plot), (operations, _operations)):
        command.set_defaults(action=action)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
