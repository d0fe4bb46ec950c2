"""What has to happen? Prepared rows and ledger entries become Operations; pure."""
