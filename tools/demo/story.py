"""The story, scene by scene; each ends only when what it tells has come true in the cluster."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tools.demo import look
from tools.demo.stage import DemoError, Stage

PRETRAIN, FINETUNE, ALIGNMENT = "llm/pretrain", "llm/finetune", "llm/alignment"
RANKING, CHAT = "ads/ranking", "serving/chat"


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    told: str
    play: Callable[[Stage], None]


def training(stage: Stage) -> None:
    stage.apply("pretrain")
    stage.until(f"{PRETRAIN} is Ready", lambda: look.is_true(stage, PRETRAIN, "Ready"))
    stage.apply("finetune")
    stage.until(f"{FINETUNE} is Ready", lambda: look.is_true(stage, FINETUNE, "Ready"))
    for key in (PRETRAIN, FINETUNE):
        stage.tell.done(f"{key}: {look.sentence(stage, key, 'Admitted')}")


def ads(stage: Stage) -> None:
    began = stage.apply("ranking")
    stage.until(f"{RANKING} is Ready", lambda: look.is_true(stage, RANKING, "Ready"))
    stage.tell.done(f"{RANKING} serves {time.monotonic() - began:.1f} s after it was created.")
    stage.until(f"{FINETUNE} says that it was displaced", lambda: look.is_true(stage, FINETUNE, "Displaced"))
    stage.tell.done(f"{FINETUNE}: {look.sentence(stage, FINETUNE, 'Displaced')}")
    if not look.is_true(stage, PRETRAIN, "Ready"):
        raise DemoError(f"Expected that {PRETRAIN} runs on untouched: {FINETUNE} was younger and large enough.")
    stage.tell.done(f"{PRETRAIN} runs on: the youngest that made enough room went, and nobody else.")


def inference(stage: Stage) -> None:
    stage.apply("chat")
    stage.until(f"{CHAT} is Ready", lambda: look.is_true(stage, CHAT, "Ready"))
    given = look.assignment(stage, CHAT)
    if given["pool"] != "ascend-910b":
        raise DemoError(f"Expected that {CHAT} runs in ascend-910b, as all H800 are taken; it runs in {given['pool']}.")
    pod = look.pods(stage, CHAT)[0]
    resource, chips = look.chips_of(pod)
    stage.tell.done(f"{CHAT}: {look.sentence(stage, CHAT, 'Admitted')}")
    stage.tell.quote(f"its pods ask for {resource}: {chips}\nand run the image {look.image_of(pod)}")


def waiting(stage: Stage) -> None:
    stage.apply("alignment")
    stage.until(f"{ALIGNMENT} says why it waits", lambda: look.sentence(stage, ALIGNMENT, "Admitted"))
    namespace, _, name = ALIGNMENT.partition("/")
    stage.tell.say(f"$ chippool explain {name} -n {namespace}")
    stage.tell.quote(stage.chippool("explain", name, "-n", namespace))


def drain(stage: Stage) -> None:
    before = look.ready_on(stage, CHAT)
    node = min(before)
    stage.tell.say(f"$ kubectl drain {node}")
    stage.plane.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=60s")
    stage.until(f"all replicas of {CHAT} are Ready elsewhere", lambda: _is_moved(stage, node, sum(before.values())))
    new = sorted(set(look.ready_on(stage, CHAT)) - set(before))
    on = f"on {', '.join(new)}" if new else "on nodes it has already"
    stage.tell.done(f"{node} is empty, and {CHAT} has all its replicas again: the new ones {on}.")
    stage.plane.kubectl("uncordon", node)


def _is_moved(stage: Stage, node: str, replicas: int) -> bool:
    now = look.ready_on(stage, CHAT)
    return node not in now and sum(now.values()) == replicas


def back(stage: Stage) -> None:
    namespace, _, name = RANKING.partition("/")
    stage.plane.kubectl("delete", "chipworkload", name, "-n", namespace, "--wait=false")
    stage.until(f"{FINETUNE} is Ready again", lambda: look.is_true(stage, FINETUNE, "Ready"))
    stage.tell.done(f"{FINETUNE} runs again, and {ALIGNMENT}, which came later, still waits.")
    if look.is_true(stage, ALIGNMENT, "Admitted"):
        raise DemoError(f"Expected that {FINETUNE} goes before {ALIGNMENT}: they have one class and it is older.")


SCENES = (
    Scene(
        "Training takes the H800s",
        "Two gangs of class llm-training: 12 and 4 replicas with 8 chips each, all 128 H800s.",
        training,
    ),
    Scene(
        "Ads arrive",
        "A service that earns money now wants 4 x 8 H800. Its class is the highest; somebody has to go.",
        ads,
    ),
    Scene(
        "Inference takes the other vendor's chips",
        "A chat service would like H800s. None is free, and it has a second way to run.",
        inference,
    ),
    Scene("A gang waits, and can be asked why", "One more training gang: 6 x 8 H800, or 18 x 8 Ascend 910B.", waiting),
    Scene("A node is drained", "Somebody has to change a fan in a node that runs a replica of chat.", drain),
    Scene("The campaign ends", "The ads service is deleted. Its chips go to who waited longest.", back),
)
