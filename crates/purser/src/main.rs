//! The `purser` binary.
mod config;
mod demo;
mod exit;
mod output;
mod telemetry;
fn main() {}
