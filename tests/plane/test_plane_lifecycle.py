"""However a plane ends, it leaves no process and no file; several live side by side."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plane.builders import eventually
from tools.plane import build, control, paths
from tools.plane.errors import PlaneError
from tools.plane.plane import Plane
from tools.plane.progress import Silent

pytestmark = pytest.mark.plane


def command(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "tools.plane", *arguments],
        cwd=paths.REPOSITORY,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(*folders):
    """Processes whose command line names one of the folders: all of a plane's do."""
    found = [process for process in Path("/proc").glob("[0-9]*") if any(str(one) in _argv(process) for one in folders)]
    return [process.name for process in found]


def _argv(process):
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def nothing_is_left(name):
    run = paths.run_dir(name)
    scratch = paths.scratch_dir(run)
    return not run.exists() and not scratch.exists() and not processes_of(run, scratch)


def read_until(stream, word):
    return next(line for line in stream if word in line)


def test_two_planes_live_side_by_side_and_leave_nothing():
    with Plane.start("side-a") as one, Plane.start("side-b") as other:
        assert set(one.ports.values()).isdisjoint(other.ports.values())
        one.kubectl("create", "namespace", "only-here")
        assert other.kubectl("get", "namespace", "only-here", check=False).returncode != 0
        assert {"side-a", "side-b"} <= set(control.names())
        assert one.audit_log.exists()
        with pytest.raises(PlaneError, match="a plane named side-a is already up"):
            Plane.start("side-a")
        refused_name_is_still_up = one.kubectl("get", "namespaces").returncode == 0
        assert refused_name_is_still_up
    assert nothing_is_left("side-a")
    assert nothing_is_left("side-b")


def test_ctrl_c_takes_a_plane_in_the_foreground_down():
    up = command("up", "--name", "ctrl-c", "--foreground")
    assert "kubeconfig" in read_until(up.stdout, "KUBECONFIG")
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=20)
    assert up.returncode == 130
    assert nothing_is_left("ctrl-c")


def test_ctrl_c_takes_a_plane_down_that_is_still_starting():
    up = command("up", "--name", "early")
    read_until(up.stderr, "kube-apiserver")
    up.send_signal(signal.SIGINT)
    up.communicate(timeout=20)
    assert up.returncode == 130
    assert nothing_is_left("early")


def test_a_detached_plane_stays_up_until_its_supervisor_is_killed_and_then_leaves_nothing():
    up = command("up", "--name", "detached")
    exports, _ = up.communicate(timeout=60)
    assert up.returncode == 0
    assert [line.split("=")[0] for line in exports.splitlines()] == ["export KUBECONFIG", "export PATH"]
    plane = Plane.attach("detached")
    assert plane.kubectl("get", "namespaces").returncode == 0
    os.kill(plane.describe()["supervisor"], signal.SIGKILL)
    eventually(lambda: nothing_is_left("detached"), "processes and folders are gone", within=10)
    with pytest.raises(PlaneError, match="no plane named detached is up"):
        Plane.attach("detached")


def test_a_plane_goes_with_the_process_that_started_it_even_by_kill_9():
    script = "from tools.plane.plane import Plane; p = Plane.start('orphan'); print('up', flush=True); input()"
    owner = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=paths.REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    read_until(owner.stdout, "up")
    owner.kill()
    owner.communicate()
    eventually(lambda: nothing_is_left("orphan"), "processes and folders are gone", within=10)


def test_what_a_crash_of_the_machine_left_is_swept_by_the_next_start():
    run = paths.run_dir("crashed")
    (run / "logs").mkdir(parents=True)
    paths.scratch_dir(run).mkdir()
    assert "crashed" not in control.names()
    control.take_down(run)
    assert nothing_is_left("crashed")


def test_a_process_that_does_not_start_is_reported_with_the_end_of_its_log(tmp_path, monkeypatch):
    cached = build.binaries(Silent())
    copied = tmp_path / "chippool" / "plane" / build.fingerprint()
    copied.mkdir(parents=True)
    for program in cached.iterdir():
        (copied / program.name).symlink_to(program)
    (copied / "kube-apiserver").unlink()
    (copied / "kube-apiserver").write_text("#!/bin/sh\necho the disk is on fire\nexit 1\n")
    (copied / "kube-apiserver").chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(PlaneError, match=r"kube-apiserver ended while starting(.|\n)*the disk is on fire"):
        Plane.start("broken")
    assert nothing_is_left("broken")


def test_a_second_build_builds_nothing_and_needs_no_go(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    folder = build.binaries(Silent())
    assert {"etcd", "kube-apiserver", "kwok", "kubectl", "helm"} <= {program.name for program in folder.iterdir()}


def test_ctrl_c_during_a_build_leaves_no_half_built_binary(tmp_path):
    cached = build.binaries(Silent())
    folder = tmp_path / "chippool" / "plane" / cached.name
    folder.mkdir(parents=True)
    for program in ("kubectl", "helm"):
        (folder / program).symlink_to(cached / program)
    building = command("build", XDG_CACHE_HOME=str(tmp_path))
    read_until(building.stderr, "building etcd")
    eventually(lambda: list((folder / ".work").glob("go-build*")), "go has begun")
    building.send_signal(signal.SIGINT)
    building.communicate(timeout=30)
    assert building.returncode == 130
    assert {program.name for program in folder.iterdir()} == {"kubectl", "helm"}
    assert not processes_of(tmp_path)
