//! Golden files: what the program shows, held in `golden/`.
//!
//! `UPDATE_GOLDEN=1 cargo test -p remote-auth-tests` writes them anew.

use std::path::Path;

use remote_auth_conformance::golden;

/// Compares text with a golden file, or writes the file if that was asked for.
///
/// Blanks at the ends of lines do not count.
///
/// # Panics
///
/// If the two differ.
pub fn check(name: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name);
    let lines: Vec<&str> = actual.lines().map(str::trim_end).collect();
    let actual = lines.join("\n") + "\n";
    golden::hold(&path, &actual);
}

/// Replaces what differs from run to run: ports of loopback addresses, the key of the live
/// page, and whatever stands in single quotes.
pub fn scrub(text: &str) -> String {
    let mut scrubbed = String::new();
    for (index, part) in text.split("http://127.0.0.1:").enumerate() {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if index > 0 {
            scrubbed.push_str("http://127.0.0.1:PORT");
        }
        scrubbed.push_str(if index > 0 { rest } else { part });
    }
    // What follows is the key of the live page.
    if let Some((before, key)) = scrubbed.split_once("/page/") {
        let rest = key.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        scrubbed = format!("{before}/page/SCRUBBED{rest}");
    }
    let quoted = scrubbed.split('\'').enumerate();
    let parts: Vec<&str> = quoted
        .map(|(index, part)| if index % 2 == 1 { "SCRUBBED" } else { part })
        .collect();
    parts.join("'")
}
