"""OneRoster 1.1 for Python: a contract kit for any server, and a tenant to try it on.

The generated client is the package `oneroster_v1p1`; `oneroster.contract` judges servers, `oneroster.sandbox` is one.
"""

__all__: list[str] = []
