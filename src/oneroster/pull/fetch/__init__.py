"""The fetch of collections: requests, row parsing, Arrow batches and staging."""
