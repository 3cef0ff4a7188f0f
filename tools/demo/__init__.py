"""A control plane, the operator, and a story that is told as it happens: `make demo`."""
