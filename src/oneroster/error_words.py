"""Why a file could not be read, in words: the names of Python's errors mean little to others, texts may hold data."""

from typing import Final

__all__ = ["words_of"]

_WORDS: Final = {
    "FileNotFoundError": "there is no such file",
    "PermissionError": "permission denied",
    "IsADirectoryError": "it is a folder",
    "EOFError": "it ends too early",
    "BadZipFile": "it is not a zip file, or damaged",
    "UnicodeDecodeError": "it is not text in UTF-8",
    "UnicodeError": "it is not text in UTF-8",
    "DecodeError": "it is not JSON",
    "ValidationError": "a value has another type",
    "RecursionError": "it is nested too deeply",
    "OverflowError": "a number is too large",
    "SSLError": "it is not in the expected form",
}


def words_of(error: Exception) -> str:
    """Return what an error says of a file, without any content of it."""
    if (known := _WORDS.get(type(error).__name__)) is not None:
        return known
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "it is damaged, or in another form"
