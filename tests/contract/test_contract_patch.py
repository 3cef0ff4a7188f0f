"""Patches of a template come out as kubectl, with the API server's own code, makes them."""

import json
import random
from copy import deepcopy

import pytest

from chippool.api.patch import merged

pytestmark = pytest.mark.plane

ROUNDS = 8
PATCHES_A_ROUND = 6
NAMES = ["a", "b", "c", "d", "e"]


def normal(value):
    """Without what is empty or null, which kubectl's types leave out; and without directives.

    strategicpatch leaves those standing inside an item that it adds to a list: noise that no object can have.
    """
    if isinstance(value, dict):
        kept = {key: normal(part) for key, part in value.items() if part is not None and key != "$retainKeys"}
        return {key: part for key, part in kept.items() if part not in ({}, [], "")}
    if isinstance(value, list):
        return [normal(part) for part in value if not (isinstance(part, dict) and "$patch" in part)]
    return value


class Writer:
    """Writes templates and patches of them, the same ones for the same seed."""

    def __init__(self, seed):
        self.dice = random.Random(seed)

    def some(self, options):
        return self.dice.sample(options, self.dice.randint(0, len(options)))

    def env(self, *, patching):
        gone = patching and self.dice.random() < 0.3
        entries = [{"name": name.upper(), "value": self.dice.choice("xyz")} for name in self.some(NAMES)]
        return [*entries, {"name": "A", "$patch": "delete"}] if gone else entries

    def container(self, name, *, patching):
        container = {"name": name, "image": f"image:{self.dice.randint(1, 3)}", "env": self.env(patching=patching)}
        if self.dice.random() < 0.5:
            container["args"] = self.some(["1", "2", "3"])
            container["ports"] = [{"containerPort": port, "protocol": "TCP"} for port in self.some([80, 81, 82])]
        if self.dice.random() < 0.5:
            value = None if patching and self.dice.random() < 0.5 else "1Gi"
            container["resources"] = {"limits": {"memory": value}, "requests": {"cpu": "1"}}
            container["volumeMounts"] = [{"mountPath": f"/{path}", "name": "v"} for path in self.some(NAMES)]
        return container

    def containers(self, *, patching):
        names = self.some(NAMES) or ["a"]
        containers = [self.container(name, patching=patching) for name in names]
        if patching and self.dice.random() < 0.3:
            containers.append({"name": self.dice.choice(NAMES), "$patch": "delete"})
        if patching and self.dice.random() < 0.1:
            containers.append({"$patch": "replace"})
        return containers

    def volume(self, name, *, patching):
        if patching and self.dice.random() < 0.5:
            return {"name": name, "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/y"}}
        return {"name": name, "emptyDir": {"medium": "Memory"}}

    def template(self, *, patching=False):
        spec = {"containers": self.containers(patching=patching)}
        if self.dice.random() < 0.6:
            spec["volumes"] = [self.volume(name, patching=patching) for name in self.some(NAMES)]
            spec["tolerations"] = [{"key": key, "operator": "Exists"} for key in self.some(NAMES)]
            spec["nodeSelector"] = dict.fromkeys(self.some(NAMES), None if patching else "1")
        if self.dice.random() < 0.5:
            spec["initContainers"] = self.containers(patching=patching)
        labels = {name: None if patching and self.dice.random() < 0.4 else name for name in self.some(NAMES)}
        return {"metadata": {"labels": labels}, "spec": spec}


def as_kubectl_does(plane, template, patch, path):
    whole = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "one"}, "template": template}
    path.write_text(json.dumps(whole), encoding="utf-8")
    text = json.dumps({"template": patch})
    done = plane.kubectl("patch", "--local", "--type=strategic", "-f", str(path), "-p", text, "-o", "json")
    return json.loads(done.stdout)["template"]


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_patched_template_is_what_kubectl_makes_of_it(plane, tmp_path, seed):
    writer = Writer(seed)
    template = writer.template()
    for _ in range(PATCHES_A_ROUND):
        patch = writer.template(patching=True)
        before = deepcopy((template, patch))

        ours = merged(template, patch)

        assert (template, patch) == before
        assert normal(ours) == normal(as_kubectl_does(plane, template, patch, tmp_path / "one.json")), patch
        template = writer.template()
