//! The lake: a Delta table of a log's rows, partitioned by UTC date, each file sorted by tenant and time.
//! Invariant: one commit adds the files of a range of inbox batches and records its last number, or does neither.

mod file;
mod file_name;
mod snapshot;
mod sorter;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, StructType, Transaction};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use deltalake_core::{DeltaTable, DeltaTableBuilder, ensure_table_uri};
use object_store::ObjectStore;

use crate::error::Error;
use crate::layout::Layout;
use crate::schema::{FORMAT_KEY, FORMAT_VERSION, FORMAT_VERSIONS};
pub(crate) use file::FileWriter;
pub(crate) use snapshot::{LakeFile, Snapshot};
pub(crate) use sorter::Sorter;

/// What sorts and groups may hold in memory before they spill to temporary files.
const QUERY_BYTES: usize = 384 << 20;

/// Rows that rewriting handles at once.
const REWRITTEN_ROWS: usize = 1_024;

/// A handle on the table.
pub(crate) struct Lake {
    /// How the table is laid out.
    pub(crate) layout: &'static Layout,
    table: tokio::sync::Mutex<DeltaTable>,
    log_store: LogStoreRef,
    /// The table's files, by path below its root.
    pub(crate) objects: Arc<dyn ObjectStore>,
    /// Where the query engine finds them.
    pub(crate) objects_url: ObjectStoreUrl,
    /// The table's directory, if it is a local one.
    pub(crate) directory: Option<PathBuf>,
    /// The table's id: another one means another ledger.
    pub(crate) id: String,
    /// The query engine.
    pub(crate) engine: SessionContext,
    /// The same for rewriting, which sorts rows of all columns: one sort at a time, spilt in small batches, fits its
    /// memory whatever a day holds.
    pub(crate) rewriter: SessionContext,
}

impl Lake {
    /// Opens the table at `location`, creating it as needed.
    pub(crate) async fn open(layout: &'static Layout, location: &str) -> Result<(Self, Arc<Snapshot>), Error> {
        let url = ensure_table_uri(location)?;
        let mut table = DeltaTableBuilder::from_url(url.clone())?.build()?;
        if !table.verify_deltatable_existence().await?
            && let Err(error) = create(layout, table.clone()).await
            // Another node that opens it for the first time may have been quicker.
            && !table.verify_deltatable_existence().await?
        {
            return Err(error);
        }
        table.load().await?;
        add_missing_columns(layout, &mut table).await?;
        let state = table.snapshot()?;
        let version = state.metadata().configuration().get(FORMAT_KEY).cloned();
        if version.as_deref().is_none_or(|version| !FORMAT_VERSIONS.contains(&version)) {
            let known = FORMAT_VERSIONS.join(" or ");
            return Err(Error::Corrupt(format!("the lake at {location} has format version {version:?}, not {known}")));
        }
        raise_version(&mut table).await?;
        let state = table.snapshot()?;
        let log_store = table.log_store();
        let objects = log_store.object_store(None);
        let objects_url = log_store.object_store_url();
        let config = SessionConfig::new()
            .with_target_partitions(std::thread::available_parallelism().map_or(2, usize::from))
            .with_collect_statistics(false)
            .with_information_schema(false);
        let runtime = RuntimeEnvBuilder::new().with_memory_limit(QUERY_BYTES, 1.0).build_arc()?;
        let rewriting = config.clone().with_target_partitions(1).with_batch_size(REWRITTEN_ROWS);
        let rewriter = SessionContext::new_with_config_rt(rewriting, runtime.clone());
        let engine = SessionContext::new_with_config_rt(config, runtime);
        engine.register_object_store(objects_url.as_ref(), objects.clone());
        let id = state.metadata().id().to_owned();
        let directory = url.to_file_path().ok();
        let snapshot = Arc::new(Snapshot::load(layout, state, &log_store, None).await?);
        let table = tokio::sync::Mutex::new(table);
        Ok((Self { layout, table, log_store, objects, objects_url, directory, id, engine, rewriter }, snapshot))
    }

    /// The newest version of the table.
    pub(crate) async fn refresh(&self, known: &Snapshot) -> Result<Arc<Snapshot>, Error> {
        let mut table = self.table.lock().await;
        table.update_state().await?;
        Ok(Arc::new(Snapshot::load(self.layout, table.snapshot()?, &self.log_store, Some(known)).await?))
    }

