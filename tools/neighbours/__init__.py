"""JobSet, LeaderWorkerSet and Kueue, as their projects publish them, for the tests that run them beside chippool."""
