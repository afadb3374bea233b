//! One version of the lake: its files with what is known of each, and the last inbox batch it holds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use deltalake_core::kernel::{LogicalFileView, Remove};
use deltalake_core::logstore::LogStoreRef;
use deltalake_core::table::state::DeltaTableState;
use purser_domain::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::layout::Layout;

/// A version of the table.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    /// The last inbox batch whose rows it holds.
    pub(crate) seq: i64,
    /// Its files, by date and path.
    pub(crate) files: Vec<Arc<LakeFile>>,
}

/// A file: immutable, so that whatever is derived from it stays true.
#[derive(Debug, Clone)]
pub(crate) struct LakeFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    /// Days since the epoch.
    pub(crate) day: i32,
    pub(crate) tenants: (String, String),
    /// Of the table's own time.
    pub(crate) occurred: (Timestamp, Timestamp),
    pub(crate) received: (Timestamp, Timestamp),
    partition: HashMap<String, Option<String>>,
}

/// Delta's statistics of a file, as far as we write them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileStats {
    pub(crate) num_records: u64,
    pub(crate) min_values: BTreeMap<String, String>,
    pub(crate) max_values: BTreeMap<String, String>,
    pub(crate) null_count: BTreeMap<String, u64>,
}

impl Snapshot {
    /// Reads the table's state; what `known` has of a file is not read again.
    pub(super) async fn load(
        layout: &Layout,
        state: &DeltaTableState,
        log_store: &LogStoreRef,
        known: Option<&Self>,
    ) -> Result<Self, Error> {
        let known: HashMap<&str, &Arc<LakeFile>> =
            known.into_iter().flat_map(|s| &s.files).map(|file| (file.path.as_str(), file)).collect();
        let mut files = Vec::new();
        for view in state.log_data().iter() {
            match known.get(view.path().as_ref()) {
                Some(file) => files.push((*file).clone()),
                None => files.push(Arc::new(LakeFile::read(layout, &view)?)),
            }
        }
        files.sort_by(|a, b| (a.day, &a.path).cmp(&(b.day, &b.path)));
        let seq = state.transaction_version(log_store.as_ref(), layout.app_id).await?.unwrap_or(0);
        Ok(Self { version: state.version(), seq, files })
    }

    /// The last `received_at` in any file.
    pub(crate) fn received_through(&self) -> Timestamp {
        self.files.iter().map(|file| file.received.1).max().unwrap_or_default()
    }
}

impl LakeFile {
    fn read(layout: &Layout, file: &LogicalFileView) -> Result<Self, Error> {
        let path = file.path().into_owned();
        let bad = |what: &str| Error::Corrupt(format!("lake file {path}: {what}"));
        let text = file.stats().ok_or_else(|| bad("no statistics"))?;
        let partition = file.partition_values_map();
        let stats: FileStats = serde_json::from_str(&text).map_err(|e| bad(&format!("statistics {text}: {e}")))?;
        let date = partition.get(layout.date).and_then(Option::as_deref);
        let date: jiff::civil::Date = date.and_then(|d| d.parse().ok()).ok_or_else(|| bad("no date"))?;
        let bound = |values: &BTreeMap<String, String>, name: &str| {
            values.get(name).cloned().ok_or_else(|| bad(&format!("no bound of {name}")))
        };
        let bounds = |name: &str| Ok::<_, Error>((bound(&stats.min_values, name)?, bound(&stats.max_values, name)?));
        let times = |name: &str| {
            let (first, last) = bounds(name)?;
            let at = |text: &str| text.parse::<Timestamp>().map_err(|e| bad(&e.to_string()));
            Ok::<_, Error>((at(&first)?, at(&last)?))
        };
        let days = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|e| bad(&e.to_string()))?;
        Ok(Self {
            bytes: u64::try_from(file.size()).unwrap_or_default(),
            rows: stats.num_records,
            day: Timestamp::from_jiff(days.timestamp()).utc_day(),
            tenants: bounds("tenant_id")?,
            occurred: times(layout.time)?,
            received: times("received_at")?,
            partition,
            path,
        })
    }

    /// Whether it may hold rows of `tenant`.
    pub(crate) fn may_hold(&self, tenant: &str) -> bool {
        self.tenants.0.as_str() <= tenant && tenant <= self.tenants.1.as_str()
    }

    /// Whether it may hold rows that occurred in `window`.
    pub(crate) fn touches(&self, window: &Window) -> bool {
        self.occurred.0 < window.to && window.from <= self.occurred.1
    }

    /// The action that takes it out.
    pub(crate) fn remove(&self, now: Timestamp, data_change: bool) -> Remove {
        Remove {
            path: self.path.clone(),
            data_change,
            deletion_timestamp: Some(now.micros() / 1_000),
            extended_file_metadata: Some(true),
            partition_values: Some(self.partition.clone()),
            size: i64::try_from(self.bytes).ok(),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
        }
    }
}
