"""One report, many forms: for people at a terminal, for programs, for CI, and a page for those who decide."""
