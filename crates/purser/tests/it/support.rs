//! A data directory of a test's own and the binary on it.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

/// A temporary data directory.
pub(crate) struct Purser {
    dir: tempfile::TempDir,
}

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The data as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect(&self.stderr)
    }

    /// The same, if the run went well.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.stdout, self.stderr);
        self
    }
}

impl Purser {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary directory") }
    }

    /// A path in the directory beside the data.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file beside the data.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("a writable directory");
        std::fs::write(&path, text).expect("a writable directory");
        path
    }

    /// Runs `purser` with `arguments` on the data directory.
    pub(crate) fn run<A: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        run(command(self.dir.path()).arg("--data-dir").arg(self.path("data")).args(arguments))
    }
}

/// The binary in `dir`, with none of the caller's settings.
pub(crate) fn command(dir: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("purser"));
    command.current_dir(dir);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PURSER") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it to its end.
pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the binary speaks UTF-8");
    Ran { code: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// The directory of real data, or `None` with a word on stderr.
pub(crate) fn dataset(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PURSER_TEST_DATA").map(|dir| Path::new(&dir).join(name)).filter(|path| path.exists());
    if path.is_none() {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "SKIPPED: PURSER_TEST_DATA has no {name}");
    }
    path
}
