"""AWS's list prices in us-east-1 (N. Virginia), without free tiers, and where each was read.

AWS's own price pages fill their tables in by script, so most figures were read where others repeat
them. One that was found nowhere is from memory, and says so. Looked up on 23 November 2026.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Price:
    """Dollars for a number of units."""

    dollars: float
    per: float
    unit: str
    source: str | None
    """The page it was read from; None where it is from memory."""

    @property
    def each(self) -> float:
        """Dollars for one unit."""
        return self.dollars / self.per


_MILLION: Final = 1_000_000

API_REQUESTS: Final = Price(
    1.00, _MILLION, "requests", "awsforengineers.com/blog/aws-api-gateway-pricing-explained"
)
DATA_OUT: Final = Price(0.09, 1, "GB", "www.apigatewaycost.com/aws")
LAMBDA_REQUESTS: Final = Price(0.20, _MILLION, "requests", "cloudchipr.com/blog/aws-lambda-pricing")
LAMBDA_COMPUTE: Final = Price(
    0.0000166667, 1, "GB-seconds", "cloudchipr.com/blog/aws-lambda-pricing"
)
LAMBDA_DISK: Final = Price(0.0000000309, 1, "GB-seconds", None)
SNAPSTART_CACHE: Final = Price(
    0.0000015046, 1, "GB-seconds", "awsnegotiations.com/blog/lambda-snapstart-cost-impact"
)
SNAPSTART_RESTORE: Final = Price(
    0.0001397998, 1, "GB restored", "awsnegotiations.com/blog/lambda-snapstart-cost-impact"
)
LOGS_WRITTEN: Final = Price(
    0.50,
    1,
    "GB",
    "www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards",
)
LOGS_KEPT: Final = Price(0.03, 1, "GB-months", None)
METRICS: Final = Price(0.30, 1, "metrics", "signoz.io/guides/cloudwatch-pricing")
ALARMS: Final = Price(0.10, 1, "alarm metrics", "c3x.dev/resources/aws/aws_cloudwatch_metric_alarm")
DASHBOARDS: Final = Price(
    3.00,
    1,
    "dashboards",
    "www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards",
)
TRACES: Final = Price(5.00, _MILLION, "traces", "aws.amazon.com/xray/pricing")
S3_STORAGE: Final = Price(
    0.023,
    1,
    "GB-months",
    "devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples",
)
S3_READS: Final = Price(
    0.0004,
    1_000,
    "GETs",
    "devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples",
)
S3_WRITES: Final = Price(
    0.005,
    1_000,
    "PUTs",
    "devnotes.tech/understanding-aws-s3-pricing-a-complete-cost-breakdown-with-examples",
)
EVENTS: Final = Price(1.00, _MILLION, "events", "cloudburn.io/blog/amazon-eventbridge-pricing")
TRANSITIONS: Final = Price(
    0.025, 1_000, "state transitions", "aws.amazon.com/step-functions/pricing"
)
CLOUDFRONT_DATA: Final = Price(0.085, 1, "GB", "aws.amazon.com/cloudfront/pricing")
CLOUDFRONT_REQUESTS: Final = Price(0.01, 10_000, "requests", None)
USERS: Final = Price(0.0055, 1, "users", None)
SERVER_CLIENTS: Final = Price(
    6.00,
    1,
    "clients",
    "www.rhythmictech.com/blog/the-aws-cognito-m2m-bill-has-come-due-what-you-need-to-know",
)
SERVER_TOKENS: Final = Price(
    2.25,
    1_000,
    "tokens",
    "cur.vantage-api.com/aws/amazoncognito/user-pools-m2m/cupm2mtokenrequestsfull",
)
FARGATE_CPU: Final = Price(0.04048, 1, "vCPU-hours", "www.vantage.sh/blog/fargate-pricing")
FARGATE_MEMORY: Final = Price(0.004445, 1, "GB-hours", "www.vantage.sh/blog/fargate-pricing")
IMAGES: Final = Price(0.10, 1, "GB-months", None)
