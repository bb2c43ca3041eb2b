"""Command line: measure, print the tables, write the JSON. Exit status 1 where a peer disagrees or ours fails."""

import argparse
import json
import os
import pathlib
import sys

from benchmarks import environment, runner, table
from benchmarks.workloads import PEERS, WORKLOADS


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    options = arguments()
    environ, removed = environment.clean(options.threads)
    report = {
        "machine": environment.machine(),
        "threads": options.threads,
        "rounds": options.rounds,
        "load_before": os.getloadavg()[0],
        "removed_from_environment": removed,
        "workloads": {},
    }
    print(table.heading(report))
    for workload in options.workloads:
        result = runner.run(workload, options.peers, options.rounds, environ)
        report["workloads"][workload] = result
        print(table.detail(workload, result), flush=True)
    report["load_after"] = os.getloadavg()[0]
    print(table.summary(report))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return int(not healthy(report))


def healthy(report: dict) -> bool:
    """Say whether all losses agreed and ours, where it is installed, ran."""
    return not any(
        "disagrees" in result or (peer == "ours" and "failed" in result)
        for workload in report["workloads"].values()
        for peer, result in workload["peers"].items()
    )


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure ours beside its peers.")
    default = pathlib.Path(__file__).parent / "results" / "latest.json"
    parser.add_argument("--workloads", type=one_of(WORKLOADS), default=WORKLOADS, help="comma-separated; default all")
    parser.add_argument("--peers", type=one_of(PEERS), default=PEERS, help="comma-separated; default all")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--threads", type=int, default=1, help="threads for every library (default 1)")
    parser.add_argument("--json", type=pathlib.Path, default=default, help="where to write the results")
    return parser.parse_args()


def one_of(names: tuple[str, ...]):
    """Return an argparse type: a comma-separated choice from `names`."""

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := [name for name in chosen if name not in names]:
            raise argparse.ArgumentTypeError(f"unknown {', '.join(unknown)}; there are {', '.join(names)}")
        return chosen

    return parse


if __name__ == "__main__":
    sys.exit(main())
