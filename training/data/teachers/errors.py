"""What can come of a call besides an answer, by what is to be done about it."""


class Busy(Exception):
    """The server wants fewer calls; the same call is made again later."""

    def __init__(self, reason: str, *, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait
        """Seconds that the server asked for."""


class Broken(Exception):
    """No whole answer came back (500, a cut line, a time limit); worth another try."""


class Unusable(Exception):
    """This one call will never be answered; the others may be."""
