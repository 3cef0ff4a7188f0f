"""Strategic-merge patches of a PodTemplateSpec, with the API server's own results.

Merge keys are the patch tags of k8s.io/api core/v1; the order of merged lists follows apimachinery's strategicpatch.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chippool.api.model import Json

MERGE_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "metadata.ownerReferences": "uid",
        "spec.containers": "name",
        "spec.initContainers": "name",
        "spec.ephemeralContainers": "name",
        "spec.volumes": "name",
        "spec.imagePullSecrets": "name",
        "spec.hostAliases": "ip",
        "spec.topologySpreadConstraints": "topologyKey",
        "spec.schedulingGates": "name",
        "spec.resourceClaims": "name",
    }
    | {
        f"spec.{kind}.{field}": key
        for kind in ("containers", "initContainers", "ephemeralContainers")
        for field, key in (
            ("env", "name"),
            ("ports", "containerPort"),
            ("volumeMounts", "mountPath"),
            ("volumeDevices", "devicePath"),
        )
    }
)
"""Lists merged by a key of their items; every other list is replaced as a whole."""
SETS = frozenset({"metadata.finalizers"})
"""Lists of plain values that are united."""

DIRECTIVE, RETAIN = "$patch", "$retainKeys"
ORDER, DELETE_VALUES = "$setElementOrder/", "$deleteFromPrimitiveList/"


class PatchError(ValueError):
    """A patch that does not apply; the sentence names the field."""


def merged(template: Mapping[str, Any], patch: Mapping[str, Any]) -> Json:
    """Return the template with a strategic-merge patch applied; neither is changed.

    PatchError: it does not apply.
    """
    return _merge_map(template, patch, "")


def _merge_map(old: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> Json:
    if DIRECTIVE in patch:
        return _directed(patch, path)
    new = _retained(old, patch, path)
    for key, value in patch.items():
        if key.startswith(DELETE_VALUES):
            _without_values(new, key.removeprefix(DELETE_VALUES), value, path)
        elif not key.startswith((ORDER, RETAIN)):
            _put(new, key, value, _below(path, key))
    return new


def _put(new: Json, key: str, value: Any, path: str) -> None:
    if value is None:
        new.pop(key, None)
    elif new.get(key) is not None:
        new[key] = _merge(new[key], value, path)
    elif not _is_directive(value):
        new[key] = _fresh(value, path)


def _merge(old: Any, value: Any, path: str) -> Any:
    if isinstance(old, Mapping) and isinstance(value, Mapping):
        return _merge_map(old, value, path)
    if _is_list(old) and _is_list(value):
        return _merge_list(old, value, path)
    if isinstance(old, (Mapping, list, tuple)) or isinstance(value, (Mapping, list, tuple)):
        raise PatchError(f"{path} of the patch must be {_called(old)}, as it is in the template")
    return value


def _merge_list(old: Sequence[Any], patch: Sequence[Any], path: str) -> list[Any]:
    if path in SETS:
        return [*patch, *(value for value in old if value not in patch)]
    key = MERGE_KEYS.get(path)
    if key is None:
        return list(patch)
    return _merge_items(old, patch, key, path)


def _merge_items(old: Sequence[Json], patch: Sequence[Json], key: str, path: str) -> list[Json]:
    _check_keys(patch, key, path)
    if not all(isinstance(item, Mapping) for item in old):
        raise PatchError(f"{path} of the template must be a list of objects")
    plain = [item for item in patch if DIRECTIVE not in item]
    if any(item.get(DIRECTIVE) == "replace" for item in patch):
        return [_fresh(item, path) for item in plain]
    gone = [item[key] for item in patch if DIRECTIVE in item]
    kept = [item for item in old if item.get(key) not in gone]
    items = list(kept)
    for item in plain:
        found = next((index for index, there in enumerate(items) if there.get(key) == item[key]), None)
        if found is None:
            items.append(_fresh(item, path))
        else:
            items[found] = _merge_map(items[found], item, path)
    return _ordered(items, key, [item.get(key) for item in kept], [item[key] for item in plain])


def _ordered(items: Sequence[Json], key: str, old: Sequence[Any], patch: Sequence[Any]) -> list[Json]:
    """Items of the patch in its order; the others go before the first patched one that stood behind them.

    So an item that is new comes first of all, as everywhere in Kubernetes.
    """
    waiting = [item for item in items if item.get(key) not in patch]
    patched = [item for item in items if item.get(key) in patch]
    order: list[Json] = []
    for item in sorted(patched, key=lambda item: patch.index(item[key])):
        while waiting and item[key] in old and old.index(waiting[0].get(key)) < old.index(item[key]):
            order.append(waiting.pop(0))
        order.append(item)
    return [*order, *waiting]


def _check_keys(patch: Sequence[Any], key: str, path: str) -> None:
    for item in patch:
        if not isinstance(item, Mapping):
            raise PatchError(f"{path} of the patch must be a list of objects")
        directive = item.get(DIRECTIVE, "delete")
        if directive not in ("delete", "replace"):
            raise PatchError(f"{path} of the patch has $patch: {directive}; in a list it must be delete or replace")
        if directive == "delete" and key not in item:
            raise PatchError(f"{path} of the patch has an item without {key}, by which the list is merged: add it")


def _directed(patch: Mapping[str, Any], path: str) -> Json:
    directive = patch[DIRECTIVE]
    if directive == "replace":
        return _fresh_map({key: value for key, value in patch.items() if key != DIRECTIVE}, path)
    if directive == "delete":
        return {}
    raise PatchError(f"{path or 'the patch'} has $patch: {directive}; it must be delete or replace")


def _retained(old: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> Json:
    if RETAIN not in patch:
        return dict(old)
    kept = patch[RETAIN]
    if not _is_list(kept):
        raise PatchError(f"{_below(path, RETAIN)} must be a list of field names")
    for key, value in patch.items():
        if not key.startswith("$") and value is not None and key not in kept:
            raise PatchError(f"{_below(path, RETAIN)} must name {key}, which the patch sets")
    return {key: value for key, value in old.items() if key in kept}


def _without_values(new: Json, key: str, values: Any, path: str) -> None:
    if not _is_list(values):
        raise PatchError(f"{_below(path, DELETE_VALUES + key)} must be a list of values")
    if _is_list(new.get(key)):
        new[key] = [value for value in new[key] if value not in values]


def _fresh(value: Any, path: str) -> Any:
    """Return what a patch adds where there was nothing: without nulls and directives."""
    if isinstance(value, Mapping):
        return _fresh_map(value, path)
    if _is_list(value):
        if key := MERGE_KEYS.get(path):
            _check_keys(value, key, path)
        return [_fresh(item, path) for item in value if not _is_directive(item)]
    return value


def _fresh_map(value: Mapping[str, Any], path: str) -> Json:
    kept = ((key, part) for key, part in value.items() if part is not None and not _is_directive(part))
    return {key: _fresh(part, _below(path, key)) for key, part in kept if not key.startswith((RETAIN, ORDER))}


def _is_directive(value: Any) -> bool:
    return isinstance(value, Mapping) and DIRECTIVE in value


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _called(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if _is_list(value) else "a plain value"


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
