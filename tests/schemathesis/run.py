"""Schemathesis, all checks, against the server on embedded defaults.

Starts `kubemint-server sandbox`, runs every phase against the document that it serves, and compares what is found with
findings.toml: a finding that is not listed fails, and so does an entry that nothing matches.

usage: python3 tests/schemathesis/run.py [--max-examples N] [--seed N]
"""

import argparse
import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--max-examples", type=int, default=100, help="test cases per operation and phase")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same cases")
    arguments = parser.parse_args()
    listed = tomllib.loads((HERE / "findings.toml").read_text())["finding"]
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.ndjson"
        server = start(pathlib.Path(folder))
        try:
            world = json.loads(server.stdout.readline())
            document = json.loads(fetch(world["api"] + "/openapi.json"))
            code = schemathesis(world, report, arguments)
        finally:
            server.terminate()
            server.wait(timeout=30)
        if code not in (0, 1) or not report.exists():
            print(f"schemathesis itself failed with exit code {code}")
            return 1
        findings, cases = read(report, document)
    return judge(findings, cases, listed)


def start(folder: pathlib.Path) -> subprocess.Popen:
    """The server, built as the workspace builds it."""
    build = ["cargo", "build", "--locked", "--workspace", "--bin", "kubemint-server"]
    subprocess.run(build, cwd=ROOT, check=True)
    metadata = ["cargo", "metadata", "--format-version=1", "--no-deps", "--offline", "--locked"]
    target = json.loads(subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True).stdout)["target_directory"]
    command = [f"{target}/debug/kubemint-server", "sandbox", "--json", "--kubeconfig", str(folder / "kubeconfig")]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def fetch(url: str) -> bytes:
    import urllib.request

    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def schemathesis(world: dict, report: pathlib.Path, arguments: argparse.Namespace, document: str = "") -> int:
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", document or world["api"] + "/openapi.json",
        "--url", world["api"],
        "--header", "Authorization: Bearer " + world["token"],
        "--checks", "all",
        "--phases", "examples,coverage,fuzzing,stateful",
        "--max-examples", str(arguments.max_examples),
        "--seed", str(arguments.seed),
        "--continue-on-failure", "--no-shrink", "--warnings", "off",
        "--report", "ndjson", "--report-ndjson-path", str(report),
    ]
    log = report.with_suffix(".log")
    with log.open("w") as output:
        code = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    if code not in (0, 1) or not report.exists():
        print(log.read_text()[-4000:])
    return code


def read(report: pathlib.Path, document: dict) -> tuple[dict, int]:
    """Every finding as (check, operation, reason) with an example, and the number of requests."""
    names = {
        f"{method.upper()} {path}": operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }
    findings: dict = {}
    requests = 0
    for line in report.read_text().splitlines():
        event = json.loads(line)
        if "FatalError" in event or "NonFatalError" in event:
            findings[("error", "schemathesis", "")] = line[:2000]
        recorder = event.get("ScenarioFinished", {}).get("recorder")
        if not recorder:
            continue
        interactions = recorder.get("interactions", {})
        requests += len(interactions)
        for case, checks in recorder.get("checks", {}).items():
            for check in checks:
                if check["status"] != "failure":
                    continue
                failure = check["failure_info"]["failure"]
                interaction = interactions.get(case, {})
                operation = names.get(failure["operation"], failure["operation"])
                key = (check["name"], operation, reason_of(interaction))
                findings.setdefault(key, f'{failure["message"]}\n{told(interaction)}')
    return findings, requests


def content(message: dict, key: str) -> bytes:
    part = message.get(key)
    return base64.b64decode(part.get("$base64", "")) if isinstance(part, dict) else b""


def told(interaction: dict) -> str:
    """What was asked and answered, each cut to what fits a terminal."""
    request, response = interaction.get("request") or {}, interaction.get("response") or {}
    asked, answered = content(request, "body")[:1000], content(response, "content")[:1000]
    lines = [f'{request.get("method")} {request.get("uri")}', f'{response.get("status_code")}']
    return f"{lines[0]} {asked.decode(errors='replace')}\n-> {lines[1]} {answered.decode(errors='replace')}"


def reason_of(interaction: dict) -> str:
    try:
        return json.loads(content(interaction.get("response") or {}, "content"))["error"]["details"][0]["reason"]
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def judge(findings: dict, requests: int, listed: list) -> int:
    def matches(entry: dict, key: tuple) -> bool:
        check, operation, reason = key
        return (entry["check"], entry["operation"]) == (check, operation) and reason in entry.get("reasons", [reason])

    new = {key: example for key, example in findings.items() if not any(matches(entry, key) for entry in listed)}
    stale = [entry for entry in listed if not any(matches(entry, key) for key in findings)]
    for (check, operation, reason), example in sorted(new.items()):
        print(f"NEW: {check} in {operation} (reason: {reason or 'none'})\n{example}\n")
    for entry in stale:
        print(f'STALE: nothing matches {entry["check"]} in {entry["operation"]}: take it out of findings.toml')
    print(f"schemathesis: {requests} requests, {len(findings)} kinds of finding, {len(new)} not listed, {len(stale)} stale")
    return 1 if new or stale or requests == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
