"""The subset of the Amazon States Language that `state_machine` executes."""
