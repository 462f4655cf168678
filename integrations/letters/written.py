"""Texts from templates: the first line is the subject, the rest the body.

Templates run in Jinja's sandbox with undefined names as errors, and what a person wrote is set off as a quotation, so
that it cannot pass for our own words.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from aftersales.contract.values import Language

TEMPLATES: Final = Path(__file__).parent / "templates"
_GAPS: Final = re.compile(r"\n{3,}")


class Written(NamedTuple):
    subject: str
    body: str


class Templates:
    """All of the package, each in every language."""

    def __init__(self) -> None:
        self._jinja = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(TEMPLATES),
            undefined=StrictUndefined,
            autoescape=select_autoescape(),  # html only: the letters are plain text
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._jinja.filters["quoted"] = _quoted

    def write(self, language: Language, letter: str, /, **facts: object) -> Written:
        """`letter` with its room, such as `customer/refunded`."""
        text = self._jinja.get_template(f"{language.value}/{letter}.txt").render(**facts)
        subject, _, body = _GAPS.sub("\n\n", text).partition("\n")
        return Written(subject.strip(), f"{body.strip()}\n")


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}" for line in text.splitlines())
