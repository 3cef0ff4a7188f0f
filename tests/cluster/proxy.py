"""A TCP proxy before the API server, for one operator: its connections can be cut, and new ones refused."""

import contextlib
import socket
import threading
from pathlib import Path

import yaml


class Proxy:
    """Passes bytes on both ways between its own port on 127.0.0.1 and another one there, while `up`."""

    def __init__(self, target: int) -> None:
        self.up = True
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self._listener.getsockname()[1]

    def kubeconfig(self, of: Path, folder: Path) -> Path:
        """Return a kubeconfig for the same user through this proxy."""
        told = yaml.safe_load(of.read_text())
        told["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self.port}"
        path = folder / f"proxy-{self.port}.kubeconfig"
        path.write_text(yaml.safe_dump(told))
        return path

    def cut(self) -> None:
        """Break every connection off, and every new one as soon as it comes."""
        self.up = False
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            _end(pair)

    def mend(self) -> None:
        self.up = True

    def close(self) -> None:
        self.cut()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                self._connect(here)

    def _connect(self, here: socket.socket) -> None:
        try:
            there = socket.create_connection(("127.0.0.1", self._target)) if self.up else None
        except OSError:
            there = None
        if there is None:
            here.close()
            return
        pair = (here, there)
        with self._lock:
            self._pairs.add(pair)
        for source, sink in (pair, (there, here)):
            threading.Thread(target=self._pass_on, args=(source, sink, pair), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, pair: tuple[socket.socket, socket.socket]) -> None:
        with contextlib.suppress(OSError):
            while self.up and (data := source.recv(1 << 16)):
                sink.sendall(data)
        _end(pair)
        with self._lock:
            self._pairs.discard(pair)


def _end(pair: tuple[socket.socket, socket.socket]) -> None:
    for end in pair:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
