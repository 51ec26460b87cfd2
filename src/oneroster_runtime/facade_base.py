"""The hooks under the methods of a generated facade."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from oneroster_runtime.lazy_collections import AsyncPages, Pages

__all__ = ["AsyncOperationsBase", "OperationsBase"]


class OperationsBase(ABC):
    """The hooks of a synchronous facade. A client implements them with its own paging, retries and signatures."""

    @abstractmethod
    def _collection(self, operation_id: str, arguments: dict[str, Any]) -> Pages[Any]:
        """Return a collection; nothing is sent yet."""

    @abstractmethod
    def _read(self, operation_id: str, arguments: dict[str, Any]) -> Any:
        """Return one record."""

    @abstractmethod
    def _write(self, operation_id: str, arguments: dict[str, Any], body: Any) -> None:
        """Store or delete one record."""

    @abstractmethod
    def _create(self, operation_id: str, arguments: dict[str, Any], body: Iterable[Any]) -> Any:
        """Store several records, and return what the response has for each."""


class AsyncOperationsBase(ABC):
    """The hooks of an asynchronous facade. A client implements them with its own paging, retries and signatures."""

    @abstractmethod
    def _collection(self, operation_id: str, arguments: dict[str, Any]) -> AsyncPages[Any]:
        """Return a collection; nothing is sent yet."""

    @abstractmethod
    async def _read(self, operation_id: str, arguments: dict[str, Any]) -> Any:
        """Return one record."""

    @abstractmethod
    async def _write(self, operation_id: str, arguments: dict[str, Any], body: Any) -> None:
        """Store or delete one record."""

    @abstractmethod
    async def _create(self, operation_id: str, arguments: dict[str, Any], body: Iterable[Any]) -> Any:
        """Store several records, and return what the response has for each."""
