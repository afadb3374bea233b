//! The tables as SeaORM sees them; one file per table, plain columns.
//! Invariant: text, integers and bytes only, so that both databases hold the same values.

pub(crate) mod api_key;
pub(crate) mod inbox;
pub(crate) mod inbox_head;
pub(crate) mod tenant;
