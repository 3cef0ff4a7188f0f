"""`chippool crds`: the kinds a cluster needs before anything else."""

import typer

from chippool.api import schema


def crds() -> None:
    """Print the CustomResourceDefinitions, for `kubectl apply --server-side -f -`."""
    typer.echo("---\n".join(schema.to_yaml(crd) for crd in schema.crds()), nl=False)
