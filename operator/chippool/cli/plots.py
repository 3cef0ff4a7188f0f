"""Files that pictures are drawn into."""

from pathlib import Path

from chippool.cli.failures import Exit, Failure


def svg(plot: Path | None) -> Path | None:
    """Return the file of --plot; Failure where its name is that of another format."""
    if plot is not None and plot.suffix != ".svg":
        raise Failure(
            f"--plot: {plot.name} is no .svg; name one, and turn it into a PNG with `rsvg-convert -o out.png in.svg` "
            "or any browser.",
            Exit.USAGE,
        )
    return plot


def written(plot: Path, drawn: str) -> None:
    """Write a picture; Failure where it can't be."""
    try:
        plot.write_text(drawn)
    except OSError as error:
        raise Failure(f"--plot: {plot} can't be written: {error.strerror}.") from error
