"""The documents say what there is: no reason and no metric is left out, and none is made up."""

import re
from pathlib import Path

import yaml
from typer.main import get_command

from chippool.api.pool import ChipPool
from chippool.api.queue import ChipQueue
from chippool.api.workload import ChipWorkload
from chippool.cli.failures import Exit
from chippool.cli.main import EPILOG, commands
from chippool.core.reasons import Reason
from chippool.metrics.families import FAMILIES, OF_NODES
from tools.reference_metrics import metrics_page
from tools.rules import SCENARIOS, rules_page

ROOT = Path(__file__).parents[2]
KINDS = {"ChipPool": ChipPool, "ChipQueue": ChipQueue, "ChipWorkload": ChipWorkload}


def test_the_objects_of_the_readme_have_only_fields_there_are():
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    objects = [one for block in blocks for one in yaml.safe_load_all(block)]
    assert {one["kind"] for one in objects} == set(KINDS)
    for one in objects:
        kept = KINDS[one["kind"]].model_validate(one).model_dump(by_alias=True, mode="json", exclude_unset=True)
        assert kept["spec"] == one["spec"]


def test_every_reason_is_explained():
    said = (ROOT / "docs" / "how-to" / "what-a-reason-asks-of-you.md").read_text()
    words = {
        word.strip() for row in re.findall(r"^\| ([A-Z][\w, ]+) \|", said, re.MULTILINE) for word in row.split(",")
    }
    assert words == {reason.value for reason in Reason}


def test_the_page_of_rules_is_the_one_that_the_code_and_the_scenarios_give():
    page = (ROOT / "docs" / "reference" / "decisions.md").read_text()
    assert page == rules_page()
    assert re.findall(r"^## (\d+)\. ", page, re.MULTILINE) == [str(n) for n in range(1, 11)]


def test_every_scenario_says_which_rule_it_shows():
    page = rules_page()
    for case in SCENARIOS.glob("*.yaml"):
        assert case.read_text().rstrip() in page, f"{case.name}: begin with '# Rule N. …'"


def test_every_metric_is_on_its_page():
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    assert page == metrics_page()
    assert re.findall(r"^\| `(chippool_\w+)`", page, re.MULTILINE) == [
        family.shown for family in (*FAMILIES, *OF_NODES)
    ]


def test_every_command_and_every_option_is_in_the_reference():
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    common = page.partition("\n## ")[0]
    group = get_command(commands)
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        section = re.search(rf"^## (?:.*, )?{name}\b.*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
        assert section, f"{name} has no section"
        for one in (command, *getattr(command, "commands", {}).values()):
            for option in (word for param in one.params for word in param.opts if word.startswith("--")):
                assert f"`{option}" in common or option in section[0], f"{name} {option} is not in the reference"


def test_every_exit_code_is_in_the_reference_and_in_the_help():
    said = set(re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "reference" / "cli.md").read_text(), re.MULTILINE))
    assert said == {"0", *(str(code.value) for code in Exit)}
    assert all(f"{code.value} " in EPILOG for code in Exit)
