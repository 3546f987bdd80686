//! The state file of a served sandbox: read at the start, written after changes and at the end.
//!
//! The invariant: a file that could not be written whole never takes the place of one that was, and
//! nobody but the user can read it.

use std::convert::Infallible;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use remote_auth::secrecy::ExposeSecret;
use remote_auth::secrecy::zeroize::Zeroizing;
use remote_auth_sandbox::{Sandbox, Snapshot};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// How long a change may be unwritten.
const PERIOD: Duration = Duration::from_secs(1);

pub(super) struct StateFile<'a> {
    path: &'a Path,
    /// Beside the file, so that both are on one file system.
    beside: PathBuf,
}

impl<'a> StateFile<'a> {
    pub(super) fn at(path: &'a Path) -> Self {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        Self {
            path,
            beside: beside.into(),
        }
    }

    /// Reads what was kept, if anything was; a faulty file is left as it is.
    pub(super) fn read(&self) -> Result<Option<Snapshot>, Failure> {
        let text = match fs::read_to_string(self.path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let message = format!("read the state file: {}", error.kind());
                return Err(Failure::new(Exit::Configuration, "state.read", message));
            }
        };
        Snapshot::parse(&text).map(Some).map_err(|error| {
            Failure::new(Exit::Configuration, "state.invalid", error.to_string())
                .hint("name another file, or move this one away to begin anew")
        })
    }

    /// Puts a snapshot in place of the one before.
    pub(super) fn write(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        self.replace(snapshot).map_err(|error| {
            let message = format!("write the state file: {}", error.kind());
            Failure::new(Exit::Configuration, "state.write", message)
                .hint("its directory must exist and be writable")
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the user asked for a file of the sandbox's state, which has its secrets"
    )]
    fn replace(&self, snapshot: &Snapshot) -> io::Result<()> {
        // What a run that was killed left behind may be readable to others.
        match fs::remove_file(&self.beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = create(&self.beside)?;
        file.write_all(snapshot.to_json().expose_secret().as_bytes())?;
        file.sync_all()?;
        fs::rename(&self.beside, self.path)
    }

    /// Writes whenever something has changed, for as long as it is polled.
    pub(super) async fn keep(&self, sandbox: &Sandbox) -> Infallible {
        let mut written = sandbox.snapshot();
        let mut ticks = tokio::time::interval(PERIOD);
        loop {
            ticks.tick().await;
            let snapshot = sandbox.snapshot();
            if snapshot.same_as(&written) {
                continue;
            }
            if self.write(&snapshot).is_err() {
                render::tell("The state file could not be written; it is tried again.");
                continue;
            }
            written = snapshot;
        }
    }
}

/// Creates a file that nobody else may read.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
