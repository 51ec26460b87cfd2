"""Client faults: paging, token and transport behaviour that tests a client and breaks no contract rule."""
