//! The tables as SeaORM sees them; one file per table, plain columns.
//! Invariant: text, integers and bytes only, so that both databases hold the same values.

pub(crate) mod api_key;
pub(crate) mod artifact;
pub(crate) mod calibration;
pub(crate) mod conflict;
pub(crate) mod discount;
pub(crate) mod feature_tag;
pub(crate) mod import;
pub(crate) mod inbox;
pub(crate) mod inbox_head;
pub(crate) mod lake;
pub(crate) mod lease;
pub(crate) mod passed_over;
pub(crate) mod price_import;
pub(crate) mod price_import_line;
pub(crate) mod price_override;
pub(crate) mod provenance_chain;
pub(crate) mod reconciliation;
pub(crate) mod scenario;
pub(crate) mod session;
pub(crate) mod skill_override;
pub(crate) mod tenant;
