"""What should each row say? A RawBatch becomes a PreparedBatch."""
