"""Recording rules: chippool's classes and pools joined with what dcgm-exporter and npu-exporter measure.

A pod's pool is its label chippool.io/pool, which kube-state-metrics shows with
`--metric-labels-allowlist=pods=[chippool.io/pool]`; its class is that of `kube_pod_info`.
"""

from chippool.metrics import families as f
from tools.monitoring.model import Recording
from tools.monitoring.promql import told

INFO = "namespace_pod:chippool_pod:info"
BUSY = "namespace_pod:chippool_busy_chips:sum"
MEASURED = "namespace_pod:chippool_measured_chips:count"
BY_CLASS = "priority_class_pool:chippool_utilization:ratio"
BY_POOL = "pool:chippool_utilization:ratio"
ALLOCATED = "pool:chippool_allocated:ratio"

POD = ("namespace", "pod")


def _as_pod(vector: str, *labels: tuple[str, str]) -> str:
    """With the labels `namespace` and `pod`, whatever the exporter calls them."""
    for wanted, had in labels:
        vector = f'label_replace({vector}, "{wanted}", "$1", "{had}", "(.+)")'
    return vector


_DCGM, _NPU = "DCGM_FI_DEV_GPU_UTIL", "npu_chip_info_utilization"
_EXPORTED = ("namespace", "exported_namespace")
_MEASURES = (  # scraped without and with honorLabels; npu-exporter says pod_name, older ones podName
    _as_pod(f'{_DCGM}{{exported_pod!=""}}', _EXPORTED, ("pod", "exported_pod")),
    f'{_DCGM}{{exported_pod="",pod!=""}}',
    _as_pod(f'{_NPU}{{pod_name!=""}}', _EXPORTED, ("pod", "pod_name")),
    _as_pod(f'{_NPU}{{podName!=""}}', _EXPORTED, ("pod", "podName")),
)
_MEASURED = "\n  or ".join(_MEASURES)

_POOL = 'max by (namespace, pod, label_chippool_io_pool) (kube_pod_labels{label_chippool_io_pool!=""})'
_CLASS = 'max by (namespace, pod, priority_class) (kube_pod_info{priority_class!=""})'
_JOINED = f"{_POOL}\n  * on (namespace, pod) group_left (priority_class) {_CLASS}"
_NAMED = f'label_replace(\n  {_JOINED},\n  "pool", "$1", "label_chippool_io_pool", "(.+)")'


def _by(labels: str) -> str:
    joined = f"* on (namespace, pod) group_left (priority_class, pool) {INFO}"
    return f"sum by ({labels}) ({BUSY} {joined})\n  / sum by ({labels}) ({MEASURED} {joined})"


def _pool(state: str) -> str:
    return told(f.POOL_CHIPS, ("pool",), f'state="{state}"')


RECORDINGS = (
    Recording(
        INFO,
        f"max by (namespace, pod, pool, priority_class) (label_replace(\n  {_NAMED},\n"
        '  "priority_class", "$1", "priority_class", "(?:chippool-)?(.+)"))',
        (*POD, "pool", "priority_class"),
    ),
    Recording(BUSY, f"sum by (namespace, pod) (\n  {_MEASURED}\n) / 100", POD),
    Recording(MEASURED, f"count by (namespace, pod) (\n  {_MEASURED}\n)", POD),
    Recording(BY_CLASS, _by("priority_class, pool"), ("priority_class", "pool")),
    Recording(BY_POOL, _by("pool"), ("pool",)),
    Recording(
        ALLOCATED,
        f"{_pool('allocated')}\n  / ({_pool('installed')} > 0)",
        ("pool",),
    ),
)
