"""Measure a run, one row each: ``python -m examples.lbae.evaluate --run local/mnist --data FOLDER``.

Without Inception's weights the Frechet distance is that of classifiers trained here (CFD), which cannot be compared
with published FIDs: compare with the rows of the training images (the floor) and of independent bits.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from examples.common.checkpoints import check_same
from examples.common.extractors import Extractor, InceptionFeatures, OnnxFeatures, ThroughJpeg
from examples.common.features import Classifier, origin, train_classifier
from examples.common.images import Images
from examples.common.judging import Judge
from examples.common.report import Report
from examples.common.settings import command, read_flags, use_threads
from examples.lbae.evaluation import TASKS, Evaluation
from examples.lbae.runs import Run, add_data, read_part

__all__ = ["main"]

ON_SMOKE = {"classifiers": 1, "epochs": 1, "edits": 5}


@command
def main(arguments: Sequence[str] | None = None) -> None:
    """Read the run and the images, train or read the classifiers, write the rows."""
    options = _parse(arguments)
    use_threads(options.threads)
    run = Run(options.run, options.device)
    images, unseen = (read_part(run, options, split) for split in ("train", "test"))
    device = next(run.model.parameters()).device
    known, held_out = images.without(len(unseen))
    classifiers = [_classifier(options, seed, known, unseen, device) for seed in range(options.classifiers)]
    extractors = [*classifiers, *_given(options, device)]
    judge = Judge([ThroughJpeg(each) for each in extractors] if options.jpeg75 else extractors, unseen.pixels)
    evaluation = Evaluation(
        run.model, run.codes("train"), held_out, unseen, judge, classifiers, options.seed, options.edits
    )
    report = Report(options.out or options.run / "results.jsonl", "lbae", unseen.source, options.seed, device)
    common = _facts(run, unseen, classifiers)
    for finding in tqdm(evaluation.findings(options.tasks), unit="row", leave=False):
        report.add(finding.contender, finding.values, **finding.parameters, **common)
    print(report.path)


def _classifier(
    options: argparse.Namespace, seed: int, images: Images, unseen: Images, device: torch.device
) -> Classifier:
    """Classifier of a seed, right for so many of the test images: that of the folder, or a new one."""
    folder = options.classifier_folder or options.run
    path = folder / f"classifier_{seed}.npz"
    if path.exists():
        classifier = Classifier.load(path).to(device)
        check_same(path, classifier.about, origin(images, seed, options.epochs))
        classifier.test(unseen)
        return classifier
    folder.mkdir(parents=True, exist_ok=True)
    classifier = train_classifier(images, seed, options.epochs, device, unseen)
    classifier.save(path)
    return classifier


def _given(options: argparse.Namespace, device: torch.device) -> Iterator[Extractor]:
    """Networks given by path."""
    if options.inception:
        yield InceptionFeatures(options.inception, device)
    if options.onnx:
        yield OnnxFeatures(options.onnx)


def _facts(run: Run, unseen: Images, classifiers: Sequence[Classifier]) -> dict[str, Any]:
    """What stands in every row."""
    plan, about = run.model.plan, run.about
    accuracy = sum(classifier.accuracy for classifier in classifiers) / len(classifiers)
    sizes = {"bits": plan.bits, "width": plan.width, "code_channels": plan.first}
    trained = {"steps": about["steps"], "images": about["images"], "epochs": about["settings"]["epochs"]}
    return {**sizes, **trained, "test_images": len(unseen), "classifier_accuracy": round(accuracy, 4)}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder of a trained and encoded run")
    add_data(parser)
    parser.add_argument("--out", type=Path, help="file of rows; by default results.jsonl in the folder of the run")
    parser.add_argument("--seed", type=int, default=0, help="of all draws")
    parser.add_argument("--threads", type=int, help="processor threads")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS, help="what to measure (default: all)")
    parser.add_argument("--edits", type=int, default=200, help="images edited for each attribute (default: 200)")
    parser.add_argument("--classifiers", type=int, default=3, help="classifiers to average over (default: 3)")
    parser.add_argument(
        "--classifier-folder", type=Path, help="where they are kept, for the same images; by default --run"
    )
    parser.add_argument("--epochs", type=int, default=3, help="of their training (default: 3)")
    parser.add_argument("--inception", type=Path, help="weights of Inception, for FID")
    parser.add_argument("--onnx", type=Path, help="another network of features, as an ONNX file")
    parser.add_argument("--jpeg75", action="store_true", help="judge what JPEG leaves of the images, as the authors do")
    options = read_flags(parser, arguments, ON_SMOKE)
    for name in ("edits", "classifiers", "epochs"):
        if getattr(options, name) < 1:
            raise ValueError(f"`{name}` must be positive; got {getattr(options, name)}")
    return options


if __name__ == "__main__":
    main()
