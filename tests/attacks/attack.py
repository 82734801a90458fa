"""Runs the attacks of the groups that are named, or all, against one run of the example: `attack.py PROGRAM FOLDER DATABASE [group …]`."""

import sys
import time

import bearer
import exhaustion
import injection
import isolation
import protocol
import transactions
from table import Table
from target import Target

GROUPS = {
    "tokens": bearer.run,
    "isolation": isolation.run,
    "injection": injection.run,
    "protocol": protocol.run,
    "transactions": transactions.run,
    "exhaustion": exhaustion.run,
}


def main(program, folder, database, *groups):
    target = Target(program, folder, database)
    target.start()
    failed = 0
    try:
        for group in groups or GROUPS:
            began = time.monotonic()
            table = Table(target, group)
            GROUPS[group](table)
            failed += table.failed
            print(f"     {group}: {table.passed} held, {table.failed} did not, {time.monotonic() - began:.0f} s", flush=True)
        table = Table(target, "log")
        table.attack("nothing panicked, and no token is in the log", lambda: log_is_clean(target))
        table.attack("the server ends with 0", lambda: ends_well(target), unchanged=False, alive=False)
        failed += table.failed
    finally:
        target.stop()
    return 1 if failed else 0


def log_is_clean(target):
    log = target.logged()
    assert "panicked" not in log and "panic" not in log.lower(), log[log.lower().index("panic") - 200 :][:600]
    told = [token for token in target.tokens.values() if token[-30:] in log]
    assert not told, "a token is in the log"
    lines = [line for line in log.splitlines() if "INJECTED" in line and line.lstrip().startswith("INJECTED")]
    assert not lines, f"a line of the attacker's is in the log: {lines[0]}"
    assert " ERROR " not in log, log[log.index(" ERROR ") - 50 :][:600]


def ends_well(target):
    assert target.stop() == 0, target.process.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
