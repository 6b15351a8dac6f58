//! The binary embeds what `make web` builds; says so when it is not there.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build reads these at run time and need not be built again.
    if release {
        println!("cargo::rerun-if-changed=locales");
        println!("cargo::rerun-if-changed={}", dist.display());
    }
    if dist.join("app.css").exists() || (dist.is_dir() && !release) {
        return ExitCode::SUCCESS;
    }
    println!("cargo::error=style and scripts are not built yet: run `make web` first (it needs Node 20)");
    ExitCode::FAILURE
}
