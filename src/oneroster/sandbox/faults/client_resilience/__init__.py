"""Faults that exercise a client and break no rule: paging, tokens and transport."""
