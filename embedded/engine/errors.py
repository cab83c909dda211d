"""What can go wrong with the engine itself, as opposed to a query."""


class EngineError(Exception):
    """The engine can't be installed or started; the message is one sentence a user can act on."""


class InvalidStatementError(Exception):
    """A statement that Athena refuses before it runs; the message reads as Athena's."""
