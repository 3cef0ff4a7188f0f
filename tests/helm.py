"""helm on a plane, or on whatever cluster stands in for one."""

import subprocess


def helm(plane, *arguments):
    """Run helm as the plane's admin; CalledProcessError carries what it said as a note."""
    command = [str(plane.bin / "helm"), f"--kubeconfig={plane.kubeconfig}", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        done.check_returncode()
    except subprocess.CalledProcessError as error:
        error.add_note(done.stderr)
        raise
    return done.stdout
