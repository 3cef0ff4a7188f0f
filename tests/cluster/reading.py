"""What `kubectl get -o json` says, asked of the API server: tests look ten times a second, a process each is dear."""

import json
from pathlib import Path
from typing import Any

from kubernetes import config


class Reader:
    """Resources by the names that kubectl takes: plural, singular, short, or plural.group."""

    def __init__(self, kubectl: Any, kubeconfig: Path) -> None:
        self._kubectl = kubectl
        self._api = config.new_client_from_config(str(kubeconfig))
        self._known: dict[str, tuple[str, str, bool]] = {}

    def find(self, what: str, name: str, namespace: str) -> dict | None:
        return self._read(f"{self._path(what, namespace)}/{name}")

    def items(self, what: str, namespace: str, *more: str) -> list[dict]:
        """`more` as for kubectl: `-A`, and `-l` with a selector."""
        everywhere, query = "-A" in more, []
        if "-l" in more:
            query = [("labelSelector", more[more.index("-l") + 1])]
        assert len(more) == everywhere + 2 * len(query), f"kubectl's options, as far as they are known here: {more}"
        listed = self._read(self._path(what, None if everywhere else namespace), query)
        assert listed is not None, f"no list of {what}"
        return listed["items"]

    def _path(self, what: str, namespace: str | None) -> str:
        if what not in self._known:
            self._learn()
        version, plural, namespaced = self._known[what]
        where = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"/{'api' if version == 'v1' else 'apis'}/{version}{where}/{plural}"

    def _learn(self) -> None:
        """The first kind of a name is meant, as kubectl has it."""
        said = self._kubectl("api-resources", "--verbs=get", "--no-headers").stdout
        for plural, *short, version, namespaced, kind in map(str.split, said.splitlines()):
            names = [plural, kind.lower(), *",".join(short).split(","), f"{plural}.{version.rpartition('/')[0]}"]
            for name in filter(None, names):
                self._known.setdefault(name, (version, plural, namespaced == "true"))

    def _read(self, path: str, query: list[tuple[str, str]] | None = None) -> dict | None:
        asked = self._api.param_serialize("GET", path, query_params=query, auth_settings=["BearerToken"])
        answer = self._api.call_api(*asked)
        answer.read()
        if answer.status == 404:
            return None
        assert answer.status == 200, f"{path}: {answer.status} {answer.data!r}"
        return json.loads(answer.data)
