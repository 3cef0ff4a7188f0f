"""A kind cluster with chips that are not there: nodes that say they have them, chippool on it, and work."""
