"""The steps of ``scripts/generate``, which writes a client package from an OpenAPI document.

``document`` reads the YAML, ``lint`` and ``lint_rules`` check it, ``package_model`` collects what the templates need,
``generator_input`` and ``struct_fields`` prepare it, ``emit`` runs generator and formatter, ``changes`` describes what
changed for callers, ``command`` is the command line.
"""
