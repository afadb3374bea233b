//! The binary, run as people run it: one module per command.

mod calibrate;
mod cli;
mod config;
mod dataset;
mod focus;
mod import;
mod key;
mod prices;
mod provenance;
mod serve;
mod simulate;
mod support;
mod usage;
