"""What goes wrong with servers, said so that the person at the terminal knows what to do next."""


class ServerUnavailableError(Exception):
    """A server cannot be had, did not start, or stopped too early; the text is one readable paragraph."""
