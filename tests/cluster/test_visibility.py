"""With rights in one namespace alone: one's place in the order and why, by the aggregated API; nobody else's names."""

import base64
import http.client
import json
import re
import ssl
import subprocess

import pytest
import yaml

from tests.cli.conftest import User
from tests.cluster.cluster import ROOT
from tests.cluster.manifests import a_queue, a_workload
from tools.plane import pki

pytestmark = pytest.mark.plane

API = "/apis/visibility.chippool.io/v1alpha1"
SERVICE = "v1alpha1.visibility.chippool.io"
HOST = "chippool-visibility.chippool-system.svc"
SECRET = "secret-campaign"


@pytest.fixture(scope="module")
def seen(furnished):
    """A leader and a follower that serve the API, and the leader's as what the API server asks."""
    install(furnished)
    leader = furnished.start_operator(None, None, "--visibility-port", "0")
    leader.wait_ready()
    lead(furnished, leader)
    follower = furnished.start_operator(None, None, "--visibility-port", "0")
    follower.wait_ready()
    furnished.eventually(lambda: port(follower), "the follower serves too")
    return furnished


def install(furnished):
    """The chart's own objects; on the plane the operator runs on the API server's loopback instead of in a pod."""
    helm = [
        str(furnished.plane.bin / "helm"),
        "template",
        "chippool",
        str(ROOT / "helm/chippool"),
        "-n",
        "chippool-system",
    ]
    parts = [word for part in ("apiservice", "rbac") for word in ("-s", f"templates/visibility-{part}.yaml")]
    asked = [*helm, "--set", "visibility.enabled=true", *parts]
    rendered = list(yaml.safe_load_all(subprocess.run(asked, check=True, capture_output=True, text=True).stdout))
    for one in rendered:
        if one["kind"] == "Service":
            one["spec"] = {"type": "ExternalName", "externalName": "localhost"}
    furnished.plane.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(rendered))


def lead(furnished, operator):
    """Have the API server ask this one."""
    furnished.eventually(lambda: port(operator), "it serves the API")
    furnished.patch("apiservice", SERVICE, {"spec": {"service": {"port": port(operator)}}})

    def available():
        conditions = furnished.find("apiservice", SERVICE).get("status", {}).get("conditions", [])
        return any(c["type"] == "Available" and c["status"] == "True" for c in conditions)

    furnished.eventually(available, "the API server reaches it")


def port(operator):
    found = re.findall(r"serves the visibility API port=(\d+)", operator.log.read_text())
    return int(found[-1]) if found else None


@pytest.fixture
def cluster(seen, request):
    seen.new_namespace(request.node.originalname.removeprefix("test_").replace("_", "-")[:30].strip("-"))
    yield seen
    seen.leave_namespace()


@pytest.fixture
def ann(cluster):
    """An editor of the namespace: the cluster's role `edit` there, and nothing else anywhere."""
    bind = ["create", "rolebinding", "ann", "--clusterrole=edit", "--user=ann", "-n", cluster.namespace]
    cluster.plane.kubectl(*bind)

    def allowed():
        asked = ["get", "--raw", path(cluster.namespace, "none")]
        return "(NotFound)" in cluster.plane.kubectl(*asked, as_user="ann", check=False).stderr

    cluster.eventually(allowed, "the role of editors has taken in the chart's")
    return User(str(cluster.plane.kubeconfig_for("ann")))


@pytest.fixture
def taken(cluster):
    """All H800s are another namespace's, and another one there waits before anybody else."""
    own = cluster.namespace
    cluster.plane.kubectl("create", "namespace", f"{own}-x")
    cluster.apply(a_queue("ads", namespaces=f"{own}-x"))
    cluster.namespace = f"{own}-x"
    cluster.apply(a_workload(SECRET, queue="ads", cls="revenue", replicas=4, maxRuntime="2h"))
    cluster.wait_true(SECRET, "Ready")
    cluster.apply(a_workload(f"{SECRET}-2", queue="ads", cls="revenue"))
    cluster.wait_held(f"{SECRET}-2", "ChipsShort")
    cluster.namespace = own
    yield f"{own}-x"
    cluster.namespace = f"{own}-x"
    cluster.leave_namespace()
    cluster.namespace = own


def path(namespace, name):
    return f"{API}/namespaces/{namespace}/chipworkloads/{name}/explanation"


def test_an_editor_of_a_namespace_sees_his_place_and_why_and_nobody_elses_names(cluster, ann, taken):
    made = a_workload("mine") | {"metadata": {"name": "mine", "namespace": cluster.namespace}}
    cluster.plane.kubectl("apply", "-f", "-", input=json.dumps(made), as_user="ann")
    cluster.wait_held("mine", "ChipsShort")

    raw = cluster.plane.kubectl("get", "--raw", path(cluster.namespace, "mine"), as_user="ann").stdout
    said = json.loads(raw)
    assert (said["kind"], said["position"], said["waiting"]) == ("Explanation", 2, 2)
    assert "It is number 2 of 2 in the order of what waits, behind 1 of class revenue." in said["sentences"]
    (lack,) = said["explanation"]["waits"]["variants"]
    assert (lack["poolName"], lack["asked"], lack["free"]) == ("h800", 8, 0)
    assert lack["heldBy"] == [{"queueName": "ads", "priorityClassName": "revenue", "chips": 32}]
    assert SECRET not in raw
    assert taken not in raw

    typed = ann.reads("explain", "mine", "-n", cluster.namespace)
    assert typed.splitlines() == said["sentences"]
    assert ann.reads_json("explain", "mine", "-n", cluster.namespace)["waits"]["position"] == 2
    assert "No variant of" in ann.types("explain", "mine", "-n", cluster.namespace, "--pool", "npu").stderr


