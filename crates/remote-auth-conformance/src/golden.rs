//! Files that hold what a test has seen, for a person to review.
//!
//! `UPDATE_GOLDEN=1` writes them anew; a machine that says it is CI refuses to.

use std::fs;
use std::path::Path;

/// Compares text with a file of the repository, or writes the file if that was asked for.
///
/// How lines end does not count.
///
/// # Panics
///
/// If the two differ, or the file cannot be written.
pub fn hold(path: &Path, actual: &str) {
    if updating() {
        fs::write(path, actual).expect("the file can be written");
    }
    let held = fs::read_to_string(path).unwrap_or_default();
    assert!(
        held.replace("\r\n", "\n") == actual,
        "{} differs; if that is meant, run again with UPDATE_GOLDEN=1 and review the change.\n--- now ---\n{actual}",
        path.display()
    );
}

/// Tells whether whoever runs the tests means the files to change.
///
/// # Panics
///
/// On a machine that says it is CI.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests have no other way to be told that a change is meant"
)]
pub fn updating() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    assert!(
        !(set("UPDATE_GOLDEN") && set("CI")),
        "golden files are not updated in CI"
    );
    set("UPDATE_GOLDEN")
}
