"""What is done to a stack from a terminal: deploy it, fill it, look at it, take it down."""