def test_who_is_next_is_told_when_it_is_thought_to_start(cluster, ann, taken):
    first = json.loads(cluster.plane.kubectl("get", "--raw", path(taken, f"{SECRET}-2")).stdout)
    assert (first["position"], first["estimatedStart"]) == (1, first["explanation"]["waits"]["starts"])
    assert "It is next: it is thought to start by " in "\n".join(first["sentences"])


def test_what_runs_says_where_and_why_there(cluster, ann):
    cluster.apply(a_workload("runs"))
    cluster.wait_true("runs", "Ready")
    said = ann.reads("explain", "runs", "-n", cluster.namespace)
    assert "It runs as variant h800: 1 replica in pool h800, 8 chips; 1 Ready." in said
    assert "Why there: it is the only way to run it." in said


def test_the_api_is_found_by_clients_and_gets_in_nobodys_way(cluster, ann):
    """Every client asks for what there is before anything else; and `chipworkloads` is still the workloads alone."""
    found = json.loads(cluster.plane.kubectl("get", "--raw", API, as_user="ann").stdout)
    assert [(one["name"], one["kind"], one["verbs"]) for one in found["resources"]] == [
        ("chipworkloads/explanation", "Explanation", ["get"])
    ]
    listed = cluster.plane.kubectl("get", "chipworkloads", "-n", cluster.namespace, as_user="ann")
    assert "No resources found" in listed.stderr
    assert "visibility" not in listed.stderr
    resources = cluster.plane.kubectl("api-resources", "--api-group=chippool.io", "-o", "name")
    assert (resources.stderr, "chipworkloads.chippool.io" in resources.stdout) == ("", True)


def test_another_namespace_is_forbidden_and_what_is_not_there_is_not_found(cluster, ann, taken):
    def refused(where, name, user="ann"):
        done = cluster.plane.kubectl("get", "--raw", path(where, name), as_user=user, check=False)
        assert done.returncode != 0
        return done.stderr

    assert "(Forbidden)" in refused(taken, SECRET)
    assert "(Forbidden)" in refused(taken, "of-no-name")
    assert "(NotFound)" in refused(cluster.namespace, "of-no-name")
    done = ann.types("explain", SECRET, "-n", taken)
    assert (done.exit_code, done.stdout) == (1, "")
    audit = [call for call in json_lines(cluster.plane.audit_log) if SECRET in call.get("requestURI", "")]
    codes = {c["responseStatus"]["code"] for c in audit if c["user"]["username"] == "ann" and API in c["requestURI"]}
    assert codes == {403}


def json_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_who_calls_the_operator_itself_must_be_the_front_proxy_and_act_for_somebody_who_may(
    cluster, ann, taken, tmp_path
):
    """Both replicas alike: the follower's mirror is as good."""
    cluster.apply(a_workload("mine"))
    cluster.wait_held("mine", "ChipsShort")
    bundle = cluster.find("apiservice", SERVICE)["spec"]["caBundle"]
    mine, as_ann = path(cluster.namespace, "mine"), {"X-Remote-User": "ann", "X-Remote-Group": "system:authenticated"}
    certs = cluster.plane.ca.parent
    proxy = pki.Pair(certs / "front-proxy.crt", certs / "front-proxy.key")
    stranger = pki.make_client(tmp_path, "x", "somebody", (), pki.Pair(certs / "front-ca.crt", certs / "front-ca.key"))
    for operator in cluster.operators:
        ask = asking(bundle, port(operator))
        assert ask(mine, as_ann, None)[0] == 401
        assert ask(mine, as_ann | {"Authorization": "Bearer x"}, None)[0] == 401
        assert ask(mine, as_ann, stranger)[0] == 401
        assert ask(mine, {}, proxy)[0] == 401
        assert ask(path(taken, SECRET), as_ann, proxy)[0] == 403
        status, said = ask(mine, as_ann, proxy)
        assert (status, said["position"]) == (200, 2)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        ask(mine, as_ann, pki.make_client(tmp_path, "y", "front-proxy-client", (), pki.make_authority(tmp_path, "z")))


def asking(bundle, port):
    """GET from the operator itself, past the API server, trusting what the APIService trusts."""

    def ask(path, headers, pair):
        context = ssl.create_default_context(cadata=base64.b64decode(bundle).decode())
        context.check_hostname = False  # its certificate is for the Service's name
        if pair is not None:
            context.load_cert_chain(pair.cert, pair.key)
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    return ask


def test_when_no_operator_answers_the_conditions_speak(cluster, ann):
    """Last: it stops them."""
    cluster.apply(a_workload("runs"))
    cluster.wait_true("runs", "Ready")
    for operator in cluster.operators:
        operator.stop()
    said = ann.reads("explain", "runs", "-n", cluster.namespace)
    assert "says of itself" in said
    assert "You may not list" in said
