//! The ledger on real storage: SQLite always, PostgreSQL where `PURSER_TEST_POSTGRES` names one.

mod append;
mod correct;
mod crash;
mod entries;
mod kill;
mod maintain;
mod nodes;
mod observation;
mod provenance;
mod query;
mod samples;
mod support;
