"""`chippool simulate …`: questions answered by the core under a virtual clock, without a cluster."""

import typer

from chippool.cli.simulate_cluster import cluster
from chippool.cli.simulate_jobs import jobs
from chippool.cli.simulate_packing import packing

simulate = typer.Typer(no_args_is_help=True, help="Run the scheduling core under a virtual clock, without a cluster.")
for command in (cluster, jobs, packing):
    simulate.command()(command)
