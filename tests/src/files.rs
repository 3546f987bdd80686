//! Companies' grants in files, shared by processes: a test double, which dies at any of its steps on demand.
//!
//! A record is a file that is replaced whole; a lock file orders those who replace it; a lease is a lock that the
//! operating system takes back when its holder dies.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use remote_auth::Secret;
use remote_auth::companies::{
    CompanyKey, CompanyRecord, CompanyStore, Lease, LeaseFuture, LoadFuture, StoreFailed, Stored,
    Swap, SwapFuture, Version,
};
use remote_auth::secrecy::ExposeSecret as _;
use rustix::fs::{FlockOperation, flock};

/// Keeps records in a folder.
#[derive(Clone, Debug)]
pub struct FileStore {
    folder: PathBuf,
    steps: Arc<AtomicUsize>,
    die_at: usize,
}

impl FileStore {
    /// Takes the folder, and the step at which the process dies; zero is none.
    pub fn new(folder: &Path, die_at: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            steps: Arc::default(),
            die_at,
        }
    }

    /// Ends the process as `kill -9` does, if this is the step.
    pub fn step(&self) {
        if self.steps.fetch_add(1, Ordering::SeqCst) + 1 == self.die_at {
            let me = rustix::process::getpid();
            let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        }
    }

    fn path(&self, key: &CompanyKey, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", key.company()))
    }

    fn lock(&self, key: &CompanyKey, kind: &str, how: FlockOperation) -> io::Result<File> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path(key, kind))?;
        flock(&file, how)?;
        Ok(file)
    }

    fn read(&self, key: &CompanyKey) -> Result<Option<Stored>, StoreFailed> {
        let text = match fs::read_to_string(self.path(key, "record")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(StoreFailed),
        };
        let (version, text) = text.split_once('\n').ok_or(StoreFailed)?;
        let version = Version::new(version.parse().map_err(|_| StoreFailed)?);
        let record = CompanyRecord::parse(&Secret::from(text))?;
        Ok(Some(Stored::new(record, version)))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the record is written into its slot"
    )]
    fn write(&self, key: &CompanyKey, version: u64, record: &CompanyRecord) -> io::Result<()> {
        let aside = self.path(key, "aside");
        let text = record.to_secret();
        let text = format!("{version}\n{}", text.expose_secret());
        let (half, rest) = text.split_at(text.len() / 2);
        let mut file = File::create(&aside)?;
        file.write_all(half.as_bytes())?;
        self.step();
        file.write_all(rest.as_bytes())?;
        file.sync_all()?;
        self.step();
        fs::rename(aside, self.path(key, "record"))
    }

    fn replace(
        &self,
        key: &CompanyKey,
        expected: Option<Version>,
        record: &CompanyRecord,
    ) -> Result<Swap, StoreFailed> {
        let lock = self.lock(key, "lock", FlockOperation::LockExclusive);
        let _lock = lock.map_err(|_| StoreFailed)?;
        let found = self.read(key)?.map(|found| found.version);
        if found != expected {
            return Ok(Swap::Conflict);
        }
        let version = found.map_or(0, Version::number) + 1;
        self.write(key, version, record).map_err(|_| StoreFailed)?;
        Ok(Swap::Done(Version::new(version)))
    }
}

impl CompanyStore for FileStore {
    fn load<'a>(&'a self, key: &'a CompanyKey) -> LoadFuture<'a> {
        Box::pin(async {
            self.step();
            let found = self.read(key);
            self.step();
            found
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a CompanyKey,
        expected: Option<Version>,
        record: &'a CompanyRecord,
    ) -> SwapFuture<'a> {
        Box::pin(async move {
            self.step();
            let swapped = self.replace(key, expected, record);
            self.step();
            swapped
        })
    }

    fn lease<'a>(&'a self, key: &'a CompanyKey, _: Duration) -> LeaseFuture<'a> {
        Box::pin(async {
            self.step();
            let lease = self.lock(key, "lease", FlockOperation::NonBlockingLockExclusive);
            self.step();
            match lease {
                Ok(file) => Lease::Held(Box::new(file)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Lease::Busy,
                Err(_) => Lease::Unavailable,
            }
        })
    }
}
