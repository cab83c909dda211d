"""How this deployment's nodes and accounts are called, and where its costs can be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lake.sql_text import identifier, literal
from notifiers.findings import Finding
from notifiers.nodes import TOTAL, account_of_node, node_condition

SPEND = {
    "unblended": ("cost_usd", "unblended cost"),
    "amortized": ("amortized_cost_usd", "amortized cost"),
    "net": ("net_cost_usd", "net cost"),
    "usage": ("amortized_cost_usd", "usage cost"),
}
"""Column of cost_node_resources, and words, for each kind of spend."""
_LEVELS = {"index_name": "index", "env": "environment", "resource_type": "resource type", "usage_type": "usage type"}


@dataclass(frozen=True)
class Wording:
    """What messages need to know of the deployment: where its Athena is, and how its accounts are called."""

    region: str
    database: str
    account_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def console(self) -> str:
        """Athena's query editor."""
        return f"https://{self.region}.console.aws.amazon.com/athena/home?region={self.region}#/query-editor"

    def account(self, account_id: str) -> str:
        """An account by name and id."""
        called = self.account_names.get(account_id)
        return f"{called} ({account_id})" if called else account_id

    def node(self, finding: Finding) -> str:
        """A finding's node in plain words, such as `customer acme`; not escaped."""
        if finding.level == TOTAL:
            return "all spend"
        return f"{_LEVELS.get(finding.level, finding.level)} {self.node_name(finding)}"

    def node_name(self, finding: Finding) -> str:
        """The node's own name; a region's is its account and region."""
        account = account_of_node(finding.level, finding.ancestor_id)
        if account is None:
            return finding.ancestor_id
        return self.account(account) + finding.ancestor_id[len(account) :]


def cost_query(finding: Finding, wording: Wording) -> str:
    """What cost_sql gives, as Slack's code blocks take it: they show &amp; &lt; &gt; as what these stand for."""
    sql = cost_sql(finding, wording.database)
    return sql.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def cost_sql(finding: Finding, database: str) -> str:
    """The query to paste into Athena: what the node's cost in the window consists of."""
    column, _ = SPEND[finding.spend]
    first, last = finding.window
    conditions = [
        f"day between {literal(first)} and {literal(last)}",
        node_condition(finding.dimension, finding.level, finding.ancestor_id),
        "charge_category = 'usage'" if finding.spend == "usage" else None,
    ]
    where = "\n    and ".join(text for text in conditions if text)
    return (
        f"select aws_account_id, service, usage_type, resource_arn, sum({column}) as usd\n"
        f"from {identifier(database)}.{identifier('cost_node_resources')}\n"
        f"where {where}\n"
        "group by 1, 2, 3, 4\norder by usd desc\nlimit 50"
    )
