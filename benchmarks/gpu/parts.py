"""The parts of the proof, in the order in which they run: what would make the rest worthless comes first."""

from __future__ import annotations

from benchmarks.gpu.boxes import compare_large_box, exhaust_memory, reach_limits
from benchmarks.gpu.exercise import run_exercise
from benchmarks.gpu.forms import compile_all, compile_cpu
from benchmarks.gpu.machine import describe
from benchmarks.gpu.panels import compare_panels
from benchmarks.gpu.replay import replay_all
from benchmarks.gpu.settings import Part
from benchmarks.gpu.speed import measure_speed
from benchmarks.gpu.studies import compare_studies, run_on_a_cluster
from benchmarks.gpu.tools import gpu_tests, sanitize

PARTS = (
    Part("machine", "The machine", 60, describe),
    Part("compile", "Every kernel in every form, compiled and loaded cold", 120, compile_all),
    Part("replay", "Recorded launches, byte by byte", 60, replay_all),
    Part("tests", "The tests that need a GPU", 150, gpu_tests),
    Part("box", "A box of 14 million variants against the CPU", 90, compare_large_box),
    Part("memory", "Too little memory", 60, exhaust_memory),
    Part("limits", "The limits of indices", 60, reach_limits),
    Part("studies", "A whole study with its verdict against the CPU, interrupted and resumed", 120, compare_studies),
    Part("panel", "Stock panels and the passes of a verdict against the CPU", 60, compare_panels),
    Part("speed", "Ceilings, kernels and the host", 60, measure_speed, proves=False),
    Part("sanitizer", "Recorded launches under compute-sanitizer", 90, sanitize, proves=False),
    Part("cluster", "A local Ray cluster", 90, run_on_a_cluster, proves=False),
)
# Not of the proof: the CPU's kernels, compiled beside the first parts; and what a sanitizer runs.
CPU = Part("cpu", "The kernels of the CPU, compiled", 300, compile_cpu, proves=False)
EXERCISE = Part("exercise", "Small work for every kernel", 90, run_exercise, proves=False)
BY_NAME = {part.name: part for part in (*PARTS, CPU, EXERCISE)}