    /// Commits `actions`; with `seq`, as the ones that bring the lake from one inbox batch to another.
    ///
    /// The new files and the log entry are on disk when it returns.
    pub(crate) async fn commit(
        &self,
        actions: Vec<Action>,
        seq: Option<(i64, i64)>,
        kind: Change,
    ) -> Result<(), Error> {
        let paths: Vec<String> = actions
            .iter()
            .filter_map(|action| match action {
                Action::Add(add) => Some(add.path.clone()),
                _ => None,
            })
            .collect();
        self.sync_files(&paths)?;
        let mut properties = CommitProperties::default();
        let mut table = self.table.lock().await;
        table.update_state().await?;
        if let Some((from, to)) = seq {
            let at =
                table.snapshot()?.transaction_version(self.log_store.as_ref(), self.layout.app_id).await?.unwrap_or(0);
            if at != from {
                return Err(Error::Moved { expected: from, found: at });
            }
            properties = properties.with_application_transaction(Transaction::new(self.layout.app_id, to));
        }
        let version = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(table.snapshot()?), self.log_store.clone(), kind.operation(self.layout.date))
            .await?
            .version();
        table.update_state().await?;
        self.sync_files(&[format!("_delta_log/{version:020}.json")])
    }

    /// Deletes files that no version younger than `keep` needs; only says which, on a dry run.
    pub(crate) async fn vacuum(&self, keep: std::time::Duration, dry_run: bool) -> Result<Vec<String>, Error> {
        let mut table = self.table.lock().await;
        table.update_state().await?;
        let keep = chrono::Duration::from_std(keep).map_err(|e| Error::Corrupt(format!("keep {keep:?}: {e}")))?;
        let vacuum = table.clone().vacuum().with_retention_period(keep).with_enforce_retention_duration(false);
        let (newer, metrics) =
            vacuum.with_mode(deltalake_core::operations::vacuum::VacuumMode::Full).with_dry_run(dry_run).await?;
        *table = newer;
        Ok(metrics.files_deleted)
    }

    /// Makes local files outlive a power cut: object storage sees to that itself.
    fn sync_files(&self, paths: &[String]) -> Result<(), Error> {
        let Some(directory) = &self.directory else { return Ok(()) };
        let mut parents = std::collections::BTreeSet::new();
        for path in paths {
            let path = directory.join(path);
            sync(&path)?;
            parents.extend(path.parent().map(Path::to_owned));
        }
        parents.insert(directory.clone());
        parents.iter().try_for_each(|parent| sync(parent))
    }
}

fn sync(path: &Path) -> Result<(), Error> {
    let file = std::fs::File::open(path).map_err(|source| Error::file(path, source))?;
    file.sync_all().map_err(|source| Error::file(path, source))
}

/// What a commit does, for the table's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// New rows.
    Append,
    /// The same rows in other files.
    Rewrite,
    /// Old days go.
    Retain,
}

impl Change {
    fn operation(self, date: &str) -> DeltaOperation {
        match self {
            Self::Append => DeltaOperation::Write {
                mode: SaveMode::Append,
                partition_by: Some(vec![date.to_owned()]),
                predicate: None,
            },
            Self::Rewrite => DeltaOperation::Optimize { predicate: None, target_size: 0 },
            Self::Retain => DeltaOperation::Delete { predicate: Some(format!("{date} is out of retention")) },
        }
    }
}

/// Gives a table of an earlier version the columns that came later; its rows have none of them.
async fn add_missing_columns(layout: &Layout, table: &mut DeltaTable) -> Result<(), Error> {
    let known = table.snapshot()?.schema();
    let wanted: StructType = (layout.schema)().as_ref().try_into_kernel()?;
    let missing: Vec<_> = wanted.fields().filter(|field| known.field(field.name()).is_none()).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    match table.clone().add_columns().with_fields(missing.clone()).await {
        Ok(newer) => *table = newer,
        Err(error) => {
            // Another node that opens the table may have been quicker.
            table.update_state().await?;
            let known = table.snapshot()?.schema();
            if missing.iter().any(|field| known.field(field.name()).is_none()) {
                return Err(error.into());
            }
        }
    }
    Ok(())
}

fn version_of(table: &DeltaTable) -> Result<Option<String>, Error> {
    Ok(table.snapshot()?.metadata().configuration().get(FORMAT_KEY).cloned())
}

/// Raises the version that a table of an earlier one names: rows of this one are to come.
async fn raise_version(table: &mut DeltaTable) -> Result<(), Error> {
    if version_of(table)?.as_deref() == Some(FORMAT_VERSION) {
        return Ok(());
    }
    let properties = [(FORMAT_KEY.to_owned(), FORMAT_VERSION.to_owned())].into();
    let raised = table.clone().set_tbl_properties().with_properties(properties).with_raise_if_not_exists(false).await;
    match raised {
        Ok(newer) => *table = newer,
        Err(error) => {
            // Another node that opens the table may have been quicker.
            table.update_state().await?;
            if version_of(table)?.as_deref() != Some(FORMAT_VERSION) {
                return Err(error.into());
            }
        }
    }
    Ok(())
}

async fn create(layout: &Layout, table: DeltaTable) -> Result<DeltaTable, Error> {
    let schema: StructType = (layout.schema)().as_ref().try_into_kernel()?;
    let properties = [(FORMAT_KEY, Some(FORMAT_VERSION)), ("delta.checkpointInterval", Some("50"))];
    Ok(table
        .create()
        .with_table_name(layout.name)
        .with_columns(schema.fields().cloned())
        .with_partition_columns([layout.date])
        .with_raise_if_key_not_exists(false)
        .with_configuration(properties)
        .await?)
}
