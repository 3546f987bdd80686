//! The fuzz targets in `fuzz/`: their seeds on every machine, and each target for a bounded time where there is a
//! nightly toolchain with cargo-fuzz.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use remote_auth_sandbox::fuzzing;
use remote_auth_tests::foreign::skipped;

/// How long each target runs, once it is built.
const TARGET_S: u64 = 60;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz");

/// What takes an input, and panics where it finds something.
type Target = fn(&[u8]);

#[test]
fn the_seeds_break_nothing() {
    let targets: [(&str, Target); 4] = [
        ("form", fuzzing::form),
        ("basic_header", fuzzing::basic_header),
        ("assertion", fuzzing::assertion),
        ("json_body", fuzzing::json_body),
    ];
    for (name, target) in targets {
        let seeds = fs::read_dir(seeds(name)).expect("the target has seeds");
        for seed in seeds {
            target(&fs::read(seed.expect("a seed").path()).expect("the seed can be read"));
        }
    }
}

#[test]
fn each_target_finds_nothing_in_bounded_time() {
    if let Err(why) =
        run(Command::new("rustup").args(["run", "nightly", "cargo", "fuzz", "--version"]))
    {
        return skipped(&format!(
            "cargo-fuzz on a nightly toolchain is not to be had: {why}"
        ));
    }
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    for name in ["callback", "form", "basic_header", "assertion", "json_body"] {
        let corpus = place.join("corpus").join(name);
        fs::create_dir_all(&corpus).expect("cargo's directory can be written");
        let mut command = Command::new("rustup");
        command.args([
            "run",
            "nightly",
            "cargo",
            "fuzz",
            "run",
            "--sanitizer",
            "none",
        ]);
        command.arg("--target-dir").arg(place.join("target"));
        command.arg(name).arg(corpus).arg(seeds(name)).arg("--");
        command.arg(format!("-max_total_time={TARGET_S}"));
        run(command.current_dir(FUZZ)).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

fn seeds(target: &str) -> PathBuf {
    Path::new(FUZZ).join("seeds").join(target)
}

/// Runs a command, and gives its words where it fails.
fn run(command: &mut Command) -> Result<(), String> {
    match command.output() {
        Ok(run) if run.status.success() => Ok(()),
        Ok(run) => Err(String::from_utf8_lossy(&run.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    }
}
