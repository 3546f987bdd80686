//! Other people's programs in other languages, installed on demand by their own package managers.
//!
//! The versions are pinned beside the programs, in `long/foreign`.
//! What cannot be had on a machine is no failure: a notice says so, and the test ends.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// Where the programs and the pinned versions are.
const HOME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/long/foreign");

/// An interpreter with the packages that its programs need.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// Where the packages are.
    place: PathBuf,
    interpreter: PathBuf,
}

impl Foreign {
    /// Installs the Python packages that a list pins into a virtual environment of their own.
    ///
    /// `below` is cargo's directory for tests, which only they know.
    ///
    /// # Panics
    ///
    /// If the machine's disk cannot be written.
    pub async fn python(list: &str, below: &str) -> Option<Self> {
        let place = Path::new(below).join("foreign").join(list);
        let pinned = Path::new(HOME).join(list).with_extension("txt");
        let python = Self {
            interpreter: place.join("bin/python"),
            place,
        };
        let mut create = Command::new("python3");
        create.args(["-m", "venv", "--clear"]).arg(&python.place);
        let mut install = Command::new(&python.interpreter);
        install.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        install.arg("--requirement").arg(&pinned);
        python.install(&pinned, [create, install]).await
    }

    /// Installs the Node packages that the lock file pins.
    ///
    /// # Panics
    ///
    /// If the machine's disk cannot be written.
    pub async fn node(below: &str) -> Option<Self> {
        let place = Path::new(below).join("foreign/node");
        fs::create_dir_all(&place).expect("cargo's directory can be written");
        for file in ["package.json", "package-lock.json"] {
            let home = Path::new(HOME).join(file);
            fs::copy(home, place.join(file)).expect("cargo's directory can be written");
        }
        let node = Self {
            interpreter: "node".into(),
            place,
        };
        let mut version = Command::new("node");
        version.arg("--version");
        let mut install = Command::new("npm");
        install.args([
            "ci",
            "--silent",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ]);
        install.current_dir(&node.place);
        node.install(
            &Path::new(HOME).join("package-lock.json"),
            [version, install],
        )
        .await
    }

    /// Runs the commands, unless they have run for these very pins before.
    async fn install(self, pinned: &Path, commands: [Command; 2]) -> Option<Self> {
        let pins = fs::read(pinned).expect("the pinned versions are in the repository");
        let mark = self.place.join("installed");
        if fs::read(&mark).is_ok_and(|installed| installed == pins) {
            return Some(self);
        }
        for mut command in commands {
            let fault = match command.stdin(Stdio::null()).output().await {
                Ok(run) if run.status.success() => continue,
                Ok(run) => String::from_utf8_lossy(&run.stderr).into_owned(),
                Err(error) => error.to_string(),
            };
            skipped(&format!(
                "{} is not to be had: {}",
                pinned.display(),
                fault.trim()
            ));
            return None;
        }
        fs::write(mark, pins).expect("cargo's directory can be written");
        Some(self)
    }

    /// Prepares a program of `long/foreign`; requests to loopback pass by any proxy.
    ///
    /// # Panics
    ///
    /// If the machine's disk cannot be written.
    pub fn program(&self, name: &str) -> Command {
        // Node looks for packages beside the program.
        let program = self.place.join(name);
        fs::copy(Path::new(HOME).join(name), &program).expect("the program is in the repository");
        let mut command = self.command();
        command.arg(program);
        command
    }

    /// Prepares the interpreter itself; what its programs leave behind stays below cargo's directory.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.current_dir(&self.place);
        command.stdin(Stdio::null()).kill_on_drop(true);
        for variable in ["NO_PROXY", "no_proxy"] {
            command.env(variable, "127.0.0.1,localhost");
        }
        command
    }
}

/// Runs a command with bytes on its standard input.
///
/// # Panics
///
/// If it cannot be started.
pub async fn fed(mut command: Command, input: &[u8]) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    stdin.write_all(input).await.expect("the command reads");
    drop(stdin);
    child.wait_with_output().await.expect("the command ends")
}

/// Says what is not tested on this machine, past the harness that keeps the words of tests that pass.
pub fn skipped(why: &str) {
    // Nobody is left to tell where this fails.
    let _ = writeln!(io::stderr(), "skipped: {why}");
}
