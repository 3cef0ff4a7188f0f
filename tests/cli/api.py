"""An API server for the command line: lists, objects and merge patches over HTTP, and what may not be seen."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PREFIXES = {
    "chippools": "/apis/chippool.io/v1alpha1",
    "chipqueues": "/apis/chippool.io/v1alpha1",
    "chipworkloads": "/apis/chippool.io/v1alpha1",
    "priorityclasses": "/apis/scheduling.k8s.io/v1",
    "namespaces": "/api/v1",
    "nodes": "/api/v1",
    "configmaps": "/api/v1",
    "pods": "/api/v1",
    "jobs": "/apis/batch/v1",
    "deployments": "/apis/apps/v1",
    "statefulsets": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "leases": "/apis/coordination.k8s.io/v1",
}
PLURALS = {"PriorityClass": "priorityclasses"}
PAGE = 3


class Server(ThreadingHTTPServer):
    request_queue_size = 64  # all kinds are asked for at once


class Api:
    """A cluster of raw objects; `forbidden` are the plurals that may not be listed in all namespaces."""

    def __init__(self, *objects):
        self.objects = {path_of(raw): raw for raw in objects}
        self.forbidden = set()
        self.unserved = set()
        self.patches = []
        self._server = Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def add(self, *objects):
        self.objects |= {path_of(raw): raw for raw in objects}

    def get(self, path, query):
        if path in self.objects:
            return 200, self.objects[path]
        plural = path.rpartition("/")[2]
        if plural in self.unserved or plural not in PREFIXES:
            return 404, a_status("NotFound", f"{path} not found")
        if plural in self.forbidden and "/namespaces/" not in path:
            return 403, a_status("Forbidden", f"{plural} is forbidden at the cluster scope")
        return 200, self._page(self._in(path, plural, query), int(query.get("continue", ["0"])[0]))

    def _in(self, path, plural, query):
        """In the order of their paths; of selectors, only those the command line uses."""
        label, field = query.get("labelSelector", [""])[0], query.get("fieldSelector", [""])[0]
        for at, raw in sorted(self.objects.items()):
            inside = at.startswith(f"{path}/") or ("/namespaces/" not in path and at.startswith(PREFIXES[plural]))
            named = not label or label in (raw["metadata"].get("labels") or {})
            unbound = field != "spec.nodeName=" or not raw["spec"].get("nodeName")
            if inside and at.split("/")[-2] == plural and named and unbound:
                yield raw

    def _page(self, found, start):
        """Small pages, so that paging is always at work."""
        items = list(found)
        more = {"continue": str(start + PAGE)} if start + PAGE < len(items) else {}
        return {"kind": "List", "metadata": {"resourceVersion": "1", **more}, "items": items[start : start + PAGE]}

    def patch(self, path, change):
        self.patches.append((path, change))
        if path not in self.objects:
            return 404, a_status("NotFound", f"{path} not found")
        raw = self.objects[path] = merged(self.objects[path], change)
        raw["metadata"]["generation"] = raw["metadata"].get("generation", 1) + 1
        raw["status"] = {**raw.get("status", {}), "observedGeneration": raw["metadata"]["generation"]}
        return 200, raw

    def post(self, path, raw, query):
        """As strict as a name alone: what the schema refuses is the plane's to show."""
        namespace = path.split("/namespaces/")[1].split("/")[0]
        raw = {**raw, "metadata": {**raw["metadata"], "namespace": namespace}}
        at = f"{path}/{raw['metadata']['name']}"
        if at in self.objects:
            return 409, a_status("AlreadyExists", f'{at.split("/")[-2]} "{raw["metadata"]["name"]}" already exists')
        if "dryRun" not in query:
            self.objects[at] = raw
        return 201, raw


def path_of(raw):
    metadata = raw["metadata"]
    plural = PLURALS.get(raw["kind"], raw["kind"].lower() + "s")
    place = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{PREFIXES[plural]}{place}/{plural}/{metadata['name']}"


def a_status(reason, message):
    return {"kind": "Status", "status": "Failure", "reason": reason, "message": message}


def merged(old, change):
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(change, dict) or not isinstance(old, dict):
        return change
    kept = {key: value for key, value in old.items() if key not in change}
    return kept | {key: merged(old.get(key, {}), value) for key, value in change.items() if value is not None}


def _handler(api):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            self._answer(*api.get(parts.path, parse_qs(parts.query, keep_blank_values=True)))

        def do_POST(self):
            parts, body = urlsplit(self.path), self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(*api.post(parts.path, json.loads(body), parse_qs(parts.query)))

        def do_PATCH(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(*api.patch(urlsplit(self.path).path, body))

        def _answer(self, status, body):
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    return Handler
