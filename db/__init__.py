"""The meeting place of the stages: which memes there are, where they were seen, what was said."""
