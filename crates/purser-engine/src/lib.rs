//! The verbs of purser: pure functions over domain nouns.
//! Invariant: no IO, no clock, no randomness; the time and the seed are arguments.

#![warn(missing_docs)]

pub mod backtest;
pub mod calibration;
pub mod canonical_json;
pub mod comparison;
pub mod cost_ratio;
pub mod dataset;
pub mod divergence;
pub mod focus;
pub mod price_book;
pub mod price_check;
pub mod price_diff;
pub mod price_list;
pub mod price_merge;
pub mod price_update;
pub mod rating;
pub mod reconciliation;
pub mod rerate;
pub mod rounding;
pub mod simulation;
pub mod skill;
pub mod step;
pub mod token;
pub mod what_if;
