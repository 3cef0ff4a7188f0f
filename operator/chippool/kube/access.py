"""Where the API server is and how to prove who we are: kubeconfig or service account, read again as it ages."""

import asyncio
import os
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

RENEW_S = 60.0  # a kubelet rotates a token file long before it expires; exec plugins keep their own expiry
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Reload = Callable[[], Awaitable[None]]


class NoClusterError(Exception):
    """No cluster can be found or logged into; the text says what to set."""


class Access:
    """One cluster's address, trust and identity."""

    def __init__(self, configuration: Configuration, reload: Reload, *, namespace: str) -> None:
        self.server: str = configuration.host.rstrip("/")
        self.namespace = namespace
        self.proxy: str | None = configuration.proxy
        self.server_hostname: str | None = configuration.tls_server_name
        self.ssl = _trust(configuration)
        self._configuration = configuration
        self._reload = reload
        self._read = time.monotonic()
        self._certificate: tuple[str, int] | None = None
        self._renewing = asyncio.Lock()
        self._load_certificate()

    async def authorization(self) -> str | None:
        """Return the Authorization header's value, or None where a certificate speaks for us."""
        if time.monotonic() - self._read > RENEW_S:
            await self.renew(self._read)
        token = self._configuration.api_key.get("BearerToken")
        return token.strip() if token else None

    @property
    def read_at(self) -> float:
        """Monotonic seconds when token and certificate were last read."""
        return self._read

    async def renew(self, seen: float) -> None:
        """Read token and certificate again, unless done since `seen`; what can't be read stays as it was."""
        async with self._renewing:
            if self._read != seen:
                return
            self._read = time.monotonic()
            try:
                await self._reload()
                self._load_certificate()
            except (ConfigException, OSError):
                return  # the old ones may still be good; if not, the server's 401 says so

    def _load_certificate(self) -> None:
        path = self._configuration.cert_file
        if self.ssl is None or not path:
            return
        stamp = (path, Path(path).stat().st_mtime_ns)
        if stamp != self._certificate:
            self.ssl.load_cert_chain(path, keyfile=self._configuration.key_file)
            self._certificate = stamp


def _trust(configuration: Configuration) -> ssl.SSLContext | None:
    if not configuration.host.startswith("https:"):
        return None
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # Python 3.13 refuses CAs that kubectl accepts
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def find_access(kubeconfig: str | None = None, context: str | None = None) -> Access:
    """Find the cluster as kubectl does: the given path, $KUBECONFIG, ~/.kube/config, then in-cluster.

    Raises NoClusterError with what to set.
    """
    paths = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    if _exists(paths):
        return await _from_kubeconfig(paths, context)
    if kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
        return await _in_cluster()
    raise NoClusterError(f"No kubeconfig at {paths} and not inside a cluster: set KUBECONFIG or pass --kubeconfig.")


def _exists(paths: str) -> bool:
    return any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep) if path)


async def _from_kubeconfig(paths: str, context: str | None) -> Access:
    configuration = Configuration()
    try:
        loader = await load_kube_config(  # type: ignore[no-untyped-call]
            config_file=paths, context=context, client_configuration=configuration, persist_config=False
        )
    except (ConfigException, OSError, ValueError, TypeError, AttributeError) as error:
        raise NoClusterError(f"The kubeconfig {paths} cannot be used: {error}") from error
    if configuration.host.startswith("https:") and not (configuration.api_key or configuration.cert_file):
        raise NoClusterError(
            f"The kubeconfig {paths} gives no credentials: "
            "its user needs a token, a certificate or a working exec plugin."
        )

    async def reload() -> None:
        await loader.load_and_set(configuration)

    namespace = loader.current_context["context"].get("namespace") or "default"
    return Access(configuration, reload, namespace=namespace)


async def _in_cluster() -> Access:
    configuration = Configuration()

    async def reload() -> None:
        load_incluster_config(configuration, try_refresh_token=False)  # type: ignore[no-untyped-call]

    try:
        await reload()
    except (ConfigException, OSError) as error:
        raise NoClusterError(f"The pod's service account cannot be used: {error}") from error
    return Access(configuration, reload, namespace=_own_namespace())


def _own_namespace() -> str:
    path = SERVICE_ACCOUNT / "namespace"
    return path.read_text().strip() if path.is_file() else "default"
