"""One line a record: key=value text for people, JSON for collectors."""

import logging
import time
from typing import Any

import orjson

from chippool.config import LogFormat, LogLevel

FIELDS = "fields"
"""Records carry their keys and values as `extra={"fields": {…}}`."""


class Text(logging.Formatter):
    """`2026-01-02T03:04:05.678Z INFO message key=value`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {key}={_shown(value)}" for key, value in _fields(record).items())
        line = f"{_moment(record)} {record.levelname} {record.getMessage()}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Json(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def set_up(log_format: LogFormat, level: LogLevel) -> None:
    """Send every record to stderr in this format; libraries only speak when something is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if log_format is LogFormat.JSON else Text())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("chippool").setLevel(level.upper())
    logging.getLogger("kopf").setLevel(logging.CRITICAL)  # one traceback a failed request; we say why it ended


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, FIELDS, {})


def _moment(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _shown(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f'"{text}"' if " " in text or not text else text
