"""Schemathesis, all checks, against servers generated from documents: mocks, whose operations answer the examples.

Builds them by `cargo xtask circle`, starts one after the other, and compares what is found with generated.toml: a finding
that is not listed fails, and so does an entry that nothing matches.

usage: python3 tests/schemathesis/generated.py [--max-examples N] [--seed N]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import tomllib

import run

ACCEPT = run.ROOT / "crates/openapi-to-dropshot/tests"
DOCUMENTS = ["mistakes/shelves.yaml"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--max-examples", type=int, default=40, help="test cases per operation and phase")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same cases")
    arguments = parser.parse_args()
    listed = tomllib.loads((run.HERE / "generated.toml").read_text())["finding"]
    target = run.ROOT / "target"
    crate = target / "circle"
    documents = [str(ACCEPT / name) for name in DOCUMENTS]
    circle = ["cargo", "xtask", "circle", "--crate-dir", str(crate), *documents]
    subprocess.run(circle, cwd=run.ROOT, check=True)
    findings, cases = {}, 0
    for number, name in enumerate(DOCUMENTS):
        served = crate / f"src/doc{number}/openapi.json"
        more, count = check(target / "debug/circle", f"doc{number}", name, served, arguments)
        findings.update(more)
        cases += count
    return run.judge(findings, cases, listed)


def check(program, module, name, served, arguments):
    """What is found at one server."""
    environment = {**os.environ, "CIRCLE_SERVE": module}
    server = subprocess.Popen([str(program)], env=environment, stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.ndjson"
        try:
            world = {"api": "http://" + server.stdout.readline().strip(), "token": "mock"}
            code = run.schemathesis(world, report, arguments, str(served))
        finally:
            server.terminate()
            server.wait(timeout=30)
        if code not in (0, 1) or not report.exists():
            print(f"{name}: schemathesis itself failed with exit code {code}")
            return {("error", name, ""): "schemathesis failed"}, 0
        return run.read(report, json.loads(served.read_text()))


if __name__ == "__main__":
    sys.exit(main())
