//! What the templates show: plain structs, made from answers by pure functions.
//! Invariant: no figure is computed in a template, and none in a float but a bar's height.

pub(crate) mod amount;
pub(crate) mod change;
pub(crate) mod chart;
pub(crate) mod fold;
pub(crate) mod form;
pub(crate) mod overview;
pub(crate) mod passed_over;
pub(crate) mod plot;
pub(crate) mod reconciliation;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod shell;
pub(crate) mod simulation;
pub(crate) mod what_if;
pub(crate) mod when;
pub(crate) mod zone;
