"""Schemathesis, all checks, against servers generated from documents: mocks, whose operations answer the examples.

Builds them by `cargo xtask circle` (the same documents as CI's circle, so that nothing is compiled twice), starts one after
the other, and compares what is found with generated.toml: a finding that is not listed fails, and so does an entry that
nothing matches.

usage: python3 tests/schemathesis/generated.py [--max-examples N] [--seed N] [--circle PROGRAM --crate DIR] [DOCUMENT...]
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import tomllib

import run

TESTS = "crates/openapi-to-dropshot/tests/"
BUILT = [TESTS + name for name in ("accept", "accept/published", "foreign", "mistakes/shelves.yaml")]
DOCUMENTS = [
    TESTS + "mistakes/shelves.yaml",
    TESTS + "accept/any_of.yaml",
    TESTS + "accept/combinations.yaml",
    TESTS + "accept/discriminators.yaml",
    TESTS + "accept/error_per_status.yaml",
    TESTS + "accept/numbers.yaml",
    TESTS + "accept/objects.yaml",
    TESTS + "accept/parameters.yaml",
    TESTS + "accept/route_bridges.yaml",
    TESTS + "accept/strings.yaml",
    TESTS + "accept/published/dropshot_openapi_custom_error_types.json",
    TESTS + "accept/published/dropshot_pagination_schema.json",
]

# What a document says in words that Schemathesis does not know is written out for it.
#
# The bounds that a format of integers says. OpenAPI's registry of formats has them. Without a format, an integer has 64
# bits: more than any JSON reader need keep. An address (`ip`) is of either version; here it is of the fourth. And a
# `discriminator` leads each value of its property to one member.
WIDTHS = {f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)}
WIDTHS |= {f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)} | {"uint": (0, 2**64 - 1)}


# The greatest number of single precision.
SINGLE = 3.4028234663852886e38


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--max-examples", type=int, default=15, help="test cases per operation and phase")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same cases")
    parser.add_argument("--circle", help="the program that `cargo xtask circle` built, if it was not built here")
    parser.add_argument("--crate", help="where its crate is")
    parser.add_argument("documents", nargs="*", default=DOCUMENTS)
    arguments = parser.parse_args()
    listed = tomllib.loads((run.HERE / "generated.toml").read_text())["finding"]
    crate = pathlib.Path(arguments.crate or run.ROOT / "target/circle")
    if not arguments.circle:
        circle = ["cargo", "xtask", "circle", "--crate-dir", str(crate), *BUILT]
        subprocess.run(circle, cwd=run.ROOT, check=True, stdout=subprocess.DEVNULL)
    built = "circle" if crate.name == "circle" else f"circle-{crate.name}"
    program = arguments.circle or run.ROOT / "target/debug" / built
    modules = json.loads((crate / "documents.json").read_text())
    findings, cases = {}, 0
    for name in arguments.documents:
        start = time.monotonic()
        served = json.loads((crate / f"src/{modules[name]}/openapi.json").read_text())
        more, count = check(program, modules[name], name, spelt(served), arguments)
        print(f"{name}: {count} requests, {len(more)} kinds of finding, {time.monotonic() - start:.0f} s", flush=True)
        findings.update(more)
        cases += count
    listed = [entry for entry in listed if entry["document"] in arguments.documents]
    return run.judge(findings, cases, listed)


def spelt(part):
    """The document with what Schemathesis does not know written out."""
    if isinstance(part, list):
        return [spelt(item) for item in part]
    if not isinstance(part, dict):
        return part
    part = {key: spelt(value) for key, value in part.items()}
    # Read as an object's, which the lint K0123 tells; by the letter, any value of another type would do.
    if isinstance(part.get("properties"), dict) and not part.keys() & {"type", "$ref"}:
        part["type"] = "object"
    if part.get("type") == "string" and part.get("format") == "ip":
        part["format"] = "ipv4"
    if isinstance(part.get("discriminator"), dict) and ("oneOf" in part or "anyOf" in part):
        told = part.pop("discriminator")
        key = "oneOf" if "oneOf" in part else "anyOf"
        part[key] = [member_told(told, member) for member in part[key]]
    if part.get("type") == "number" and part.get("format") == "float":
        part["minimum"] = max(part.get("minimum", -SINGLE), -SINGLE)
        part["maximum"] = min(part.get("maximum", SINGLE), SINGLE)
    if part.get("type") == "integer" and "enum" not in part:
        low, high = WIDTHS.get(part.get("format"), WIDTHS["int64"])
        if part.get("minimum", low) <= low:
            part["minimum"] = low
            part.pop("exclusiveMinimum", None)
        if part.get("maximum", high) >= high:
            part["maximum"] = high
            part.pop("exclusiveMaximum", None)
    return part


def member_told(told, member):
    """A member of a `oneOf`, for the values of the property that lead to it."""
    name = member["$ref"].rsplit("/", 1)[-1]
    mapped = [value for value, to in told.get("mapping", {}).items() if to.rsplit("/", 1)[-1] == name]
    tag = {"type": "string", "enum": mapped or [name]}
    property = told["propertyName"]
    return {"allOf": [member, {"type": "object", "required": [property], "properties": {property: tag}}]}


def check(program, module, name, served, arguments):
    """What is found at one server."""
    environment = {**os.environ, "CIRCLE_SERVE": module}
    server = subprocess.Popen([str(program)], env=environment, stdout=subprocess.PIPE, text=True)
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.ndjson"
        document = pathlib.Path(folder) / "openapi.json"
        document.write_text(json.dumps(served))
        try:
            world = {"api": "http://" + server.stdout.readline().strip(), "token": "mock"}
            code = run.schemathesis(world, report, arguments, str(document))
        finally:
            server.terminate()
            server.wait(timeout=30)
        if code not in (0, 1) or not report.exists():
            print(f"{name}: schemathesis itself failed with exit code {code}")
            return {("error", name, ""): "schemathesis failed"}, 0
        return run.read(report, served)


if __name__ == "__main__":
    sys.exit(main())
