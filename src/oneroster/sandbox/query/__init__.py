"""Query languages of the sandbox: filters, field paths and timestamps."""
