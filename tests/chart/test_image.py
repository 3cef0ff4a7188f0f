"""What the image would run, without an engine to build it: the wheel, the locked packages, a clean environment."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools import manifests
from tools.bootstrap import UV, installed_uv, uv_settings
from tools.plane import paths

DOCKERFILE = (paths.REPOSITORY / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """An environment with the wheel and what uv.lock says it needs, as the first stage makes it; not compiled."""
    work = tmp_path_factory.mktemp("image")
    uv("build", "--wheel", "--out-dir", str(work), "-q")
    uv("export", "--frozen", "--no-dev", "--no-emit-project", "-q", "-o", str(work / "requirements.txt"))
    uv("venv", "-q", "--python", sys.executable, str(work / "app"))
    [wheel] = work.glob("*.whl")
    python = ["--python", str(work / "app/bin/python")]
    uv("pip", "install", "-q", *python, "-r", str(work / "requirements.txt"))
    uv("pip", "install", "-q", *python, "--no-deps", str(wheel))
    return work / "app"


def uv(*arguments):
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | uv_settings()
    subprocess.run([installed_uv(), *arguments], cwd=paths.REPOSITORY, env=environment, check=True)


def run(app, *arguments):
    """As in the container: nothing of the repository on the path, nothing written beside the code."""
    environment = {"PATH": f"{app / 'bin'}:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nowhere"}
    return subprocess.run(arguments, cwd="/", env=environment, check=False, capture_output=True, text=True)


def told(instruction):
    return json.loads(re.search(rf"^{instruction} (\[.*\])$", DOCKERFILE, re.MULTILINE)[1])


def test_entry_point_and_command_are_the_operator(app):
    before = files(app)
    done = run(app, *told("ENTRYPOINT"), *told("CMD"), "--help")
    assert done.returncode == 0, done.stderr
    assert "Run the operator until SIGTERM" in done.stdout
    assert files(app) == before, "a read-only root file system would have refused this"


def test_the_charts_command_is_the_same(app):
    [container] = containers()
    assert container["command"] == [*told("ENTRYPOINT"), *told("CMD")]
    arguments = [one.replace("$(POD_IP)", "127.0.0.1") for one in container["args"]]
    done = run(app, *container["command"], *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert "No kubeconfig at" in done.stderr, "all options are understood, and there is no cluster"


def test_it_brings_the_crds_of_the_repository(app):
    printed = list(yaml.safe_load_all(run(app, "chippool", "crds").stdout))
    kept = [yaml.safe_load(path.read_text()) for path in sorted((paths.REPOSITORY / "crds").glob("*.yaml"))]
    assert sorted(printed, key=name) == sorted(kept, key=name)


def test_it_runs_as_nobody_who_may_write_anywhere():
    [container] = containers()
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["65532:65532"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]


def test_it_is_built_with_the_uv_of_the_project():
    assert f"uv=={UV}" in DOCKERFILE


def containers():
    parts = yaml.safe_load_all((manifests.GOLDEN / "default.yaml").read_text())
    [deployment] = [part for part in parts if part and part["kind"] == "Deployment"]
    return deployment["spec"]["template"]["spec"]["containers"]


def name(crd):
    return crd["metadata"]["name"]


def files(app):
    return {path for path in Path(app).rglob("*") if path.is_file()}
