"""Arguments in, exit code out: parse, call one job, print."""
