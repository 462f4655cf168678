"""What can be wrong with a piece of evidence; `str(error)` says what to do. The portal gives each its status."""

from __future__ import annotations

from collections.abc import Iterable


class EvidenceError(Exception):
    """Base of what is wrong with a piece of evidence; `str(error)` says what to do."""


class EvidenceAddressError(Exception):
    """Where evidence is to be kept cannot be used."""

    def __init__(self, why: Exception) -> None:
        reason = str(why).partition("\n")[0]
        super().__init__(
            f"Evidence cannot be kept there ({reason}). Name a folder or an address such as s3://bucket/path."
        )


class EvidenceTooLargeError(EvidenceError):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The file is larger than {limit_bytes} bytes; send a smaller or shorter one.")


class EvidenceTypeError(EvidenceError):
    def __init__(self, allowed: Iterable[str]) -> None:
        kinds = ", ".join(allowed)
        super().__init__(f"The file's content is of no accepted kind; send one of {kinds}.")


class EvidenceNameError(EvidenceTypeError):
    """The name promises another kind than the content is."""

    def __init__(self, ending: str, media_type: str) -> None:
        EvidenceError.__init__(
            self, f"The file's name ends in {ending!r}, but its content is {media_type}; export it again, or rename it."
        )


class EvidenceEmptyError(EvidenceError):
    def __init__(self) -> None:
        super().__init__("The file is empty; choose the file again.")


class EvidenceBoundError(EvidenceError):
    """It is well made, but more than we open: pixels, minutes, pages. `what` says how much and what is allowed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The file {what}; send a smaller or shorter one.")
        self.what = what


class EvidenceLockedError(EvidenceError):
    def __init__(self) -> None:
        super().__init__("The file is encrypted; save it without a password and send it again.")


class EvidenceBrokenError(EvidenceError):
    """It cannot be opened: cut off, forged, or made to harm whoever opens it."""

    def __init__(self) -> None:
        super().__init__(
            "The file cannot be opened, it is damaged or incomplete; open it yourself, then send it again."
        )


class EvidenceMissingError(EvidenceError):
    def __init__(self, sha256: str) -> None:
        super().__init__(f"No evidence {sha256} is kept here; check the store's address.")


class EvidenceDamagedError(EvidenceError):
    def __init__(self, sha256: str) -> None:
        super().__init__(f"Evidence {sha256} is not what was stored; restore it from a backup.")
