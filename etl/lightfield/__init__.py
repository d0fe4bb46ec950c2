"""The API's client; it knows nothing of files, rows or runs."""
