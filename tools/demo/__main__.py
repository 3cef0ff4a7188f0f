"""`python -m tools.demo`: exit code 0 if the whole story came true. KEEP=1 leaves the stage up."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from tools.demo import opening
from tools.demo.stage import NAME, DemoError, Stage
from tools.demo.story import SCENES
from tools.demo.tell import Teller
from tools.plane.errors import PlaneError
from tools.plane.plane import Plane
from tools.plane.progress import Steps


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    keep = os.environ.get("KEEP", "") not in {"", "0"}
    try:
        return play(keep=keep)
    except PlaneError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def play(*, keep: bool) -> int:
    steps, teller = Steps(), Teller()
    plane = Plane.start(NAME, opening.FLEET, owned=not keep, steps=steps)
    stage = Stage(plane, teller)
    left_up = False
    try:
        told(stage, steps)
        left_up = keep
    except (DemoError, subprocess.CalledProcessError) as error:
        failed(stage, error)
        return 1
    finally:
        if not left_up:
            stage.stop_operator()
            plane.down()
    how_to_go_on(stage, keep=keep)
    return 0


def told(stage: Stage, steps: Steps) -> None:
    """Everything, in order."""
    with steps.step("CRDs, chart, pools, queues, classes"):
        opening.install(stage)
    with steps.step("the operator (chippool run)"):
        opening.operator(stage)
    for number, scene in enumerate(SCENES, 1):
        stage.tell.chapter(f"{number} · {scene.title}", scene.told)
        scene.play(stage)
        stage.tell.pause()
    stage.tell.chapter("What there is now", "Who has which chips, and who waits.")
    stage.chippool("top", "--once")
    stage.tell.say(f"Metrics: {stage.metrics}, such as")
    stage.tell.quote("\n".join(stage.read_metrics("chippool_decisions_total", "chippool_leader")))


def failed(stage: Stage, error: DemoError | subprocess.CalledProcessError) -> None:
    notes = "\n".join(getattr(error, "__notes__", ()))
    print(f"\nError: {error}\n{notes}", file=sys.stderr)
    print(f"\nThe workloads:\n{_workloads(stage)}", file=sys.stderr)
    print(f"\nThe end of the operator's log ({stage.log}):\n{stage.log_tail()}", file=sys.stderr)


def _workloads(stage: Stage) -> str:
    return stage.plane.kubectl("get", "chipworkloads", "-A", "-o", "wide", check=False).stdout or "none"


def how_to_go_on(stage: Stage, *, keep: bool) -> None:
    if not keep:
        stage.tell.say("\nAll of it has been taken down again. `KEEP=1 make demo` leaves it up, to go on by hand.")
        return
    stage.tell.say("\nIt is still up. To go on by hand:")
    stage.tell.quote(
        f"export KUBECONFIG={shlex.quote(str(stage.plane.kubeconfig))}\n"
        f'export PATH={shlex.quote(str(stage.plane.bin))}:{shlex.quote(str(Path(sys.executable).parent))}:"$PATH"\n'
        "kubectl get chips -A\n"
        "chippool top\n"
        f"curl {stage.metrics}\n"
        f"make plane-down NAME={NAME}    # ends all of it, the operator too"
    )


if __name__ == "__main__":
    sys.exit(main())
