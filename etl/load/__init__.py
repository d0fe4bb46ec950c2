"""How does it get there safely? An Operation becomes an Outcome."""
