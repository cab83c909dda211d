"""What is wrong in config/ is told in one sentence: file, field, value, remedy."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from infra.settings.files import Layers
from infra.settings.layers import check_sizes, regions_of_layers
from infra.settings.load import load_settings
from lake.configuration import Configuration
from lake.errors import ConfigurationError

DEPLOYMENT = 'external_id: not-a-secret-1\naccount: "111111111111"\nregion: us-east-1\n'
ACCOUNTS = 'accounts:\n  - {account_id: "111111111111", name: Harbor}\n'
BUDGET = "budgets:\n  - {rule_id: a, description: b, dimension: account, level: account, period: daily, limit_usd: 5%s}\n"

BAD: dict[str, tuple[str, str, str]] = {
    "an account id with too few digits": (
        "accounts.yaml",
        "accounts:\n  - {account_id: 12345, name: Harbor}\n",
        "config/accounts.yaml: accounts[0].account_id is '12345'; an account id has 12 digits, such as 111111111111",
    ),
    "an account without a name": (
        "accounts.yaml",
        "accounts:\n  - {account_id: '111111111111'}\n",
        "config/accounts.yaml: accounts[0].name is missing; add it",
    ),
    "an account twice": (
        "accounts.yaml",
        ACCOUNTS + '  - {account_id: "111111111111", name: Again}\n',
        "config/accounts.yaml: accounts[1].account_id is '111111111111', as accounts[0].account_id is; give each its own",
    ),
    "a region that does not exist": (
        "accounts.yaml",
        "regions: [us-east-9]\n" + ACCOUNTS,
        "config/accounts.yaml: regions[0] is 'us-east-9'; no AWS region is called that; use one such as us-east-1",
    ),
    "a region of an account that does not exist": (
        "accounts.yaml",
        "accounts:\n  - {account_id: '111111111111', name: Harbor, regions: [eu-west-1, aws-global]}\n",
        "config/accounts.yaml: accounts[0].regions[1] is 'aws-global'; "
        "no AWS region is called that; use one such as us-east-1",
    ),
    "a default for an unknown group": (
        "accounts.yaml",
        "accounts:\n  - {account_id: '111111111111', name: Harbor, defaults: {team: a}}\n",
        "config/accounts.yaml: accounts[0].defaults.team is 'team'; "
        "use 'customer', 'cluster', 'index_name', 'env' or 'purpose'",
    ),
    "a switch that is neither on nor off": (
        "accounts.yaml",
        "accounts:\n  - {account_id: '111111111111', name: Harbor, enabled: perhaps}\n",
        "config/accounts.yaml: accounts[0].enabled is 'perhaps'; use true or false",
    ),
    "a mapping where a list belongs": (
        "accounts.yaml",
        "accounts: {account_id: '111111111111'}\n",
        "config/accounts.yaml: accounts is a mapping; write a list, one `- ` an entry",
    ),
    "a tag key with a character that AWS refuses": (
        "grouping.yaml",
        "customer: [customer, 'cost*centre']\n",
        "config/grouping.yaml: customer[1] is 'cost*centre'; "
        "a tag key has 1 to 128 letters, digits, spaces or any of _ . : / = + - @",
    ),
    "a blank tag key": (
        "grouping.yaml",
        "customer: ['  ']\n",
        "config/grouping.yaml: customer[0] is '  '; "
        "a tag key has 1 to 128 letters, digits, spaces or any of _ . : / = + - @",
    ),
    "an empty tag key": (
        "grouping.yaml",
        "customer: [a, '']\n",
        "config/grouping.yaml: customer[1] is ''; a tag key has 1 to 128 letters, digits, spaces or any of _ . : / = + - @",
    ),
    "an unknown group": (
        "grouping.yaml",
        "team: [team]\n",
        "config/grouping.yaml: team is no setting; there are customer, cluster, index_name, env, purpose",
    ),
    "a budget with an unknown field": (
        "budgets.yaml",
        BUDGET % ", limit: 5",
        "config/budgets.yaml: budgets[0].limit is no setting; there are rule_id, description, dimension, level, "
        "ancestor_id, period, limit_usd, cost_type, severity, owner",
    ),
    "a negative limit": (
        "budgets.yaml",
        BUDGET.replace("limit_usd: 5", "limit_usd: -5") % "",
        "config/budgets.yaml: budgets[0].limit_usd is '-5'; "
        "use 0 or more US dollars with at most two decimals, such as 1500.00",
    ),
    "a limit of fractions of a cent": (
        "budgets.yaml",
        BUDGET.replace("limit_usd: 5", "limit_usd: 5.001") % "",
        "config/budgets.yaml: budgets[0].limit_usd is '5.001'; "
        "use 0 or more US dollars with at most two decimals, such as 1500.00",
    ),
    "a limit that is no number": (
        "budgets.yaml",
        BUDGET.replace("limit_usd: 5", "limit_usd: lots") % "",
        "config/budgets.yaml: budgets[0].limit_usd is 'lots'; use a number, such as 1500.00",
    ),
    "a limit that is not finite": (
        "budgets.yaml",
        BUDGET.replace("limit_usd: 5", "limit_usd: Infinity") % "",
        "config/budgets.yaml: budgets[0].limit_usd is 'Infinity'; use a number, such as 1500.00",
    ),
    "an unknown dimension": (
        "budgets.yaml",
        BUDGET.replace("dimension: account", "dimension: team") % "",
        "config/budgets.yaml: budgets[0].dimension is 'team'; use 'account', 'group' or 'service'",
    ),
    "a level of another dimension": (
        "budgets.yaml",
        BUDGET.replace("level: account", "level: customer") % "",
        "config/budgets.yaml: budgets[0].level is 'customer'; "
        "the dimension account has the levels total, provider, account, region",
    ),
    "a budget for an unknown account": (
        "budgets.yaml",
        BUDGET % ", ancestor_id: '999999999999'",
        "config/budgets.yaml: budgets[0].ancestor_id is '999999999999', an account that accounts.yaml does not name; "
        "add it there or use one of 111111111111",
    ),
    "a budget for an unknown region": (
        "budgets.yaml",
        BUDGET.replace("level: account", "level: region") % ", ancestor_id: 111111111111/mars-1",
        "config/budgets.yaml: budgets[0].ancestor_id is '111111111111/mars-1'; "
        "a region is written account/region, such as 111111111111/us-east-1",
    ),
    "a rule id twice": (
        "budgets.yaml",
        (BUDGET % "") + (BUDGET % "").removeprefix("budgets:\n"),
        "config/budgets.yaml: budgets[1].rule_id is 'a', as budgets[0].rule_id is; give each its own",
    ),
    "an unknown bill format": (
        "bills.yaml",
        "bills:\n  - {name: aws, format: cur3, prefix: bills/aws/}\n",
        "config/bills.yaml: bills[0].format is 'cur3'; use cur1 or cur2 or focus",
    ),
    "a bill's prefix without its slash": (
        "bills.yaml",
        "bills:\n  - {name: aws, format: cur2, prefix: bills/aws}\n",
        "config/bills.yaml: bills[0].prefix is 'bills/aws'; use a key prefix that ends with /, such as bills/aws/",
    ),
    "a bill outside bills/ in the lake's bucket": (
        "bills.yaml",
        "bills:\n  - {name: aws, format: cur2, prefix: tables/aws/}\n",
        "config/bills.yaml: bills[0].prefix is 'tables/aws/'; "
        "in the lake's own bucket bills lie under bills/, such as bills/aws/",
    ),
    "two bills in one place": (
        "bills.yaml",
        "bills:\n  - {name: a, format: cur2, prefix: bills/}\n  - {name: b, format: focus, prefix: bills/b/}\n",
        "config/bills.yaml: bills[1].prefix is 'bills/b/', which overlaps that of the bill 'a'; "
        "give each bill a prefix of its own, or its charges count twice",
    ),
    "a bill of an unknown payer": (
        "bills.yaml",
        "bills:\n  - {name: aws, format: cur2, prefix: bills/aws/, payer_account: '999999999999'}\n",
        "config/bills.yaml: bills[0].payer_account is '999999999999', an account that accounts.yaml does not name; "
        "add it there or use one of 111111111111",
    ),
    "an unknown muted account": (
        "notifications.yaml",
        "default_channel: '#cost'\nmuted_accounts: ['999999999999']\n",
        "config/notifications.yaml: muted_accounts[0] is '999999999999', an account that accounts.yaml does not name; "
        "add it there or use one of 111111111111",
    ),
    "no channel": (
        "notifications.yaml",
        "default_channel:\n",
        "config/notifications.yaml: default_channel is missing; add it",
    ),
    "a channel that Slack cannot have": (
        "notifications.yaml",
        "default_channel: '#Cloud Cost'\n",
        "config/notifications.yaml: default_channel is '#Cloud Cost'; "
        "use a Slack channel such as #cloud-cost, or an id such as C012AB3CD",
    ),
    "a setting of Slack that is none": (
        "deployment.yaml",
        DEPLOYMENT + "slack: {token: xoxb-1}\n",
        "config/deployment.yaml: slack.token is no setting; there are secret_arn, api_url",
    ),
    "no external id": (
        "deployment.yaml",
        'account: "111111111111"\n',
        "config/deployment.yaml: external_id is missing; add it",
    ),
    "a log retention that CloudWatch does not have": (
        "deployment.yaml",
        DEPLOYMENT + "log_retention_days: 100\n",
        "config/deployment.yaml: log_retention_days is '100'; CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, "
        "150, 180, 365, 400, 545, 731, 1096, 1827, 3653 days; use one of these",
    ),
    "a query limit below Athena's": (
        "deployment.yaml",
        DEPLOYMENT + "query_limit_gb: 0\n",
        "config/deployment.yaml: query_limit_gb is '0'; use 1 to 100000 GB",
    ),
    "a layer that is no layer": (
        "deployment.yaml",
        DEPLOYMENT + "layers: {powertools: latest}\n",
        "config/deployment.yaml: layers.powertools is 'latest'; "
        "use a layer version's ARN; {region} stands for the deployment's region",
    ),
    "a region without a known layer": (
        "deployment.yaml",
        DEPLOYMENT.replace("us-east-1", "eu-south-2"),
        "config/deployment.yaml: region is 'eu-south-2', for which no version of the layer AWSSDKPandas-Python313-Arm64 is "
        "known here; set layers.sdk_for_pandas to its ARN (AWS Lambda Managed Layers, in the docs of AWS SDK for pandas), or "
        "use one of af-south-1, ap-northeast-1, ap-northeast-2, ap-northeast-3, ap-south-1, ap-southeast-1, ap-southeast-2, "
        "ca-central-1, eu-central-1, eu-north-1, eu-west-1, eu-west-2, eu-west-3, sa-east-1, us-east-1, us-east-2, "
        "us-west-1, us-west-2",
    ),
    "a layer of another region": (
        "deployment.yaml",
        DEPLOYMENT + "layers: {powertools: 'arn:aws:lambda:eu-west-1:017000801446:layer:Powertools:27'}\n",
        "config/deployment.yaml: layers.powertools is 'arn:aws:lambda:eu-west-1:017000801446:layer:Powertools:27', a layer of "
        "eu-west-1; a function takes layers of its own region, which is us-east-1",
    ),
    "Slack over http": (
        "deployment.yaml",
        DEPLOYMENT + "slack: {api_url: 'http://slack.example.com/api/'}\n",
        "config/deployment.yaml: slack.api_url is 'http://slack.example.com/api/'; use a URL that begins with https:// and "
        "ends with /; over http others could read the token on its way",
    ),
    "Slack on a host that only begins like this machine's": (
        "deployment.yaml",
        DEPLOYMENT + "slack: {api_url: 'http://127.0.0.1.example.com/'}\n",
        "config/deployment.yaml: slack.api_url is 'http://127.0.0.1.example.com/'; use a URL that begins with https:// and "
        "ends with /; over http others could read the token on its way",
    ),
    "a name that no bucket can have": (
        "deployment.yaml",
        DEPLOYMENT + "name: Outlay_1\n",
        "config/deployment.yaml: name is 'Outlay_1'; use 2 to 20 lower-case letters, digits or -, a letter first",
    ),
    "a field twice": (
        "deployment.yaml",
        DEPLOYMENT + "region: eu-west-1\n",
        "config/deployment.yaml, line 1: 'region' is given twice; keep one; mend the YAML there",
    ),
    "broken YAML": (
        "bills.yaml",
        "bills:\n  - [name\n",
        "config/bills.yaml, line 3: expected ',' or ']', but got '<stream end>'; mend the YAML there",
    ),
    "no account anywhere": (
        "deployment.yaml",
        "external_id: not-a-secret-1\nregion: us-east-1\n",
        "config/accounts.yaml: accounts is empty and deployment.yaml names no account; name an account in either",
    ),
    "no region anywhere": (
        "deployment.yaml",
        'external_id: not-a-secret-1\naccount: "111111111111"\n',
        "config/accounts.yaml: accounts[0].regions is blank for 111111111111; "
        "name its regions, or regions for all at the top of the file",
    ),
}


@pytest.mark.parametrize(("file", "text", "sentence"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_told_in_one_sentence(config: Path, file: str, text: str, sentence: str) -> None:
    (config / file).write_text(text)
    with pytest.raises(ConfigurationError) as error:
        load_settings(config)
    assert str(error.value) == sentence


RATES = "month,currency,usd_per_unit\n"
BAD_RATES = {
    "no heading": ("2026-11,EUR,1.08\n", ": its first line must be month,currency,usd_per_unit"),
    "empty": ("", ": its first line must be month,currency,usd_per_unit"),
    "a month in words": (
        RATES + "Nov 2026,EUR,1.08\n",
        ", line 2: month is 'Nov 2026'; give year and month, such as 2026-11",
    ),
    "a month too many": (RATES + "2026-13,EUR,1.08\n", ", line 2: month is '2026-13'; give year and month, such as 2026-11"),
    "a sign": (RATES + "2026-11,€,1.08\n", ", line 2: currency is '€'; give three capital letters, such as EUR"),
    "dollars": (RATES + "2026-11,USD,1\n", ", line 2: currency is 'USD'; dollars need no rate: remove the line"),
    "nothing": (
        RATES + "2026-11,EUR,0\n",
        ", line 2: usd_per_unit is '0'; give the US dollars for one unit, such as 1.0835, with at most 12 decimals, up to 1000000",
    ),
    "a decimal comma": (RATES + "2026-11,EUR,1,08\n", ", line 2: has 4 values; give month, currency, usd_per_unit"),
    "a month twice": (
        RATES + "2026-11,EUR,1.08\n\n2026-11,EUR,1.09\n",
        ", line 4: EUR of 2026-11 stands in line 2, too; keep one",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), BAD_RATES.values(), ids=BAD_RATES)
def test_a_wrong_exchange_rate_is_told_in_one_sentence(config: Path, text: str, sentence: str) -> None:
    (config / "exchange_rates.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_settings(config)
    assert str(error.value) == f"config/exchange_rates.csv{sentence}"


def test_exchange_rates_reach_the_functions(config: Path) -> None:
    assert Configuration.from_json(load_settings(config).configuration_json()).exchange_rates == {}
    (config / "exchange_rates.csv").write_text(f"# ours\n{RATES}2026-11, EUR, 1.0835\n", encoding="utf-8-sig")
    read = Configuration.from_json(load_settings(config).configuration_json())
    assert read.exchange_rates == {("2026-11", "EUR"): Decimal("1.0835")}


def test_a_missing_file_is_told(config: Path) -> None:
    (config / "bills.yaml").unlink()
    with pytest.raises(ConfigurationError, match=r"^config/bills.yaml: there is no such file; copy it from config/$"):
        load_settings(config)


def test_the_files_of_the_repository_work_as_they_are_and_empty(config: Path) -> None:
    assert load_settings(config).account_ids == ("111111111111",)
    for file in ("accounts.yaml", "grouping.yaml", "budgets.yaml", "bills.yaml"):
        (config / file).write_text("")
    settings = load_settings(config)
    assert settings.accounts[0].regions == ("us-east-1",)
    assert settings.bills.bills == ()


def test_the_functions_read_back_what_the_user_wrote(config: Path) -> None:
    """Ids keep their zeros though unquoted, money its cents, and what only the stacks need stays behind."""
    (config / "accounts.yaml").write_text(
        "regions: [eu-west-1]\n"
        "accounts:\n"
        "  - {account_id: 012345678901, name: Zero, role: production, defaults: {env: prod}}\n"
        "  - {account_id: 111111111111, name: Harbor, regions: [us-east-1, us-west-2], enabled: false}\n"
    )
    (config / "budgets.yaml").write_text((BUDGET % ", ancestor_id: 012345678901").replace("limit_usd: 5", "limit_usd: 0.10"))
    (config / "bills.yaml").write_text(
        "bills:\n  - {name: aws, format: cur2, prefix: bills/aws/, payer_account: 012345678901}\n"
    )
    read = Configuration.from_json(load_settings(config).configuration_json())
    assert [account.account_id for account in read.accounts] == ["012345678901", "111111111111"]
    assert read.accounts[0].regions == ("eu-west-1",)
    assert read.accounts[0].defaults == {"env": "prod"}
    assert (read.accounts[1].regions, read.accounts[1].enabled) == (("us-east-1", "us-west-2"), False)
    assert (read.budgets[0].limit_usd, read.budgets[0].ancestor_id) == (Decimal("0.10"), "012345678901")
    assert read.bills[0].prefix == "bills/aws/"


def test_a_rule_may_name_another_providers_sub_account(config: Path) -> None:
    (config / "budgets.yaml").write_text(BUDGET % ", ancestor_id: 6c2d0f3e-subscription")
    assert load_settings(config).budgets.budgets[0].ancestor_id == "6c2d0f3e-subscription"


def test_the_same_settings_always_give_the_same_text(config: Path) -> None:
    first = load_settings(config).configuration_json()
    assert first == load_settings(config).configuration_json()
    assert json.loads(first)["notifications"]["minimum_over_usd"] == "10"


def test_each_region_has_its_own_layers_and_a_set_one_stands_in_their_place() -> None:
    everywhere = regions_of_layers(Layers(), None)["sdk_for_pandas"]
    assert everywhere["af-south-1"].endswith("af-south-1:336392948345:layer:AWSSDKPandas-Python313-Arm64:11")
    assert everywhere["us-east-1"].endswith("us-east-1:336392948345:layer:AWSSDKPandas-Python313-Arm64:12")
    own = Layers(sdk_for_pandas="arn:aws:lambda:{region}:111111111111:layer:ours:3", powertools=everywhere["us-east-1"])
    assert regions_of_layers(own, "us-east-1") == {
        "sdk_for_pandas": {"us-east-1": "arn:aws:lambda:us-east-1:111111111111:layer:ours:3"},
        "powertools": {"us-east-1": everywhere["us-east-1"]},
    }


def test_code_that_does_not_fit_beside_the_layers_is_refused() -> None:
    check_sizes(Layers(), "us-east-1", 16)
    with pytest.raises(
        ConfigurationError, match=r"take 251 MB unzipped \(17 of code, 204 of sdk_for_pandas, 30 of powertools"
    ):
        check_sizes(Layers(), "us-east-1", 17)
    check_sizes(Layers(sdk_for_pandas="arn:aws:lambda:{region}:111111111111:layer:ours:3"), "us-east-1", 17)
