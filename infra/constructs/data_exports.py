"""The Data Exports that deliver AWS's own bills to the lake: one for each bill whose payer is the deployment's account."""

from __future__ import annotations

from aws_cdk import Annotations, Aws, CfnCondition, Fn, Stack, Token
from aws_cdk import aws_bcmdataexports as exports
from constructs import Construct

from infra.deployment import Deployment
from infra.settings.files import BillEntry

REGIONS = ("us-east-1", "cn-northwest-1")
"""Where Data Exports can be made, by the API and so by CloudFormation: one region of a partition."""

_NAMES = """bill_bill_type bill_billing_entity bill_billing_period_end_date bill_billing_period_start_date bill_invoice_id
bill_invoicing_entity bill_payer_account_id bill_payer_account_name cost_category discount discount_bundled_discount
discount_total_discount identity_line_item_id identity_time_interval line_item_availability_zone
line_item_blended_cost line_item_blended_rate line_item_currency_code line_item_legal_entity
line_item_line_item_description line_item_line_item_type line_item_net_unblended_cost line_item_net_unblended_rate
line_item_normalization_factor line_item_normalized_usage_amount line_item_operation line_item_product_code
line_item_resource_id line_item_tax_type line_item_unblended_cost line_item_unblended_rate line_item_usage_account_id
line_item_usage_account_name line_item_usage_amount line_item_usage_end_date line_item_usage_start_date
line_item_usage_type pricing_currency pricing_lease_contract_length pricing_offering_class
pricing_public_on_demand_cost pricing_public_on_demand_rate pricing_purchase_option pricing_rate_code pricing_rate_id
pricing_term pricing_unit product product_comment product_fee_code product_fee_description product_from_location
product_from_location_type product_from_region_code product_instance_family product_instance_type product_instancesku
product_location product_location_type product_operation product_pricing_unit product_product_family
product_region_code product_servicecode product_sku product_to_location product_to_location_type
product_to_region_code product_usagetype reservation_amortized_upfront_cost_for_usage
reservation_amortized_upfront_fee_for_billing_period reservation_availability_zone reservation_effective_cost
reservation_end_time reservation_modification_status reservation_normalized_units_per_reservation
reservation_number_of_reservations reservation_recurring_fee_for_usage reservation_reservation_a_r_n
reservation_start_time reservation_subscription_id reservation_total_reserved_normalized_units
reservation_total_reserved_units reservation_units_per_reservation
reservation_unused_amortized_upfront_fee_for_billing_period reservation_unused_normalized_unit_quantity
reservation_unused_quantity reservation_unused_recurring_fee reservation_upfront_value resource_tags
savings_plan_amortized_upfront_commitment_for_billing_period savings_plan_end_time savings_plan_instance_type_family
savings_plan_offering_type savings_plan_payment_option savings_plan_purchase_term
savings_plan_recurring_commitment_for_billing_period savings_plan_region savings_plan_savings_plan_a_r_n
savings_plan_savings_plan_effective_cost savings_plan_savings_plan_rate savings_plan_start_time
savings_plan_total_commitment_to_date savings_plan_used_commitment"""
COLUMNS = tuple(_NAMES.split())
"""The columns of CUR 2.0 with resource ids. Data Exports takes no `select *`. Source: its table dictionary."""

QUERY = " ".join(["SELECT", ", ".join(COLUMNS), "FROM", "COST_AND_USAGE_REPORT"])


class DataExports(Construct):
    """CUR 2.0 with resource ids, hourly, Parquet, each month's files overwritten, for the bills of this very account.

    A deployment in a region where Data Exports cannot be made warns at synth: its export is made with a command.
    """

    def __init__(self, scope: Construct, deployment: Deployment) -> None:
        super().__init__(scope, "Exports")
        for bill in deployment.settings.bills.bills:
            if not bill.is_exported_by(deployment.settings.deployment.account):
                continue
            if Token.is_unresolved(Stack.of(self).region) or Stack.of(self).region in REGIONS:
                self._export(deployment, bill)
            else:
                Annotations.of(self).add_warning_v2(
                    f"outlay:export-{bill.name}",
                    f"the export of the bill {bill.name!r} cannot be made from {Stack.of(self).region}: Data Exports lives "
                    f"in {' and '.join(REGIONS)}. Make it with the command in docs/deploy.md (The bill), or set "
                    "create_export: false for the bill in bills.yaml where there is one already",
                )

    def _export(self, deployment: Deployment, bill: BillEntry) -> None:
        export = exports.CfnExport(
            self,
            bill.name,
            export=exports.CfnExport.ExportProperty(
                name=f"{deployment.names.deployment}-{bill.name}",
                description=f"Outlay: the bill {bill.name}",
                data_query=exports.CfnExport.DataQueryProperty(
                    query_statement=QUERY,
                    table_configurations={
                        "COST_AND_USAGE_REPORT": {
                            "TIME_GRANULARITY": "HOURLY",
                            "INCLUDE_RESOURCES": "TRUE",
                            "INCLUDE_SPLIT_COST_ALLOCATION_DATA": "FALSE",
                            "INCLUDE_MANUAL_DISCOUNT_COMPATIBILITY": "FALSE",
                        }
                    },
                ),
                destination_configurations=exports.CfnExport.DestinationConfigurationsProperty(
                    s3_destination=exports.CfnExport.S3DestinationProperty(
                        s3_bucket=deployment.names.bucket,
                        s3_prefix=bill.prefix.rstrip("/"),
                        s3_region=Aws.REGION,
                        s3_output_configurations=exports.CfnExport.S3OutputConfigurationsProperty(
                            output_type="CUSTOM", format="PARQUET", compression="PARQUET", overwrite="OVERWRITE_REPORT"
                        ),
                    )
                ),
                refresh_cadence=exports.CfnExport.RefreshCadenceProperty(frequency="SYNCHRONOUS"),
            ),
        )
        if Token.is_unresolved(Stack.of(self).region):
            export.cfn_options.condition = self._is_made_here()

    def _is_made_here(self) -> CfnCondition:
        """True where the template is deployed in a region of Data Exports."""
        found = self.node.try_find_child("IsMadeHere")
        if isinstance(found, CfnCondition):
            return found
        expression = Fn.condition_or(*(Fn.condition_equals(Aws.REGION, region) for region in REGIONS))
        return CfnCondition(self, "IsMadeHere", expression=expression)
