"""How ``scripts/generate`` turns ``openapi.yaml`` into ``generated/oneroster_v1p1``.

One module for each step: ``document`` reads, ``facts`` understands, ``lower`` prepares for the generator, ``emit`` runs
the generator, the formatter and the tables, ``changes`` says what became different, ``command`` is the command line.
"""
