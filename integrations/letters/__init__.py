"""What customers and staff are written at each stage of a case (P2.7, P2.8, P4.1, P4.2)."""

from integrations.letters.composer import LetterSettings, TemplateLetters

__all__ = ["LetterSettings", "TemplateLetters"]
