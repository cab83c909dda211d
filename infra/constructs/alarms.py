"""Alarms about Outlay itself, all to one topic."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Aws, Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.deployment import Deployment
from infra.names import METRICS_NAMESPACE

UNATTENDED_FUNCTIONS = ("collect", "bills", "rollup", "notify")
"""Functions that run unattended; when `schema` fails, so does the deployment."""

STALE_HOURS = 3
OVERDUE_HOURS = 24
"""How long a bill may be overdue before it rings: a new export takes up to a day until its first delivery."""

Starts = Mapping[str, Mapping[str, int]]
"""How often each schedule of each group starts a day."""
FAILED_SCANS_PERCENT = 25
"""From so many failed scans on, the alarm rings. Scans that fail for one account's own reasons, such as a missing role, are
fewer in all but the smallest companies, and ringing for them each hour would teach people not to listen: they stand in
collector_runs and on the page. A quarter or more at once has a cause of ours, or of AWS's: the role, throttling, the
network."""


class Alarms(Construct):
    """The topic <name>-alarms and everything that rings it. What they watch is named, not imported: see infra.names.

    An alarm that watches for something that should be there takes missing data for a breach: what does not run measures
    nothing.
    """

    def __init__(self, scope: Construct, deployment: Deployment, starts: Starts) -> None:
        super().__init__(scope, "Alarms")
        self._names = deployment.names
        self.topic = sns.Topic(self, "Topic", topic_name=f"{self._names.deployment}-alarms", enforce_ssl=True)
        self._let_cloudwatch_publish()
        if email := deployment.settings.deployment.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(email))
        for purpose in UNATTENDED_FUNCTIONS:
            self._watch_function(purpose)
        for group, schedules in starts.items():
            self._watch_group(group, sum(schedules.values()))
        self._alarm(
            "rollups-failed",
            "A rollup failed a query or a check and was not published; the log of the rollup function says which and why.",
            self._own_metric("RollupsFailed", "rollup"),
        )
        self._watch_scans()
        self._alarm(
            "bills-shrunken",
            "A bill came with half of its rows or fewer and was published so, or its files are gone and its charges were "
            "withdrawn; collector_runs says which (Shrunken, Withdrawn).",
            self._own_metric("BillsShrunken", "bills"),
        )
        self._watch_for_silence("stale", "rollup", "No rollup ran for {hours} hours: what people see is old.")
        self._watch_for_silence("collect-silent", "collect", "No collector ran for {hours} hours; are its schedules on?")
        self._watch_for_silence("notify-silent", "notify", "Nobody looked for new findings for {hours} hours.")
        self._alarm(
            "bills-overdue",
            f"For {OVERDUE_HOURS} hours a bill has been older than its max_age_days, or nobody looked for bills; the "
            "log of the bills function says which, and how old its newest delivery is.",
            self._own_metric("BillsOverdue", "bills", period=Duration.hours(1)),
            periods=OVERDUE_HOURS,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _let_cloudwatch_publish(self) -> None:
        """Let the account's alarms publish.

        A topic that is given a policy, such as the rule that asks for TLS, loses the default one, which lets them.
        """
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )

    def _watch_function(self, purpose: str) -> None:
        name = self._names.function(purpose)
        for metric, what in (("Errors", "failed"), ("Throttles", "was throttled")):
            self._alarm(
                f"{purpose}-{metric.lower()}",
                f"The function {name} {what}; its log says why.",
                self._metric("AWS/Lambda", metric, {"FunctionName": name}),
            )

    def _watch_group(self, group: str, starts_a_day: int) -> None:
        name = self._names.group(group)
        # Messages that were sent, not those that lie there: while one waits for somebody, a second one must ring too.
        self._alarm(
            f"{group}-dead-letters",
            f"Work was given up; the messages of {name}-dead-letters say which.",
            self._metric("AWS/SQS", "NumberOfMessagesSent", {"QueueName": f"{name}-dead-letters"}),
        )
        self._alarm(
            f"{group}-schedules",
            f"A schedule of {name} could not start its function.",
            self._metric("AWS/Scheduler", "TargetErrorCount", {"ScheduleGroup": name}),
        )
        # The first day of a deployment is no whole one, so that it takes two.
        self._alarm(
            f"{group}-starts",
            f"For two days the schedules of {name} started less often than the {starts_a_day} times a day that they should: "
            "one of them is off, or gone.",
            self._metric("AWS/Scheduler", "InvocationAttemptCount", {"ScheduleGroup": name}, period=Duration.days(1)),
            threshold=starts_a_day,
            periods=2,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        )

    def _watch_scans(self) -> None:
        """A period of five minutes holds a run or two, as collectors start in minutes of their own: the ratio is theirs."""
        failed, tried = self._own_metric("ScansFailed", "collect"), self._own_metric("Scans", "collect")
        self._alarm(
            "scans-failed",
            f"{FAILED_SCANS_PERCENT} % or more of the scans of a collector failed; ask collector_runs which, and why.",
            cloudwatch.MathExpression(
                expression="100 * failed / tried",
                using_metrics={"failed": failed, "tried": tried},
                label="Failed scans in per cent of all",
                period=failed.period,
            ),
            threshold=FAILED_SCANS_PERCENT,
        )

    def _watch_for_silence(self, alarm: str, purpose: str, description: str) -> None:
        name = self._names.function(purpose)
        self._alarm(
            alarm,
            description.format(hours=STALE_HOURS),
            self._metric("AWS/Lambda", "Invocations", {"FunctionName": name}, period=Duration.hours(1)),
            periods=STALE_HOURS,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )

    def _own_metric(self, name: str, purpose: str, period: Duration | None = None) -> cloudwatch.Metric:
        """A metric that a function emits; Powertools adds the service as its dimension."""
        return self._metric(METRICS_NAMESPACE, name, {"service": self._names.function(purpose)}, period=period)

    def _metric(
        self,
        namespace: str,
        name: str,
        dimensions: dict[str, str],
        period: Duration | None = None,
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map=dimensions,
            statistic="Sum",
            period=period or Duration.minutes(5),
        )

    def _alarm(
        self,
        name: str,
        description: str,
        metric: cloudwatch.IMetric,
        *,
        threshold: int = 1,
        periods: int = 1,
        comparison: cloudwatch.ComparisonOperator = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._names.deployment}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self.topic))
