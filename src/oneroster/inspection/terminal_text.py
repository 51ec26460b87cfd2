"""Text of others on a terminal: characters that move the cursor or change the direction of text are escaped."""

__all__ = ["escape_lines", "escape_unprintable"]


def escape_unprintable(text: str) -> str:
    """Escape characters that move the cursor of a terminal or change the direction of text."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def escape_lines(text: str) -> str:
    """Escape the same characters in a text of several lines, apart from its line feeds."""
    return "\n".join(map(escape_unprintable, text.split("\n")))
