"""How far generated images are from real ones, and generated bits from encoded ones: functions of arrays."""

from examples.common.metrics.bits import dead_bits, step_statistics, third_order_agreement
from examples.common.metrics.distances import (
    frechet_distance,
    kernel_distance,
    nearest_neighbour_distance,
    precision_recall_density_coverage,
)
from examples.common.metrics.pictures import psnr, ssim

__all__ = [
    "dead_bits",
    "frechet_distance",
    "kernel_distance",
    "nearest_neighbour_distance",
    "precision_recall_density_coverage",
    "psnr",
    "ssim",
    "step_statistics",
    "third_order_agreement",
]
