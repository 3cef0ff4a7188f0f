"""One page on this machine, with the user's own rights: pools, the queue, explanations, what-if, racks."""
