"""What would a config for this file say? A file that nobody has described becomes the draft of a config."""
