"""What have we already done? A small database that remembers what each row became."""
