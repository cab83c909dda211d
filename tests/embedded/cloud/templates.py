"""Small CloudFormation templates for these tests, put together from parts."""

from typing import Any

Resources = dict[str, dict[str, Any]]


def template(*parts: Resources, outputs: dict[str, Any] | None = None) -> dict[str, Any]:
    resources: Resources = {}
    for part in parts:
        resources |= part
    shown = {name: {"Value": value} for name, value in (outputs or {}).items()}
    return {"Resources": resources, "Outputs": shown}


def att(name: str, attribute: str = "Arn") -> dict[str, Any]:
    return {"Fn::GetAtt": [name, attribute]}


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def allow(actions: list[str], resource: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def role(name: str, service: str, *statements: dict[str, Any]) -> Resources:
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}],
    }
    policies = [
        {
            "PolicyName": "own",
            "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)},
        }
    ]
    properties: dict[str, Any] = {"AssumeRolePolicyDocument": trust}
    if statements:
        properties["Policies"] = policies
    return {name: {"Type": "AWS::IAM::Role", "Properties": properties}}


def function(name: str, code: str, *statements: dict[str, Any], **properties: Any) -> Resources:
    """A function of inline code and its role, `<name>Role`."""
    own = {
        "Code": {"ZipFile": code},
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Timeout": 20,
        "Role": att(f"{name}Role"),
        **properties,
    }
    return role(f"{name}Role", "lambda.amazonaws.com", *statements) | {
        name: {"Type": "AWS::Lambda::Function", "Properties": own}
    }


def queue(name: str, **properties: Any) -> Resources:
    return {name: {"Type": "AWS::SQS::Queue", "Properties": properties}}


def bucket(name: str, bucket_name: str, **properties: Any) -> Resources:
    return {name: {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket_name, **properties}}}


def schedule(
    name: str,
    function_name: str,
    text: str,
    queue_name: str,
    retries: int = 1,
    may_invoke: bool = True,
) -> Resources:
    """A schedule, its role (`<name>Role`), and its dead-letter queue's name."""
    statements = [allow(["sqs:SendMessage"], att(queue_name))]
    if may_invoke:
        statements.append(allow(["lambda:InvokeFunction"], att(function_name)))
    properties = {
        "Name": name.lower(),
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": att(function_name),
            "RoleArn": att(f"{name}Role"),
            "Input": text,
            "RetryPolicy": {"MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": 3600},
            "DeadLetterConfig": {"Arn": att(queue_name)},
        },
    }
    return role(f"{name}Role", "scheduler.amazonaws.com", *statements) | {
        name: {"Type": "AWS::Scheduler::Schedule", "Properties": properties}
    }


ECHO = "def handler(event, context):\n    return event\n"
FAIL = "def handler(event, context):\n    raise ValueError('no such bill')\n"
