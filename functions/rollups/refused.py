"""Takes partitions that are not as they should be out of the tables that runs append to, before anything is made from them.

Glue's permission to create partitions knows tables and no values: the function that scans accounts could register a
partition of costs at objects of its own, or one whose day is no day, which fails every query of the table.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger

from lake.lake import Lake

logger = Logger(child=True)


def drop_refused(lake: Lake) -> list[str]:
    """Drop each such partition, whose objects stay, and say in a sentence what was wrong with it."""
    told = []
    for table in lake.catalog.expiring:
        partitions = lake.partitions(table)
        for partition, problem in list(partitions.refused()):
            partitions.drop(partition.values)
            told.append(f"a partition of {table.name} was refused and taken out of the catalog: {problem}")
    for sentence in told:
        logger.error(sentence)
    return told
