"""How HAMi calls things: the resources by which a share of a chip is asked for, the annotations that say which chip.

After HAMi's documents on its protocol and on NVIDIA and Ascend devices, and the defaults of its chart. Cores and
memory are for each device a container asks for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Dialect:
    """The names of one kind of chip."""

    count: str
    """Devices, whole or in part: what a node's capacity has, each chip as often as it can be split."""
    memory: str
    """Device memory: MiB of each device."""
    cores: str = ""
    """Per cent of each device's cores; empty where memory alone is asked for."""
    percent: str = ""
    """Per cent of each device's memory."""
    templates: Mapping[int, int] = field(default_factory=dict)
    """The shares a chip can be cut into, in thousandths, with their memory in MiB; none: any per cent."""
    split: int = 10
    """How often a chip is counted, if nobody says."""
    registered: str = ""
    """Annotation of a node: its devices."""
    allocated: str = ""
    """Annotation of a pod: the devices it was given, and how much of each."""
    chosen: str = ""
    """Annotation of a pod: the ids of the only devices it may be given."""

    @property
    def resources(self) -> frozenset[str]:
        """Every resource by which chips of this kind are asked for."""
        return frozenset(filter(None, (self.count, self.memory, self.cores, self.percent)))


_NVIDIA = Dialect(
    count="nvidia.com/gpu",
    memory="nvidia.com/gpumem",
    cores="nvidia.com/gpucores",
    percent="nvidia.com/gpumem-percentage",
    registered="hami.io/node-nvidia-register",
    allocated="hami.io/vgpu-devices-allocated",
    chosen="nvidia.com/use-gpuuuid",
)


def _ascend(model: str, word: str, templates: Mapping[int, int]) -> Dialect:
    """An NPU is cut by templates of fixed size, asked for by their memory alone."""
    return Dialect(
        count=f"huawei.com/{model}",
        memory=f"huawei.com/{model}-memory",
        templates=templates,
        split=1000 // min(templates),
        registered=f"hami.io/node-register-{word}",
        allocated=f"hami.io/{word}-devices-allocated",
        chosen=f"hami.io/use-{word}-uuid",
    )


_LARGE, _SMALL = {250: 16384, 500: 32768}, {250: 8192, 500: 16384}
DIALECTS: Mapping[str, Dialect] = {
    one.count: one
    for one in (
        _NVIDIA,
        _ascend("Ascend910B2", "Ascend910B2", {125: 8192} | _LARGE),
        _ascend("Ascend910B3", "Ascend910B3", _LARGE),
        _ascend("Ascend910B4", "Ascend910B4", _SMALL),
        _ascend("Ascend910B4-1", "Ascend910B4-1", _LARGE),
        _ascend("Ascend310P", "Ascend310P", {125: 3072, 250: 6144, 500: 12288}),
    )
}
"""By the resource a pool's chips are asked for by. Ascend 910A (fifteenths) and 910C (pairs) are not among them."""
