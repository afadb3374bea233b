//! The columns of a FOCUS file and the cells of one row.
//! Source: FinOps Open Cost and Usage Specification 1.2 and 1.4, dataset "Cost and Usage"; `x_` columns are ours.

use purser_domain::time::Timestamp;

use super::decimal::Decimal;

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// No value.
    Null,
    /// Text, JSON included.
    Text(String),
    /// A number.
    Number(Decimal),
    /// An instant.
    Time(Timestamp),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// Decimal numbers.
    Number,
    /// Instants.
    Time,
}

use ColumnKind::{Number, Text, Time};

/// A version of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 1.2, of May 2025.
    V1_2,
    /// 1.4, of June 2026: service and host provider in place of provider and publisher.
    V1_4,
}

impl Version {
    /// Columns that the version does not have.
    const fn lacks(self) -> &'static [&'static str] {
        match self {
            Self::V1_2 => &["HostProviderName", "ServiceProviderName"],
            Self::V1_4 => &["ProviderName", "PublisherName"],
        }
    }

    /// The places in [`COLUMNS`] of the version's columns, in the order of the file.
    #[must_use]
    pub fn columns(self) -> Vec<usize> {
        (0..COLUMNS.len()).filter(|index| !self.lacks().contains(&COLUMNS[*index].0)).collect()
    }
}

/// Every column of any version in the order of the file.
pub const COLUMNS: [(&str, ColumnKind); 61] = [
    ("BilledCost", Number),
    ("BillingAccountId", Text),
    ("BillingAccountName", Text),
    ("BillingAccountType", Text),
    ("BillingCurrency", Text),
    ("BillingPeriodEnd", Time),
    ("BillingPeriodStart", Time),
    ("ChargeCategory", Text),
    ("ChargeClass", Text),
    ("ChargeDescription", Text),
    ("ChargeFrequency", Text),
    ("ChargePeriodEnd", Time),
    ("ChargePeriodStart", Time),
    ("CommitmentDiscountCategory", Text),
    ("CommitmentDiscountId", Text),
    ("CommitmentDiscountName", Text),
    ("CommitmentDiscountStatus", Text),
    ("CommitmentDiscountType", Text),
    ("ConsumedQuantity", Number),
    ("ConsumedUnit", Text),
    ("ContractedCost", Number),
    ("ContractedUnitPrice", Number),
    ("EffectiveCost", Number),
    ("HostProviderName", Text),
    ("InvoiceId", Text),
    ("InvoiceIssuerName", Text),
    ("ListCost", Number),
    ("ListUnitPrice", Number),
    ("PricingCategory", Text),
    ("PricingCurrency", Text),
    ("PricingCurrencyContractedUnitPrice", Number),
    ("PricingCurrencyEffectiveCost", Number),
    ("PricingCurrencyListUnitPrice", Number),
    ("PricingQuantity", Number),
    ("PricingUnit", Text),
    ("ProviderName", Text),
    ("PublisherName", Text),
    ("RegionId", Text),
    ("RegionName", Text),
    ("ResourceId", Text),
    ("ResourceName", Text),
    ("ResourceType", Text),
    ("ServiceCategory", Text),
    ("ServiceName", Text),
    ("ServiceProviderName", Text),
    ("ServiceSubcategory", Text),
    ("SkuId", Text),
    ("SkuMeter", Text),
    ("SkuPriceDetails", Text),
    ("SkuPriceId", Text),
    ("SubAccountId", Text),
    ("SubAccountName", Text),
    ("SubAccountType", Text),
    ("Tags", Text),
    ("x_CorrectionReason", Text),
    ("x_CostSource", Text),
    ("x_EventCount", Number),
    ("x_EventId", Text),
    ("x_ModelId", Text),
    ("x_PriceVersion", Text),
    ("x_Provider", Text),
];

/// One row; cells stand in the order of [`COLUMNS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    cells: Vec<Cell>,
}

impl Row {
    pub(super) fn empty() -> Self {
        Self { cells: vec![Cell::Null; COLUMNS.len()] }
    }

    pub(super) fn set(&mut self, column: &str, cell: Cell) {
        if let Some(index) = index_of(column) {
            self.cells[index] = cell;
        }
    }

    pub(super) fn text(&mut self, column: &str, text: impl Into<String>) {
        self.set(column, Cell::Text(text.into()));
    }

    pub(super) fn maybe(&mut self, column: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(column, text);
        }
    }

    /// The cells.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cell of `column`; null for a column that there is not.
    #[must_use]
    pub fn get(&self, column: &str) -> &Cell {
        index_of(column).map_or(&Cell::Null, |index| &self.cells[index])
    }
}

fn index_of(column: &str) -> Option<usize> {
    COLUMNS.iter().position(|(name, _)| *name == column)
}
