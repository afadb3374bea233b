//! Holds the index and opens it anew when a write to it has failed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Error;
use crate::index::{Index, is_damage};

/// The place of the index.
pub(crate) struct Slot {
    path: PathBuf,
    bytes: u64,
    index: Mutex<Option<Arc<Index>>>,
    distrusted: AtomicBool,
}

impl Slot {
    /// Opens the index in `path`.
    pub(crate) fn open(path: PathBuf, bytes: u64) -> Result<Self, Error> {
        let index = Arc::new(Index::open(&path, bytes)?);
        Ok(Self { path, bytes, index: Mutex::new(Some(index)), distrusted: AtomicBool::new(false) })
    }

    /// The index, opened anew if it was distrusted.
    pub(crate) fn get(&self) -> Result<Arc<Index>, Error> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if self.distrusted.swap(false, Ordering::AcqRel) {
            index.take();
        }
        match &*index {
            Some(index) => Ok(index.clone()),
            None => {
                let opened = Arc::new(Index::open(&self.path, self.bytes)?);
                *index = Some(opened.clone());
                Ok(opened)
            }
        }
    }

    /// A write failed: the index on disk is behind and must be opened anew.
    pub(crate) fn distrust(&self) {
        self.distrusted.store(true, Ordering::Release);
    }

    /// A call of the index failed: opens it anew before the next one, or begins a new one if it is damaged.
    pub(crate) fn failed(&self, error: &fjall::Error) {
        if !is_damage(error) {
            self.distrust();
        } else if let Err(error) = self.reset() {
            tracing::error!(%error, "the damaged index cannot be replaced yet");
            self.distrust();
        }
    }

    /// Forgets everything: the index is of another ledger.
    pub(crate) fn reset(&self) -> Result<Arc<Index>, Error> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.take();
        std::fs::remove_dir_all(&self.path).map_err(|source| Error::file(&self.path, source))?;
        let opened = Arc::new(Index::open(&self.path, self.bytes)?);
        *index = Some(opened.clone());
        Ok(opened)
    }
}
