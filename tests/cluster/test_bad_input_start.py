"""Work that gets its chips and does not start: given back at startTimeout, in the words of whoever stood in the way."""

import json

import pytest

from tests.cluster.bad_input import a_good_one_runs, an_event_says, must_say
from tests.cluster.manifests import a_variant, a_workload

pytestmark = pytest.mark.plane

NO_ROOT = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": "registry-of-the-house"}}


def is_given_back(cluster, name, *words):
    """Displaced NotStarted with these words, told by an event, backing off; its chips serve a good workload."""
    cluster.eventually(
        lambda: cluster.condition(name, "Displaced").get("reason") == "NotStarted", f"{name} is given back", about=name
    )
    sentence = cluster.condition(name, "Displaced")["message"]
    must_say(sentence, "It did not start within spec.startTimeout", *words)
    an_event_says(cluster, name, "NotStarted", sentence)
    must_say(cluster.wait_held(name, "BackOff"), "1 times in a row", "tried again later", *words)
    assert "assignment" not in cluster.find("chipworkload", name)["status"]
    cluster.apply(a_workload("after", replicas=4, cls="batch"))
    cluster.wait_true("after", "Ready")


def a_slow(name, *variants, **more):
    return a_workload(name, *variants, replicas=4, startTimeout="4s", **more)


def a_warning(pod, message):
    """What a kubelet, which the plane's nodes have none of, says of a pod."""
    name, namespace, uid = (pod["metadata"][field] for field in ("name", "namespace", "uid"))
    regarding = {"kind": "Pod", "apiVersion": "v1", "name": name, "namespace": namespace, "uid": uid}
    metadata = {"name": f"{name}.unhealthy", "namespace": namespace}
    said = {"type": "Warning", "reason": "Unhealthy", "message": message, "involvedObject": regarding}
    return {"apiVersion": "v1", "kind": "Event", "metadata": metadata, **said}


@pytest.fixture
def policy(cluster):
    """A policy of the cluster's owner that refuses pods whose images come from elsewhere, in this namespace."""
    here = {"matchLabels": {"kubernetes.io/metadata.name": cluster.namespace}}
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    rule = {
        "expression": "object.spec.containers.all(one, one.image.startsWith('house.example/'))",
        "message": "images come from house.example only",
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"namespaceSelector": here, "resourceRules": [pods]},
        "validations": [rule],
    }
    binding = {"policyName": NO_ROOT["metadata"]["name"], "validationActions": ["Deny"]}
    cluster.apply(
        NO_ROOT | {"kind": "ValidatingAdmissionPolicy", "spec": spec},
        NO_ROOT | {"kind": "ValidatingAdmissionPolicyBinding", "spec": binding},
    )
    cluster.eventually(lambda: "house.example only" in dry_run(cluster), "the policy is in force")
    yield
    kinds = "validatingadmissionpolicybinding,validatingadmissionpolicy"
    cluster.plane.kubectl("delete", kinds, NO_ROOT["metadata"]["name"])


def dry_run(cluster):
    """What the API server says to a pod of any image."""
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe"}}
    pod["spec"] = {"containers": [{"name": "main", "image": "other.example/main:1"}]}
    asked = ("create", "--dry-run=server", "-n", cluster.namespace, "-f", "-")
    return cluster.plane.kubectl(*asked, input=json.dumps(pod), check=False).stderr


def test_pods_a_quota_refuses_are_told_with_the_quota(cluster):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "chips"}}
    cluster.apply(quota | {"spec": {"hard": {"requests.nvidia.com/gpu": "0"}}})
    cluster.eventually(lambda: "hard" in cluster.find("resourcequota", "chips").get("status", {}), "the quota counts")
    cluster.apply(a_slow("bad"))
    cluster.eventually(
        lambda: cluster.condition("bad", "Displaced").get("reason") == "NotStarted", "it is given back", about="bad"
    )
    sentence = cluster.condition("bad", "Displaced")["message"]
    must_say(
        sentence, "It did not start within spec.startTimeout", "exceeded quota: chips", "requests.nvidia.com/gpu=8"
    )
    an_event_says(cluster, "bad", "NotStarted", sentence)
    cluster.apply(a_workload("other", a_variant("npu")))
    cluster.wait_true("other", "Ready")


