//! What is done with the documents below `spec/` other than generating from them.
//!
//! [`diff`] compares two OpenAPI documents and says what callers notice, [`update`] brings in a new
//! upstream document, [`verify`] checks that everything below `spec/` is what it claims to be.
//! Nothing here generates: whatever needs the pipeline asks [`crate::generate`].
//! The invariant: a document that leaves [`read`] is small enough to work with, is OpenAPI 3.1 and
//! has no duplicate keys.

mod diff;
mod read;
mod source_page;
mod update;
mod verify;

use std::path::Path;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Compares, brings in and verifies the documents below spec
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Diff(diff::Arguments),
    Update(update::Arguments),
    Verify(verify::Arguments),
}

/// Runs the subcommand.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    match &arguments.command {
        Command::Diff(arguments) => diff::run(arguments),
        Command::Update(arguments) => update::run(root, arguments),
        Command::Verify(arguments) => verify::run(root, arguments),
    }
}

/// Makes text that a document chose fit to be shown: one line, no control characters, not long.
fn shown(text: &str) -> String {
    cleaned(text, 120)
}

/// Like [`shown`], with another limit.
pub(crate) fn cleaned(text: &str, characters_max: usize) -> String {
    let safe = |c: char| if steers(c) { '\u{fffd}' } else { c };
    let mut line: String = text.chars().take(characters_max).map(safe).collect();
    if text.chars().nth(characters_max).is_some() {
        line.push('…');
    }
    line
}

/// Whether a character does something to a terminal or to the order of the text around it.
fn steers(character: char) -> bool {
    const MARKS: [std::ops::RangeInclusive<char>; 4] = [
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2066}'..='\u{2069}',
        '\u{feff}'..='\u{feff}',
    ];
    character.is_control() || MARKS.iter().any(|range| range.contains(&character))
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_a_document_says_cannot_steer_a_terminal() {
        let cases = [
            ("plain", "plain"),
            ("a\u{1b}[2Jb\nc", "a\u{fffd}[2Jb\u{fffd}c"),
            ("a\u{202e}b", "a\u{fffd}b"),
        ];
        for (text, wanted) in cases {
            assert_eq!(shown(text), wanted);
        }
        assert_eq!(shown(&"é".repeat(500)).chars().count(), 121);
    }
}
