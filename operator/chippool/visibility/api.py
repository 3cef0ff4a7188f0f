"""GET …/namespaces/NS/chipworkloads/NAME/explanation: who asks, whether he may, and what is to be said."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from chippool.core.ids import PoolName, WorkloadKey
from chippool.kube.client import ApiError, Client
from chippool.visibility import discovery
from chippool.visibility.desk import BusyError, Desk
from chippool.visibility.document import document
from chippool.visibility.explanation import Explanation, NoWayError
from chippool.visibility.explanation_text import sentences
from chippool.visibility.frontproxy import FrontProxy, User, user_of

REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
Json = dict[str, Any]


class RefusedError(Exception):
    """Becomes a Status of Kubernetes' API."""

    def __init__(self, code: int, reason: str, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.retry_after = code, reason, message, retry_after


class Api:
    """All routes; `proxy()` says how to know the front proxy by now, `synced()` whether the mirror is whole."""

    def __init__(
        self, *, client: Client, desk: Desk, proxy: Callable[[], FrontProxy], synced: Callable[[], bool]
    ) -> None:
        self._client, self._desk, self._proxy, self._synced = client, desk, proxy, synced

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_statuses])
        app.router.add_get("/apis", self._groups)
        app.router.add_get(f"/apis/{discovery.GROUP}", self._static(discovery.group()))
        app.router.add_get(f"/apis/{discovery.GROUP_VERSION}", self._static(discovery.resources()))
        app.router.add_get(discovery.explanation_path("{namespace}", "{name}"), self._explanation)
        return app

    def _static(self, body: Json) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.Response:
            self._user(request)
            return _json(body)

        return answer

    async def _groups(self, request: web.Request) -> web.Response:
        self._user(request)
        if "as=APIGroupDiscoveryList" in request.headers.get("Accept", "") and "v=v2" in request.headers["Accept"]:
            return _json(discovery.aggregated(), content_type=discovery.AGGREGATED)
        return _json(discovery.groups())

    async def _explanation(self, request: web.Request) -> web.Response:
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        await self._authorize(self._user(request), namespace, name)
        if not self._synced():
            raise RefusedError(503, "ServiceUnavailable", "chippool still reads the cluster; ask again", 1)
        found = await self._explained(WorkloadKey(f"{namespace}/{name}"), request.query.get("pool"))
        if found is None:
            raise RefusedError(404, "NotFound", f'chipworkloads.chippool.io "{name}" not found')
        return _json(answer_of(found))

    async def _explained(self, key: WorkloadKey, pool: str | None) -> Explanation | None:
        try:
            return await self._desk.ask(key, PoolName(pool) if pool else None)
        except NoWayError as error:
            raise RefusedError(400, "BadRequest", str(error)) from error
        except BusyError as error:
            raise RefusedError(429, "TooManyRequests", str(error), error.seconds) from error

    def _user(self, request: web.Request) -> User:
        certificate = request.transport.get_extra_info("peercert") if request.transport else None
        user = user_of(self._proxy(), certificate, request.headers)
        if user is None:
            raise RefusedError(401, "Unauthorized", "only the API server may call here: ask it, not chippool itself")
        return user

    async def _authorize(self, user: User, namespace: str, name: str) -> None:
        try:
            answer = await self._client.request("POST", REVIEWS, _review(user, namespace, name))
        except ApiError as error:
            raise RefusedError(503, "ServiceUnavailable", f"could not ask who may: {error.message}", 1) from error
        if not answer["status"].get("allowed"):
            resource = f"{discovery.RESOURCE}/{discovery.SUBRESOURCE}"
            raise RefusedError(
                403,
                "Forbidden",
                f'{discovery.RESOURCE}.{discovery.GROUP} "{name}" is forbidden: User "{user.name}" cannot get resource '
                f'"{resource}" in API group "{discovery.GROUP}" in the namespace "{namespace}"',
            )


def answer_of(found: Explanation) -> Json:
    """Return the object as clients get it."""
    waits = found.waits
    told = {
        "position": waits.position if waits else None,
        "waiting": waits.waiting if waits and waits.position else None,
        "estimatedStart": (waits.eta.start if waits.eta else waits.starts) if waits else None,
        "eta": document(waits.eta) if waits and waits.eta else None,
    }
    return {
        "kind": discovery.KIND,
        "apiVersion": discovery.GROUP_VERSION,
        "metadata": {"name": found.name, "namespace": found.namespace, "creationTimestamp": found.created},
        **{key: value for key, value in told.items() if value is not None},
        "sentences": list(sentences(found)),
        "explanation": document(found),
    }


def _review(user: User, namespace: str, name: str) -> Json:
    asked = {
        "namespace": namespace,
        "verb": "get",
        "group": discovery.GROUP,
        "version": discovery.VERSION,
        "resource": discovery.RESOURCE,
        "subresource": discovery.SUBRESOURCE,
        "name": name,
    }
    who = {"user": user.name, "groups": list(user.groups), "uid": user.uid}
    extra = {key: list(values) for key, values in user.extra.items()}
    spec = {**who, "extra": extra, "resourceAttributes": asked}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


@web.middleware
async def _statuses(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
    """Say what went wrong as Kubernetes does, so that kubectl prints the sentence."""
    try:
        answer: web.StreamResponse = await handler(request)
    except RefusedError as refused:
        return _status(refused)
    except web.HTTPMethodNotAllowed:
        return _status(RefusedError(405, "MethodNotAllowed", "this API is read-only"))
    except web.HTTPNotFound:
        return _status(RefusedError(404, "NotFound", "the server could not find the requested resource"))
    return answer


def _status(refused: RefusedError) -> web.Response:
    later = {"retryAfterSeconds": refused.retry_after} if refused.retry_after else {}
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": refused.message,
        "reason": refused.reason,
        **({"details": later} if later else {}),
        "code": refused.code,
    }
    headers = {"Retry-After": str(refused.retry_after)} if refused.retry_after else {}
    return _json(body, status=refused.code, headers=headers)


def _json(
    body: Any, *, status: int = 200, content_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> web.Response:
    kept = {"Content-Type": content_type, **(headers or {})}
    return web.Response(body=orjson.dumps(body), status=status, headers=kept)
