"""The story, scene by scene; each ends only when what it tells has come true in the cluster."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tools.demo import look
from tools.demo.stage import DemoError, Stage

PRETRAINING, ALIGNMENT, FINETUNING = "llm/llm-pretraining", "llm/llm-alignment", "llm/llm-finetuning"
DISTILLATION = "llm/llm-distillation"
RANKING, COMPLETION = "ads/ads-ranking", "inference/code-completion"
USUAL = ("recommendation/recommendation-rerank", "inference/chat-llm", "data/batch-embeddings")


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    told: str
    play: Callable[[Stage], None]


def usual(stage: Stage) -> None:
    for key in USUAL:
        stage.apply(key)
        _ready(stage, key)


def training(stage: Stage) -> None:
    for key in (PRETRAINING, ALIGNMENT, FINETUNING):
        stage.apply(key)
        _ready(stage, key)
        _expect(stage, key, "nvidia-h800")


def ads(stage: Stage) -> None:
    began = stage.apply(RANKING)
    stage.until(f"{RANKING} is Ready", lambda: look.is_true(stage, RANKING, "Ready"))
    stage.tell.done(f"{RANKING} serves {time.monotonic() - began:.1f} s after it was created.")
    stage.until(f"{FINETUNING} has been displaced", lambda: look.says(stage, FINETUNING, "Displaced"))
    stage.until(f"{FINETUNING} is Ready again", lambda: look.is_true(stage, FINETUNING, "Ready"))
    _expect(stage, FINETUNING, "nvidia-h20")
    stage.tell.done(f"{FINETUNING}: {look.says(stage, FINETUNING, 'Displaced')}")
    stage.tell.done(f"{FINETUNING}: {look.says(stage, FINETUNING, 'Admitted')}")
    for key in (PRETRAINING, ALIGNMENT):
        if not look.is_true(stage, key, "Ready"):
            raise DemoError(f"Expected that {key} runs on untouched: {FINETUNING} was younger and large enough.")
    stage.tell.done("The other two trainings never noticed: the youngest that made enough room went, and nobody else.")


def inference(stage: Stage) -> None:
    stage.apply(COMPLETION)
    _ready(stage, COMPLETION)
    _expect(stage, COMPLETION, "ascend-910b")
    pod = look.pods(stage, COMPLETION)[0]
    resource, chips = look.chips_of(pod)
    stage.tell.quote(f"its pods ask for {resource}: {chips}\nand run the image {look.image_of(pod)}")


def waiting(stage: Stage) -> None:
    stage.apply(DISTILLATION)
    stage.until(f"{DISTILLATION} says why it waits", lambda: look.says(stage, DISTILLATION, "Admitted"))
    namespace, _, name = DISTILLATION.partition("/")
    stage.chippool("explain", name, "-n", namespace)


def drain(stage: Stage) -> None:
    before = look.ready_on(stage, COMPLETION)
    node = min(before)
    stage.tell.say(f"$ kubectl drain {node}")
    stage.plane.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s")
    stage.until(f"{COMPLETION} runs without {node}", lambda: _has_moved(stage, node, before.total()))
    there = ", ".join(sorted(look.ready_on(stage, COMPLETION)))
    stage.tell.done(f"{node} is empty, and {COMPLETION} has all its replicas again, on {there}.")
    stage.plane.kubectl("uncordon", node)


def _has_moved(stage: Stage, node: str, replicas: int) -> bool:
    now = look.ready_on(stage, COMPLETION)
    return node not in now and now.total() == replicas


def back(stage: Stage) -> None:
    namespace, _, name = RANKING.partition("/")
    stage.plane.kubectl("delete", "chipworkload", name, "-n", namespace, "--wait=false")
    _ready(stage, DISTILLATION)
    _expect(stage, DISTILLATION, "nvidia-h800")


def _ready(stage: Stage, key: str) -> None:
    stage.until(f"{key} is Ready", lambda: look.is_true(stage, key, "Ready"))
    stage.tell.done(f"{key}: {look.says(stage, key, 'Admitted')}")


def _expect(stage: Stage, key: str, pool: str) -> None:
    given = look.assignment(stage, key).get("pool", "no pool")
    if given != pool:
        raise DemoError(f"Expected that {key} runs in {pool}; it runs in {given}.")


SCENES = (
    Scene(
        "A usual day",
        "60 nodes with 8 chips each: 16 of NVIDIA H800, 24 of NVIDIA H20, 20 of Huawei Ascend 910B. "
        "Recommendation, a chat model and a batch of embeddings are content with H20s.",
        usual,
    ),
    Scene("Training takes the H800s", "Three gangs of class llm-training, one after the other: all 128.", training),
    Scene(
        "Ads arrive",
        "A service of the highest class wants 16 H800s, and nothing else will do. Somebody has to go.",
        ads,
    ),
    Scene(
        "Inference takes the other vendor's chips",
        "Code completion would like H800s. None is free, and it has a second way to run.",
        inference,
    ),
    Scene("A gang waits, and can be asked why", "2 x 8 H800, or 20 x 8 Ascend 910B: one training too many.", waiting),
    Scene("A node is drained", "Somebody has to change a fan where code completion runs.", drain),
    Scene("The campaign ends", "The ads service is deleted. Its chips go to the gang that waits.", back),
)
