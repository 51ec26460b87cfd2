"""The contract kit: judges any OneRoster 1.1 server by the bytes it sends, held against ``openapi.yaml``.

The command ``oneroster check`` and the tests in ``tests/contract`` are two doors to the same rules. This package
imports nothing when it is imported, so that the pytest plugin costs nothing where it is not used.
"""
