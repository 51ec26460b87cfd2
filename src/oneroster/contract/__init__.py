"""The contract kit: checks a OneRoster server against the OpenAPI document of the standard.

The command ``oneroster check`` and ``pytest --pyargs oneroster.contract`` run the same rules. Importing this package
imports nothing else, so that the pytest plugin costs nothing if it is not used.
"""
