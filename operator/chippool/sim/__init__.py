"""The same core under a virtual clock: what if, benchmarks against published figures, users' own questions."""
