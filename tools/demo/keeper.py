"""Runs the operator for as long as its plane is up: `python -m tools.demo.keeper KUBECONFIG COMMAND…`.

So `make plane-down` ends a kept demo as a whole, and Ctrl-C or a killed demo leaves no operator behind.
"""

import signal
import subprocess
import sys
import time
from pathlib import Path

LOOK_S = 0.5
PATIENCE_S = 15.0


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    kubeconfig, command = Path(sys.argv[1]), sys.argv[2:]
    operator = subprocess.Popen(command)
    try:
        while operator.poll() is None and kubeconfig.exists():
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        pass
    return end(operator)


def end(operator: subprocess.Popen[bytes]) -> int:
    operator.terminate()
    try:
        return operator.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        operator.kill()
        return operator.wait()


if __name__ == "__main__":
    sys.exit(main())
