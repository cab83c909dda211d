"""Bills: CUR 2.0 and FOCUS deliveries, read as a whole and published as cost events."""
