"""The CDK app: thin stacks over sql/, the collectors' declarations and config/."""
