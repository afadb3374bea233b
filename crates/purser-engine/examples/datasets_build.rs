//! Writes the reference datasets into a folder.
//!
//! `cargo run -p purser-engine --example datasets_build data/datasets`

use std::error::Error;
use std::fs;
use std::path::Path;

#[path = "../tests/it/dataset_build.rs"]
mod dataset_build;

#[expect(clippy::disallowed_methods, reason = "an example is a program, not the engine")]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("datasets_build FOLDER")?;
    for (name, text) in dataset_build::build() {
        fs::write(Path::new(&folder).join(name), text)?;
    }
    Ok(())
}
