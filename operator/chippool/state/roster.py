"""Records of one kind by uid and by name, and tables that can be handed out."""

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, Protocol, TypeVar


class Identified(Protocol):
    @property
    def uid(self) -> str: ...


N = TypeVar("N", bound=Hashable)
R = TypeVar("R", bound=Identified)
V = TypeVar("V")


class Roster(Generic[N, R]):
    """All records of a kind; an object made anew may stand beside the one it follows until that one's end is told."""

    def __init__(self, name_of: Callable[[R], N]) -> None:
        self.by_uid: dict[str, R] = {}
        self.current: dict[N, R] = {}
        """By name; of two with the same name the one heard of last."""
        self._name_of = name_of
        self._others: dict[N, list[str]] = {}

    def put(self, record: R) -> R | None:
        """Record an object as it is now; returns what its name stood for before."""
        name = self._name_of(record)
        before = self.current.get(name)
        if before is not None and before.uid != record.uid:
            self._forget_other(name, record.uid)
            self._others.setdefault(name, []).append(before.uid)
        self.by_uid[record.uid] = self.current[name] = record
        return before

    def drop(self, uid: str) -> tuple[R | None, R | None]:
        """Forget an object; returns what its name stood for and stands for now; None, None if that is the same."""
        record = self.by_uid.pop(uid, None)
        if record is None:
            return None, None
        name = self._name_of(record)
        others = self._others.get(name)
        if self.current[name].uid != uid:
            self._forget_other(name, uid)
            return None, None
        if others is None:
            return self.current.pop(name), None
        self.current[name] = self.by_uid[others[-1]]
        self._forget_other(name, others[-1])
        return record, self.current[name]

    def _forget_other(self, name: N, uid: str) -> None:
        left = [other for other in self._others.pop(name, ()) if other != uid]
        if left:
            self._others[name] = left


class Table(Generic[N, V]):
    """A mapping whose copies are only made when one was handed out since it last changed."""

    def __init__(self) -> None:
        self._values: dict[N, V] = {}
        self._shared = False

    def get(self, key: N) -> V | None:
        return self._values.get(key)

    def put(self, key: N, value: V) -> V | None:
        """Set a value; returns the one before. An equal value changes nothing."""
        before = self._values.get(key)
        if before != value:
            self._own()[key] = value
        return before

    def drop(self, key: N) -> V | None:
        """Take a value out; returns it."""
        return self._own().pop(key) if key in self._values else None

    def handed(self) -> Mapping[N, V]:
        """Return the table as it is now, never to change."""
        self._shared = True
        return self._values

    def _own(self) -> dict[N, V]:
        if self._shared:
            self._values = dict(self._values)
            self._shared = False
        return self._values
