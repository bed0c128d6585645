"""The command line."""
from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import daemon, floor, machine, page, table
from .place import BENCH
from .plan import Plan
from .report import Report
from .sections import ALL, QUICK

#: The share of the processors that others may take.
QUIET = 0.1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="Benchmarks/run", description="Measure orchd beside what one would use instead.")
    parser.add_argument("--section", action="append", choices=list(ALL), help="only this one; may be given several times")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="sections 1, 2 and 7 with small sizes, two minutes")
    size.add_argument("--full", action="store_true", help="the largest sizes, half an hour")
    parser.add_argument("--peers", help="only these peers, by name, with commas between them")
    parser.add_argument("--rounds", type=int, help="rounds of each figure")
    parser.add_argument("--output-mib", type=int, default=64, metavar="N", help="how much each writing task writes (64)")
    parser.add_argument("--bin", type=Path, metavar="DIR", help="where orchd, orchd-supervisor and orchctl are (build/bin)")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="an older result.json: print what is different")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the result goes (build/bench/result.json)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    return parser.parse_args()


def end(number: int, _: object) -> None:
    """Unwinds, so that no daemon and no directory is left behind."""
    sys.exit(128 + number)


def main() -> int:
    options = arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    if options.bin:
        daemon.programs = options.bin.resolve()
    if not (daemon.programs / "orchd").exists():
        print(f"there is no orchd in {daemon.programs}: make build", file=sys.stderr)
        return 1
    older = Report.load(options.compare) if options.compare else None
    BENCH.mkdir(parents=True, exist_ok=True)
    floor.build()
    report = Report(machine=machine.describe(BENCH, daemon.version()))
    plan = Plan(report, quick=options.quick, full=options.full, rounds=options.rounds or (3 if options.quick else 5),
                only=set(options.peers.split(",")) if options.peers else None, output_size=options.output_mib << 20)
    began = time.monotonic()
    failed = False
    for name in options.section or (QUICK if options.quick else list(ALL)):
        busy = machine.taken_by_others()
        if busy > QUIET:
            report.disturbed[name] = busy
            plan.say(f"NOT QUIET: others take {busy * 100:.0f} % of the processors; there will be no verdict on {name}")
        first = len(report.budgets)
        try:
            ALL[name].run(plan)
        except (daemon.Failed, subprocess.CalledProcessError, OSError) as error:
            # The other sections are worth having.
            print(f"SECTION {name} FAILED: {error}", file=sys.stderr, flush=True)
            report.absent[f"section {name}, or the rest of it"] = str(error)
            failed = True
        for budget in report.budgets[first:]:
            budget.disturbed = busy > QUIET
    report.machine["took"] = f"{time.monotonic() - began:.0f} s, {plan.rounds} rounds"
    text = table.text(report)
    print("\n" + text)
    result = options.json or BENCH / "result.json"
    report.save(result)
    result.with_suffix(".txt").write_text(text, encoding="utf-8")
    if options.write:
        page.keep(text)
    if older:
        print(f"Changed since {options.compare}:\n" + table.changes(older, report))
    return 1 if failed else 0
