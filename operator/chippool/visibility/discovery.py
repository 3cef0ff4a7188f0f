"""The documents by which clients find out what the API has. They are the same for everybody and tell of no cluster."""

from typing import Any

GROUP = "visibility.chippool.io"
VERSION = "v1alpha1"
GROUP_VERSION = f"{GROUP}/{VERSION}"
RESOURCE, SUBRESOURCE, KIND = "chipworkloads", "explanation", "Explanation"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
Json = dict[str, Any]


def explanation_path(namespace: str, name: str) -> str:
    return f"/apis/{GROUP_VERSION}/namespaces/{namespace}/{RESOURCE}/{name}/{SUBRESOURCE}"


def group() -> Json:
    return {"kind": "APIGroup", "apiVersion": "v1", **_named_group()}


def groups() -> Json:
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_named_group()]}


def resources() -> Json:
    """The workload itself is not listed: kubectl would take the short name for two kinds."""
    explanation = {
        "name": f"{RESOURCE}/{SUBRESOURCE}",
        "singularName": "",
        "namespaced": True,
        "kind": KIND,
        "verbs": ["get"],
    }
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": GROUP_VERSION, "resources": [explanation]}


def aggregated() -> Json:
    """The group as aggregated discovery (v2) has it."""
    kind = {"group": GROUP, "version": VERSION, "kind": KIND}
    subresource = {"subresource": SUBRESOURCE, "responseKind": kind, "verbs": ["get"]}
    resource = {
        "resource": RESOURCE,
        "responseKind": {"group": "", "version": "", "kind": ""},
        "scope": "Namespaced",
        "singularResource": "",
        "verbs": [],
        "subresources": [subresource],
    }
    version = {"version": VERSION, "resources": [resource], "freshness": "Current"}
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [{"metadata": {"name": GROUP}, "versions": [version]}],
    }


def _named_group() -> Json:
    version = {"groupVersion": GROUP_VERSION, "version": VERSION}
    return {"name": GROUP, "versions": [version], "preferredVersion": version}
