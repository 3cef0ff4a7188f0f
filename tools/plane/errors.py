"""What a plane says when it cannot go on."""


class PlaneError(Exception):
    """A sentence for the person at the keyboard, with the tail of a log where there is one."""
