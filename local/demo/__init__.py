"""The demo company: its bill, its inventory and the configuration that watches both."""
