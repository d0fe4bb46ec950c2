"""What happened? Outcomes become results.csv, failures.csv, summary.json and a page."""
