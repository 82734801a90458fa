"""The official conformance suite, as far as it needs no fixtures. `conformance.py NODE_FOLDER OUTPUT_FOLDER`

What is expected to fail is in ../conformance, one file for each revision, with the reason; the suite also fails when
something that is listed there passes. Each scenario that is not listed there is one check here.
"""

import json
import pathlib
import re
import subprocess
import sys

from report import URL, check

NODE, OUT = map(pathlib.Path, sys.argv[1:])
BASELINES = pathlib.Path(__file__).resolve().parent.parent / "conformance"
SUITE = NODE / "node_modules/@modelcontextprotocol/conformance/dist/index.js"


def excused(baseline):
    """Whole scenarios, and single checks."""
    entries = set(re.findall(r"^  - (\S+)", baseline.read_text(encoding="utf-8"), re.MULTILINE))
    return {entry for entry in entries if ":" not in entry}, {entry for entry in entries if ":" in entry}


def scenarios(folder):
    """Names and checks of what was run."""
    for path in sorted(folder.glob("*/checks.json")):
        name = re.sub(r"^server-|-\d{4}-\d\d-\d\dT.*$", "", path.parent.name)
        yield name, json.loads(path.read_text(encoding="utf-8"))


def run(revision, proxy):
    folder, baseline = OUT / revision, BASELINES / f"{revision}.yaml"
    command = ["node", SUITE, "server", "--url", f"{proxy}/mcp", "--requirements", revision]
    command += ["--expected-failures", baseline, "-o", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    whole, single = excused(baseline)
    for name, checks in scenarios(folder):
        statuses = [entry["status"] for entry in checks]
        if name in whole or "SUCCESS" not in statuses:
            continue
        with check(f"conformance {revision}: {name}, {statuses.count('SUCCESS')} checks"):
            wrong = [entry for entry in checks if entry["status"] in ("FAILURE", "WARNING")]
            wrong = [entry for entry in wrong if f"{name}:{entry['id']}" not in single]
            assert not wrong, [(entry["id"], entry.get("errorMessage")) for entry in wrong]
    with check(f"conformance {revision}: what fails is what is listed, {len(whole | single)} entries"):
        tail = done.stdout[done.stdout.find("(not in baseline)") :] + done.stderr
        assert done.returncode == 0, re.sub(r"\x1b\[\d*m", "", tail[-1500:])


command = ["node", NODE / "token_proxy.mjs", URL, "ann"]
with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as proxy:
    try:
        address = proxy.stdout.readline().strip()
        for revision in ("2025-11-25", "2026-07-28"):
            run(revision, address)
    finally:
        proxy.kill()
