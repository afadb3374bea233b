//! Use-cases on real storage: SQLite always, PostgreSQL where `PURSER_TEST_POSTGRES` names one.

mod backtest;
mod calibration;
mod divergence;
mod passed_over;
mod provenance;
mod replay;
mod sandbox;
mod support;
