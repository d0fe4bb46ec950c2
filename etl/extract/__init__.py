"""Which rows are in the files? Files become RawBatches."""
