"""Convert a roster to the form of another version of OneRoster, as ``--as`` does."""
