"""The schemas of a pod template and of a variant's patch of it.

They declare what chippool reads or refuses, and keep the rest as it is: the API server judges it when the Job or
Deployment is made.
"""

from typing import Any

from chippool.api.model import Json, rule

OURS = {
    "nodeName": ("string", "chippool decides the node"),
    "schedulerName": ("string", "kube-scheduler binds what chippool has placed"),
    "schedulingGates": ("array", "chippool's own gate keeps a pod until it has a node"),
    "priority": ("integer", "spec.priorityClassName of the ChipWorkload decides"),
    "priorityClassName": ("string", "set spec.priorityClassName of the ChipWorkload instead"),
}
"""Fields of a pod that are chippool's to write: their type, and why a user must leave them out."""


def _kept(**schema: Any) -> Json:
    return {"type": "object", "x-kubernetes-preserve-unknown-fields": True} | schema


def _strings(description: str, *, limit: int, length: int) -> Json:
    items = {"type": "string", "maxLength": length}
    return {
        "type": "array",
        "description": description,
        "items": items,
        "maxItems": limit,
        "x-kubernetes-list-type": "atomic",
    }


def _map(description: str, what: str) -> Json:
    no_marks = rule(
        "self.all(key, !key.startsWith('chippool.io/'))",
        f"{what} must not begin with chippool.io/: those are the operator's own",
        reason="FieldValueForbidden",
    )
    return {
        "type": "object",
        "description": description,
        "additionalProperties": {"type": "string"},
        "maxProperties": 128,
        "x-kubernetes-validations": [no_marks],
    }


def _metadata() -> Json:
    return _kept(
        description="Labels and annotations of the pods.",
        properties={
            "labels": _map("Labels of the pods.", "labels"),
            "annotations": _map("Annotations of the pods.", "annotations"),
        },
    )


def _forbidden() -> tuple[Json, list[Json]]:
    properties = {name: _refused(kind, why) for name, (kind, why) in OURS.items()}
    return properties, [_refusal(name, why) for name, (_, why) in OURS.items()]


def _refusal(name: str, why: str) -> Json:
    message = f"{name} must be left out: {why}"
    return rule(f"!has(self.{name})", message, reason="FieldValueForbidden", fieldPath=f".{name}")


def _refused(kind: str, why: str) -> Json:
    schema: Json = {"type": kind, "description": f"Refused: {why}."}
    if kind == "array":
        return schema | {"items": _kept(), "maxItems": 16, "x-kubernetes-list-type": "atomic"}
    return schema | ({"maxLength": 253} if kind == "string" else {"format": "int32"})


def _resources() -> Json:
    amount = {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": True}
    amounts = {"type": "object", "additionalProperties": amount, "maxProperties": 64}
    return _kept(
        description="What the container needs beside its chips, which the variant adds.",
        properties={
            "requests": amounts | {"description": "What is set aside for it on its node."},
            "limits": amounts | {"description": "What it may use at most."},
        },
    )


def _container() -> Json:
    return _kept(
        required=["name"],
        properties={
            "name": {"type": "string", "description": "Name, unique in the pod.", "minLength": 1, "maxLength": 63},
            "image": {"type": "string", "description": "Image to run.", "maxLength": 1024},
            "command": _strings("Command instead of the image's entry point.", limit=1024, length=65536),
            "args": _strings("Arguments of the command.", limit=1024, length=65536),
            "resources": _resources(),
        },
    )


def _containers(description: str, **bounds: int) -> Json:
    return {
        "type": "array",
        "description": description,
        "items": _container(),
        "maxItems": 64,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    } | bounds


def template_schema() -> Json:
    """Return the schema of a PodTemplateSpec in a ChipWorkload."""
    properties, refusals = _forbidden()
    pod = _kept(
        description="The pod, as in any PodTemplateSpec; every field of a pod is passed through.",
        required=["containers"],
        properties=properties
        | {
            "containers": _containers("Containers of the pod.", minItems=1),
            "initContainers": _containers("Containers that run before those of the pod, or beside them."),
            "restartPolicy": {
                "type": "string",
                "description": "For mode Gang Never (the default) or OnFailure, for mode Service Always (the default).",
                "enum": ["Always", "OnFailure", "Never"],
            },
        },
    )
    pod["x-kubernetes-validations"] = refusals
    return _kept(required=["spec"], properties={"metadata": _metadata(), "spec": pod})


def patch_schema() -> Json:
    """Return the schema of a strategic-merge patch of the template."""
    properties, refusals = _forbidden()
    restart = _refusal("restartPolicy", "set it in spec.template, for all variants")
    pod = _kept(
        description="Patch of the pod.",
        properties=properties | {"restartPolicy": _refused("string", "it belongs in the template")},
    )
    pod["x-kubernetes-validations"] = [*refusals, restart]
    return _kept(properties={"metadata": _metadata(), "spec": pod})
