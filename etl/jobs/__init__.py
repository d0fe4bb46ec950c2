"""What can a user ask for? Each job joins the rooms, holds their order, and says what a person is to do."""
