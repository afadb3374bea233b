//! SQLite on a disk that is full or read-only; needs to mount a small file system, and says so where it may not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use purser_store::{Config, Error, Store};

use crate::database::skip;
use crate::inbox::append;

/// A file system of its own, unmounted when dropped.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn mount(options: &str) -> Option<Self> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().display().to_string();
        mount(&["-t", "tmpfs", "-o", options, "tmpfs", &path]).then_some(Self { dir })
    }

    fn remount(&self, options: &str) -> bool {
        mount(&["-o", &format!("remount,{options}"), &self.path().display().to_string()])
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn config(&self) -> Config {
        Config { url: None, data_dir: self.path().join("data") }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(self.path()).status().ok();
    }
}

fn mount(arguments: &[&str]) -> bool {
    Command::new("mount").args(arguments).output().is_ok_and(|output| output.status.success())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_unavailable_until_space_returns() {
    let Some(disk) = Disk::mount("size=28m") else {
        return skip("a_full_disk_is_unavailable_until_space_returns", "no file system can be mounted here");
    };
    let filler = disk.path().join("filler");
    fs::write(&filler, vec![0; 14 << 20]).expect("room for the filler");
    let store = Store::open(&disk.config()).await.expect("room for the state");
    let payload = vec![7; 200_000];
    let mut committed = 0;
    let refused = loop {
        match append(&store, &payload).await {
            Ok(head) => committed = head.seq,
            Err(error) => break error,
        }
        assert!(committed < 1_000, "the disk never fills");
    };
    let Error::Unavailable(reason) = &refused else { unreachable!("a full disk is not {refused:?}") };
    assert!(reason.starts_with("the disk is full"), "{reason}");
    assert_eq!(store.inbox().head().await.map(|head| head.seq), Ok(committed), "reads go on");
    for _ in 0..5 {
        assert!(matches!(append(&store, &payload).await, Err(Error::Unavailable(_))), "it stays full");
    }

    fs::remove_file(&filler).expect("the filler goes");
    for seq in committed + 1..committed + 10 {
        assert_eq!(append(&store, &payload).await.map(|head| head.seq), Ok(seq), "the service recovers");
    }
    drop(store);
    let again = Store::open(&disk.config()).await.expect("the state opens again");
    let seqs: Vec<i64> =
        again.inbox().read_after(0, u64::MAX).await.expect("a read").iter().map(|batch| batch.seq).collect();
    assert_eq!(seqs, (1..committed + 10).collect::<Vec<_>>(), "all that was acknowledged and nothing else");
    again.close().await.expect("an open store");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_disk_is_unavailable_until_it_is_writable() {
    let Some(disk) = Disk::mount("size=12m") else {
        return skip("a_read_only_disk_is_unavailable_until_it_is_writable", "no file system can be mounted here");
    };
    let store = Store::open(&disk.config()).await.expect("room for the state");
    append(&store, b"first").await.expect("an append");
    store.close().await.expect("an open store");
    if !disk.remount("ro") {
        return skip("a_read_only_disk_is_unavailable_until_it_is_writable", "it cannot be mounted read-only");
    }
    let refused = Store::open(&disk.config()).await.expect_err("nothing can be written");
    assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
    assert!(disk.remount("rw"), "it becomes writable again");
    let again = Store::open(&disk.config()).await.expect("the state opens again");
    assert_eq!(append(&again, b"second").await.map(|head| head.seq), Ok(2));
    again.close().await.expect("an open store");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_corrupt() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("state.db"), vec![b'x'; 10_000]).expect("a file");
    let config = Config { url: None, data_dir: dir.path().to_owned() };
    let refused = Store::open(&config).await.expect_err("it is no database");
    assert!(matches!(refused, Error::Corrupt(_)), "{refused:?}");
}

#[tokio::test]
async fn the_data_directory_is_for_its_owner_only() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let config = Config { url: None, data_dir: dir.path().join("a/b") };
    let _store = Store::open(&config).await.expect("it is created");
    let mode = fs::metadata(&config.data_dir).expect("it exists").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let mode = fs::metadata(config.data_dir.join(file)).expect("it exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(!format!("{:?}", Config { url: Some("postgres://me:secret@db/x".into()), ..config }).contains("secret"));
    let file = Config { url: None, data_dir: dir.path().join("a/b/state.db") };
    let refused = Store::open(&file).await.expect_err("a file is no directory");
    assert!(matches!(refused, Error::Unavailable(_)), "{refused:?}");
}

#[tokio::test]
async fn a_url_of_another_database_is_refused_without_showing_its_password() {
    let config = Config { url: Some("mysql://root:secret@localhost/x".to_owned()), data_dir: ".".into() };
    let refused = Store::open(&config).await.expect_err("not PostgreSQL").to_string();
    assert!(refused.contains("\"mysql\"") && !refused.contains("secret"), "{refused}");
}
