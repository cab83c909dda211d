"""The five stacks, each thin and composed of constructs."""