def test_pods_that_pod_security_refuses_are_told_with_what_it_wants(cluster):
    cluster.plane.kubectl("label", "namespace", cluster.namespace, "pod-security.kubernetes.io/enforce=restricted")
    cluster.apply(a_slow("bad"))
    cluster.wait_held("bad", "BackOff")
    sentence = cluster.condition("bad", "Displaced")["message"]
    must_say(sentence, 'violates PodSecurity "restricted:latest"', "allowPrivilegeEscalation != false")
    an_event_says(cluster, "bad", "NotStarted", sentence)
    cluster.plane.kubectl("label", "namespace", cluster.namespace, "pod-security.kubernetes.io/enforce-")
    a_good_one_runs(cluster)


@pytest.mark.usefixtures("policy")
def test_pods_a_policy_of_the_cluster_refuses_are_told_in_its_words(cluster):
    cluster.apply(a_slow("bad"))
    cluster.wait_held("bad", "BackOff")
    sentence = cluster.condition("bad", "Displaced")["message"]
    must_say(sentence, "registry-of-the-house", "images come from house.example only")
    an_event_says(cluster, "bad", "NotStarted", sentence)
    good = {"containers": [{"name": "main", "image": "house.example/main:1"}]}
    cluster.apply(a_workload("good", pod=good))
    cluster.wait_true("good", "Ready")


@pytest.mark.usefixtures("policy")
def test_a_services_pods_a_policy_refuses_are_told_in_its_words(cluster):
    cluster.apply(a_slow("bad", mode="Service"))
    cluster.wait_held("bad", "BackOff")
    must_say(cluster.condition("bad", "Displaced")["message"], "images come from house.example only")


def test_a_pod_that_never_becomes_ready_gives_its_chips_back(cluster):
    cluster.apply(a_slow("bad", does={"never_ready": "true"}))
    is_given_back(cluster, "bad", "spec.startTimeout (4 s)", "0 of 4 replicas were Ready")


def test_a_probe_that_fails_is_told_in_the_kubelets_words(cluster):
    cluster.apply(a_slow("bad", does={"never_ready": "true"}))
    cluster.eventually(lambda: len(cluster.running("bad")) == 4, "its pods run", about="bad")
    for pod in cluster.running("bad"):
        cluster.apply(a_warning(pod, "Readiness probe failed: HTTP probe failed with statuscode: 503"))
    is_given_back(cluster, "bad", "0 of 4 replicas were Ready", "HTTP probe failed with statuscode: 503")


def test_an_image_that_cannot_be_pulled_is_told_in_the_kubelets_words(cluster):
    cluster.apply(a_slow("bad", does={"pull_error": "manifest unknown"}))
    is_given_back(cluster, "bad", "container main: ImagePullBackOff", "manifest unknown", "registry.example/main:1")


def test_a_service_whose_image_cannot_be_pulled_gives_its_chips_back(cluster):
    cluster.apply(a_slow("bad", mode="Service", does={"pull_error": "manifest unknown"}))
    is_given_back(cluster, "bad", "ImagePullBackOff", "manifest unknown")


def test_while_it_starts_the_workload_says_what_its_pods_wait_for(cluster):
    cluster.apply(a_workload("w", startTimeout="60s", does={"pull_error": "manifest unknown"}))
    cluster.eventually(
        lambda: "manifest unknown" in cluster.condition("w", "Ready").get("message", ""), "Ready says why", about="w"
    )
    assert cluster.condition("w", "Ready")["reason"] == "Starting"
    assert cluster.is_true("w", "Admitted")


def test_a_spec_edited_after_a_failed_start_is_tried_again_at_once(cluster):
    cluster.apply(a_slow("w", does={"pull_error": "manifest unknown"}))
    cluster.wait_held("w", "BackOff")
    cluster.apply(a_slow("w"))
    cluster.wait_true("w", "Ready")
    assert cluster.condition("w", "Displaced")["status"] == "False"
    must_say(cluster.condition("w", "Displaced")["message"], "has chips again", "displaced once", "manifest unknown")
