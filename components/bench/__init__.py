"""The benchmark: the local cross-encoder beside its peers, same pairs, same weights, one run."""

from components.bench.result import BenchResult, result_json, result_lines
from components.bench.rounds import PEERS, run

__all__ = ["PEERS", "BenchResult", "result_json", "result_lines", "run"]
