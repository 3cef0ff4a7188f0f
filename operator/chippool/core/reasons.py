"""Rule 10: the one vocabulary: condition reason = event reason = metric label = word of the command line."""

from enum import StrEnum


class Reason(StrEnum):
    # it runs
    ADMITTED = "Admitted"
    PLACED = "Placed"
    RESIZED = "Resized"
    MIGRATED = "Migrated"

    # it ended
    COMPLETED = "Completed"
    FAILED = "Failed"
    MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"

    # it lost its chips
    PREEMPTED = "Preempted"
    RECLAIMED = "Reclaimed"
    SCAVENGED = "Scavenged"
    SHRUNK = "Shrunk"
    NOT_STARTED = "NotStarted"
    REPLACE_TIMEOUT = "ReplaceTimeout"
    UNAUTHORIZED = "Unauthorized"
    OBJECT_DELETED = "ObjectDeleted"
    RESALE_ENDED = "ResaleEnded"

    # it waits, and time or others will help
    CHIPS_SHORT = "ChipsShort"
    ROOM_SHORT = "RoomShort"
    DOMAIN_SHORT = "DomainShort"
    QUEUE_LIMIT = "QueueLimit"
    RESERVED = "Reserved"
    HELD_BACK = "HeldBack"
    NO_NODES = "NoNodes"
    BACK_OFF = "BackOff"
    GROUP_INCOMPLETE = "GroupIncomplete"
    SUSPENDED = "Suspended"

    # it waits, and someone must act
    UNKNOWN_POOL = "UnknownPool"
    UNKNOWN_QUEUE = "UnknownQueue"
    UNKNOWN_PARENT = "UnknownParent"
    QUEUE_CYCLE = "QueueCycle"
    UNKNOWN_CLASS = "UnknownClass"
    UNKNOWN_CONTAINER = "UnknownContainer"
    NAMESPACE_NOT_ALLOWED = "NamespaceNotAllowed"
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    POOL_TERMINATING = "PoolTerminating"
    QUEUE_TERMINATING = "QueueTerminating"
    CLASS_NOT_ALLOWED = "ClassNotAllowed"
    ACCESS_DENIED = "AccessDenied"
    UNKNOWN_LEVEL = "UnknownLevel"
    IMPOSSIBLE_SIZE = "ImpossibleSize"
    NOT_SHARED = "NotShared"
    NO_NODE_MATCHES = "NoNodeMatches"
    BAD_PATCH = "BadPatch"
    BAD_TEMPLATE = "BadTemplate"
    NAME_TAKEN = "NameTaken"


MISTAKES = frozenset(
    {
        Reason.UNKNOWN_POOL,
        Reason.UNKNOWN_QUEUE,
        Reason.UNKNOWN_PARENT,
        Reason.QUEUE_CYCLE,
        Reason.UNKNOWN_CLASS,
        Reason.UNKNOWN_CONTAINER,
        Reason.POOL_TERMINATING,
        Reason.QUEUE_TERMINATING,
        Reason.NAMESPACE_NOT_ALLOWED,
        Reason.CLASS_NOT_ALLOWED,
        Reason.ACCESS_DENIED,
        Reason.RESALE_ENDED,
        Reason.UNKNOWN_LEVEL,
        Reason.IMPOSSIBLE_SIZE,
        Reason.NOT_SHARED,
        Reason.NO_NODE_MATCHES,
        Reason.BAD_PATCH,
        Reason.BAD_TEMPLATE,
        Reason.NAME_TAKEN,
    }
)
"""Holds that no amount of waiting ends: a person must act."""
