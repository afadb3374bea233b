//! The schema's history, the same statements for both databases but for two column types.
//! Invariant: a migration that was released is never edited; many nodes may apply them at once.

mod m0001_state;
mod m0002_provenance;
mod m0003_lake;
mod m0004_simulation;
mod m0005_calibration;
mod m0006_retention;
mod m0007_artifact;
mod m0008_passed_over;
mod m0010_reconciliation;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};
use sea_orm_migration::prelude::*;

use crate::{Result, Store};

/// The advisory lock that lets one PostgreSQL node migrate at a time: `purser` in ASCII.
const LOCK: i64 = 0x7075_7273_6572;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_state::Migration),
            Box::new(m0002_provenance::Migration),
            Box::new(m0003_lake::Migration),
            Box::new(m0004_simulation::Migration),
            Box::new(m0005_calibration::Migration),
            Box::new(m0006_retention::Migration),
            Box::new(m0007_artifact::Migration),
            Box::new(m0008_passed_over::Migration),
            Box::new(m0010_reconciliation::Migration),
        ]
    }
}

/// Brings the schema up to date.
pub(crate) async fn apply(store: &Store) -> Result<()> {
    let transaction = store.begin().await?;
    lock(&transaction).await?;
    Migrator::up(&transaction, None).await?;
    Ok(transaction.commit().await?)
}

async fn lock(transaction: &DatabaseTransaction) -> Result<()> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    }
    Ok(())
}
