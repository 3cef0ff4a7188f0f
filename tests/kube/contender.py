"""A process of its own that contends for a Lease and says so: kubeconfig and identity are its arguments."""

import asyncio
import signal
import sys

from chippool.kube.client import Client
from chippool.kube.lease import Lease


def say(word: str) -> None:
    print(word, flush=True)


async def main(kubeconfig: str, identity: str) -> None:
    client = await Client.connect(kubeconfig)
    lease = Lease(
        client,
        namespace="ours",
        identity=identity,
        duration=1.0,
        renew=0.1,
        on_change=lambda held: say("acquired" if held else "lost"),
    )
    # Not through the event loop: asked before it has had any chance to look.
    signal.signal(signal.SIGCONT, lambda *_: say(f"continued held={lease.held()}"))
    await lease.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
