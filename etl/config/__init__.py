"""What did the user ask for? A YAML file becomes a JobConfig."""
