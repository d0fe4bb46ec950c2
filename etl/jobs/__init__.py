"""What a user can ask for: each job joins the rooms and decides nothing itself."""
