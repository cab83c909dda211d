"""The parts that stacks are composed of, named for what they are."""
