"""What has to be there before the story begins, in order."""

from urllib.request import urlopen

from tools.demo.stage import NAMESPACE, Stage
from tools.plane import paths

EXAMPLES = paths.REPOSITORY / "examples"
CHART = paths.REPOSITORY / "helm" / "chippool"
FLEET = EXAMPLES / "fleets" / "demo.yaml"


def install(stage: Stage) -> None:
    """The chart, without replicas: the operator runs beside the cluster; then pools, queues and classes."""
    stage.helm("install", "chippool", str(CHART), "-n", NAMESPACE, "--create-namespace", "--set", "replicas=0")
    for part in ("namespaces.yaml", "priorityclasses.yaml", "pools", "queues.yaml"):
        stage.plane.kubectl("apply", "-f", str(EXAMPLES / part))


def operator(stage: Stage) -> None:
    """Start `chippool run` and wait until it may be relied on."""
    stage.start_operator()
    stage.until("the operator is ready", lambda: _is_ready(stage.port), within=30)


def _is_ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
