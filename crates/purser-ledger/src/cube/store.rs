//! Where cubes are kept: in memory under a cap, and beside the index on disk. All of it may be lost.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;

use super::{Cells, SHAPES, Shape};
use crate::codec;
use crate::error::Error;
use crate::lake::LakeFile;

/// The version of cubes on disk, the name of their directory: it changes with what their columns mean.
pub(super) const VERSION: &str = "cubes-2";

/// Cubes by lake file and shape.
pub(crate) struct CubeStore {
    directory: PathBuf,
    limit: usize,
    memory: Mutex<Memory>,
    /// One builder at a time: a second one would delete what the first is about to name.
    pub(super) one: tokio::sync::Mutex<()>,
    /// The version of the lake that cubes were last built for, plus one.
    built: AtomicU64,
}

#[derive(Default)]
struct Memory {
    cubes: HashMap<(String, &'static str), Kept>,
    bytes: usize,
    uses: u64,
}

struct Kept {
    /// `None`: the cube would be hardly smaller than the rows, and is not kept.
    cells: Option<Arc<Cells>>,
    used: u64,
}

/// Deletes cubes that no longer are what this version reads; what cannot be deleted only takes room.
fn delete_other_versions(cache_dir: &Path) {
    for entry in std::fs::read_dir(cache_dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_other = name.to_str().is_some_and(|name| name.starts_with("cubes-") && name != VERSION);
        if is_other && let Err(error) = std::fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, path = %entry.path().display(), "cubes of another version stay");
        }
    }
}

impl CubeStore {
    /// Cubes on disk below `cache_dir`, `limit` bytes of them in memory.
    pub(crate) fn open(cache_dir: &Path, limit: usize) -> Result<Self, Error> {
        let directory = cache_dir.join(VERSION);
        std::fs::create_dir_all(&directory).map_err(|source| Error::file(&directory, source))?;
        delete_other_versions(cache_dir);
        Ok(Self {
            directory,
            limit,
            memory: Mutex::default(),
            one: tokio::sync::Mutex::default(),
            built: AtomicU64::new(0),
        })
    }

    /// Whether `version` of the lake is still to be looked at; it counts as looked at from now on.
    pub(crate) fn begin(&self, version: u64) -> bool {
        self.built.swap(version + 1, Ordering::AcqRel) != version + 1
    }

    /// The cube of `file`: `None` if it has not been built, `Some(None)` if there is none worth having.
    pub(crate) fn get(&self, file: &LakeFile, shape: &'static Shape) -> Option<Option<Arc<Cells>>> {
        let key = (file.path.clone(), shape.name);
        {
            let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            memory.uses += 1;
            let used = memory.uses;
            if let Some(kept) = memory.cubes.get_mut(&key) {
                kept.used = used;
                return Some(kept.cells.clone());
            }
        }
        let bytes = std::fs::read(self.path(file, shape)).ok()?;
        let cells = if bytes.is_empty() { None } else { Some(Arc::new(decode(shape, &bytes)?)) };
        self.keep(key, cells.clone());
        Some(cells)
    }

    /// Whether the cube was built, without reading it.
    pub(crate) fn has(&self, file: &LakeFile, shape: &'static Shape) -> bool {
        self.path(file, shape).exists()
    }

    /// Stores a cube, or that there is none worth having.
    pub(crate) fn put(&self, file: &LakeFile, shape: &'static Shape, sums: Option<&RecordBatch>) -> Result<(), Error> {
        let bytes = sums.map(codec::to_ipc).transpose()?.unwrap_or_default();
        let path = self.path(file, shape);
        let partial = path.with_extension("partial");
        std::fs::write(&partial, bytes).map_err(|source| Error::file(&partial, source))?;
        std::fs::rename(&partial, &path).map_err(|source| Error::file(&path, source))?;
        let cells = sums.map(|sums| Cells::new(shape, sums)).transpose()?;
        self.keep((file.path.clone(), shape.name), cells.map(Arc::new));
        Ok(())
    }

    /// Deletes the cubes of all files but `files`.
    pub(crate) fn retain(&self, files: &[Arc<LakeFile>]) -> Result<(), Error> {
        let names: HashSet<&str> = files.iter().map(|file| name(file)).collect();
        let listing = std::fs::read_dir(&self.directory).map_err(|source| Error::file(&self.directory, source))?;
        for found in listing.flatten() {
            let path = found.path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.rsplit_once('.'));
            if stem.is_none_or(|(file, _)| !names.contains(file)) {
                std::fs::remove_file(&path).map_err(|source| Error::file(&path, source))?;
            }
        }
        let paths: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.cubes.retain(|(path, _), _| paths.contains(path.as_str()));
        memory.bytes = memory.cubes.values().filter_map(|kept| kept.cells.as_ref()).map(|cells| cells.bytes()).sum();
        Ok(())
    }

    fn keep(&self, key: (String, &'static str), cells: Option<Arc<Cells>>) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.uses += 1;
        memory.bytes += cells.as_ref().map_or(0, |cells| cells.bytes());
        let used = memory.uses;
        let before = memory.cubes.insert(key, Kept { cells, used });
        memory.bytes -= before.and_then(|kept| kept.cells).map_or(0, |cells| cells.bytes());
        while memory.bytes > self.limit {
            let oldest = memory.cubes.iter().filter(|(_, kept)| kept.cells.is_some()).min_by_key(|(_, kept)| kept.used);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { break };
            let gone = memory.cubes.remove(&oldest).and_then(|kept| kept.cells);
            memory.bytes -= gone.map_or(0, |cells| cells.bytes());
        }
    }

    /// `part-….zstd.parquet` and `hour` → `part-….hour.ipc`.
    fn path(&self, file: &LakeFile, shape: &Shape) -> PathBuf {
        self.directory.join(format!("{}.{}.ipc", name(file), shape.name))
    }
}

/// A lake file's name, which is never used twice, without its directory and endings.
fn name(file: &LakeFile) -> &str {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    name.split('.').next().unwrap_or(name)
}

/// A cube read from disk; `None` if it cannot be read, and is to be built again.
fn decode(shape: &'static Shape, bytes: &[u8]) -> Option<Cells> {
    codec::from_ipc(bytes).and_then(|sums| Cells::new(shape, &sums)).ok()
}

/// The cubes that `file` lacks in `store`.
pub(super) fn missing(store: &CubeStore, file: &LakeFile) -> Vec<&'static Shape> {
    SHAPES.iter().filter(|shape| !store.has(file, shape)).collect()
}
