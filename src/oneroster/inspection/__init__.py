"""Looking at what is there: one read of a tenant, two rosters side by side, a roster in figures.

Nothing personal is shown unless it is asked for.
"""
