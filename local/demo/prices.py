"""On-demand prices in USD, near those of us-east-1 in 2026; other regions by a factor."""

from __future__ import annotations

INSTANCE_HOUR = {
    "t3.medium": 0.0416,
    "m6i.large": 0.096,
    "m6i.xlarge": 0.192,
    "m6i.2xlarge": 0.384,
    "c6i.2xlarge": 0.34,
    "r6i.2xlarge": 0.504,
    "r6g.4xlarge": 0.8064,
    "g5.xlarge": 1.006,
}
VOLUME_GB_MONTH = {"gp3": 0.08, "gp2": 0.10, "io1": 0.125}
IO1_IOPS_MONTH = 0.065
NAT_HOUR, NAT_GB = 0.045, 0.045
ADDRESS_HOUR = 0.005
TRANSFER_OUT_GB = 0.09
REGION_FACTOR = {"us-east-1": 1.0, "eu-west-1": 1.1, "us-west-2": 1.0}
# How AWS abbreviates a region in a usage type.
REGION_PREFIX = {"us-east-1": "", "eu-west-1": "EU-", "us-west-2": "USW2-"}
SAVINGS_PLAN_RATE = 0.66
TAX_RATE, SUPPORT_RATE = 0.08, 0.03
CREDIT_USD = 750.0
