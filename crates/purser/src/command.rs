//! The commands, one file each: `Args` says what it takes, `run` does it.

pub(crate) mod calibrate;
pub(crate) mod config;
pub(crate) mod cost;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod key;
pub(crate) mod ledger;
pub(crate) mod prices;
pub(crate) mod provenance;
pub(crate) mod reconcile;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod tenant;
pub(crate) mod usage;
pub(crate) mod what_if;
