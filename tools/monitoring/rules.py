"""Alerts and recording rules as the files Prometheus reads."""

from typing import Any

import yaml

from tools.monitoring.alerts import ALERTS, RUNBOOKS
from tools.monitoring.model import Alert, Recording
from tools.monitoring.recordings import RECORDINGS

HEAD = "# Made from code by `make generate`: change tools/monitoring, not this file.\n"


class _Block(str):
    """Text of several lines as YAML's literal block, so that people can read it."""

    __slots__ = ()


def _as_block(dumper: yaml.SafeDumper, text: _Block) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Block, _as_block)


def alerts() -> str:
    return _text("chippool.alerts", [_alert(alert) for alert in ALERTS])


def recordings() -> str:
    return _text("chippool.utilization", [_recording(recording) for recording in RECORDINGS])


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": _Block(alert.expr),
        "for": alert.lasts,
        "labels": {"severity": alert.severity},
        "annotations": {
            "summary": alert.summary,
            "description": alert.description,
            "runbook_url": f"{RUNBOOKS}/{alert.name}.md",
        },
    }


def _recording(recording: Recording) -> dict[str, Any]:
    return {"record": recording.record, "expr": _Block(recording.expr)}


def _text(group: str, rules: list[dict[str, Any]]) -> str:
    groups = {"groups": [{"name": group, "rules": rules}]}
    return HEAD + yaml.dump(groups, Dumper=_Dumper, sort_keys=False, width=1000, allow_unicode=True)
