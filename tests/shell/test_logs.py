import json
import logging

from chippool.shell.logs import Json, Text


def a_record(**fields: object) -> logging.LogRecord:
    record = logging.LogRecord("chippool.control.loop", logging.INFO, "loop.py", 1, "decided", None, None)
    record.created, record.msecs = 1_767_225_600.5, 500.0
    record.fields = fields
    return record


def test_text_is_one_line_of_keys_and_values() -> None:
    line = Text().format(a_record(admit=3, why="two words", seconds=0.25))
    assert line == '2026-01-01T00:00:00.500Z INFO decided admit=3 why="two words" seconds=0.25'


def test_json_is_one_object_with_the_fields_in_it() -> None:
    line = json.loads(Json().format(a_record(admit=3)))
    assert line == {
        "time": "2026-01-01T00:00:00.500Z",
        "level": "info",
        "logger": "chippool.control.loop",
        "message": "decided",
        "admit": 3,
    }
