"""Runs a command at a terminal of its own and holds a dialogue with it.

Takes one JSON object on standard input: `command`, `environment`, and `dialogue`, a list of texts to wait for, each with
what is typed then. Prints one: `status`, and `shown`, everything the terminal showed.
"""

import json
import os
import pty
import select
import sys
import time

LIMIT_SECONDS = 60
CONTROL_C = "\x03"


def main() -> None:
    order = json.load(sys.stdin)
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(order["command"][0], order["command"], order["environment"])
    shown, past = b"", 0
    deadline = time.monotonic() + LIMIT_SECONDS

    def read() -> bool:
        nonlocal shown
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        try:
            part = os.read(terminal, 4096) if ready else b""
        except OSError:
            # Linux says so when the last process has closed its end.
            part = b""
        shown += part
        return bool(part)

    for text, typed in order["dialogue"]:
        while (at := shown.find(text.encode(), past)) < 0:
            if not read():
                sys.exit(f"never shown: {text!r} in\n{shown.decode()}")
        past = at + len(text.encode())
        os.write(terminal, typed.encode() if typed == CONTROL_C else typed.encode() + b"\n")
    while read():
        pass
    if time.monotonic() >= deadline:
        os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
    json.dump({"status": os.waitstatus_to_exitcode(status), "shown": shown.decode()}, sys.stdout)


main()
