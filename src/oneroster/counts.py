"""Numbers with their nouns."""

__all__ = ["count_of"]


def count_of(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, as in ``1 record`` or ``2 records``.

    Args:
        count: The number.
        noun: The noun in the singular.
        plural: The plural, where it is not the noun with an s.
    """
    return f"{count} {noun}" if count == 1 else f"{count} {plural or f'{noun}s'}"
