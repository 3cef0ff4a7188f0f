"""What goes wrong, as a sentence on stderr and an exit code, never as a traceback."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from enum import IntEnum
from typing import Any, TypeVar

import typer

from chippool.kube.access import NoClusterError
from chippool.kube.client import UNREACHABLE, ApiError

T = TypeVar("T")
DEBUG = "CHIPPOOL_DEBUG"


class Exit(IntEnum):
    """Exit codes; typer itself uses 2 for a command line that can't be understood."""

    REFUSED = 1
    """What was asked for is not there, or the cluster or a person said no."""
    USAGE = 2
    NO_CLUSTER = 3
    """No kubeconfig, or nobody answers at its address."""
    INTERRUPTED = 130


class Failure(Exception):  # noqa: N818  it is what the user is told, not a fault of the program
    """The command ends here; the text says why and what helps."""

    def __init__(self, sentence: str, code: Exit = Exit.REFUSED) -> None:
        super().__init__(sentence)
        self.code = code


def answered(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work to its end; what goes wrong is said and becomes the exit code."""
    return computed(lambda: asyncio.run(work))


def computed(work: Callable[[], T]) -> T:
    """The same for work that waits for nobody."""
    try:
        return work()
    except Failure as failure:
        raise _said(str(failure), failure.code) from failure
    except NoClusterError as error:
        raise _said(str(error), Exit.NO_CLUSTER) from error
    except ApiError as error:
        raise _said(*_refusal(error)) from error
    except KeyboardInterrupt:
        raise typer.Exit(Exit.INTERRUPTED) from None
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        sentence = f"This is a fault of chippool itself: {error!r}. {DEBUG}=1 shows where; please report it."
        raise _said(sentence, Exit.REFUSED) from error


def _refusal(error: ApiError) -> tuple[str, Exit]:
    if error.status == UNREACHABLE:
        return error.message, Exit.NO_CLUSTER
    if error.status == 401:
        return "The API server does not accept the kubeconfig's credentials: log in again.", Exit.REFUSED
    return f"The API server refuses: {error.message}", Exit.REFUSED


def _said(sentence: str, code: Exit) -> typer.Exit:
    typer.echo(f"Error: {sentence}", err=True)
    return typer.Exit(code)
