"""Where the operator's writes can be held, inside the API server: it was asked, and nothing is done yet."""

import base64
import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cluster.audit import OPERATOR
from tests.cluster.cluster import Cluster

LONGEST_S = 30  # the API server waits no longer for a webhook

Wanted = Callable[[dict], bool]


class Turnstile:
    """`held` are the admission requests that wait; those of writes nobody asked to hold pass at once."""

    def __init__(self) -> None:
        self.held: list[dict] = []
        self.passed = 0
        self._wanted: Wanted = lambda request: False
        self._open = threading.Event()

    def hold(self, wanted: Wanted) -> None:
        self._wanted = wanted

    def let_go(self) -> None:
        self._wanted = lambda request: False
        self._open.set()

    def pass_through(self, request: dict) -> None:
        self.passed += 1
        if request["userInfo"]["username"] == OPERATOR and self._wanted(request):
            self.held.append(request)
            self._open.wait(LONGEST_S)


def after_the_first(is_one: Wanted) -> Wanted:
    """Of requests of a kind all but the first: that one is done when the others wait."""
    seen: list[str] = []

    def wanted(request: dict) -> bool:
        if not is_one(request):
            return False
        seen.append(request["name"])
        return len(seen) > 1

    return wanted


def is_pin(request: dict) -> bool:
    """It takes a pod's gate off."""
    if (request["operation"], request["kind"]["kind"]) != ("UPDATE", "Pod"):
        return False
    before, after = request["oldObject"]["spec"], request["object"]["spec"]
    return bool(before.get("schedulingGates")) and not after.get("schedulingGates")


def is_eviction(request: dict) -> bool:
    return request["kind"]["kind"] == "Eviction"


@contextlib.contextmanager
def turnstile(cluster: Cluster) -> Iterator[Turnstile]:
    """Put one at the Jobs and pods of the cluster's namespace, and take it away."""
    stile = Turnstile()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(stile))
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(cluster.plane.serving_cert, cluster.plane.serving_key)
    server.socket = trust.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        cluster.apply(_configuration(cluster, server.server_address[1]))
        cluster.eventually(lambda: _asked(cluster, stile), "the API server asks the webhook")
        yield stile
    finally:
        stile.let_go()
        cluster.plane.kubectl("delete", "validatingwebhookconfiguration", cluster.namespace, "--ignore-not-found")
        server.shutdown()
        serving.join()
        server.server_close()


def _asked(cluster: Cluster, stile: Turnstile) -> bool:
    probe = ["create", "job", "probe", "--image=none", "--dry-run=server", "-n", cluster.namespace]
    cluster.plane.kubectl(*probe)
    return stile.passed > 0


def _configuration(cluster: Cluster, port: int) -> dict:
    rules = [
        {"apiGroups": ["batch"], "resources": ["jobs"]},
        {"apiGroups": [""], "resources": ["pods", "pods/eviction"]},
    ]
    hook = {
        "name": "turnstile.chippool.io",
        "clientConfig": {
            "url": f"https://127.0.0.1:{port}/",
            "caBundle": base64.b64encode(cluster.plane.ca.read_bytes()).decode(),
        },
        "rules": [{**rule, "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]} for rule in rules],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": cluster.namespace}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "timeoutSeconds": LONGEST_S,
        "admissionReviewVersions": ["v1"],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    return {**kind, "metadata": {"name": cluster.namespace}, "webhooks": [hook]}


def _handler(stile: Turnstile) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            stile.pass_through(review["request"])
            said = {"uid": review["request"]["uid"], "allowed": True}
            body = json.dumps({**review, "request": None, "response": said}).encode()
            with contextlib.suppress(ConnectionError, ssl.SSLError):  # who asked may be gone
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
