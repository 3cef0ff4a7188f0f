"""Sets of uids by what they belong to."""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Index(Generic[K]):
    """Members by key; order of arrival, empty keys take no memory."""

    def __init__(self) -> None:
        self._members: dict[K, dict[str, None]] = {}

    def add(self, key: K, uid: str) -> None:
        self._members.setdefault(key, {})[uid] = None

    def drop(self, key: K, uid: str) -> None:
        members = self._members.get(key)
        if members is None:
            return
        members.pop(uid, None)
        if not members:
            del self._members[key]

    def of(self, key: K) -> Iterable[str]:
        return self._members.get(key, ())
