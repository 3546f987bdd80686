//! How things look: colour, JSON, times, and the one way to standard output.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::Serialize;

use crate::args::Color;
use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;

/// The version of every JSON document that this program prints. Members are only ever added.
pub(crate) const SCHEMA: u8 = 1;

/// Paints text, or leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    pub(crate) fn for_stdout(color: Color) -> Self {
        Self::decide(color, io::stdout().is_terminal())
    }

    pub(crate) fn for_stderr(color: Color) -> Self {
        Self::decide(color, io::stderr().is_terminal())
    }

    #[cfg(test)]
    pub(crate) fn off() -> Self {
        Self { on: false }
    }

    fn decide(color: Color, terminal: bool) -> Self {
        let on = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if env::is_set(&env::NO_COLOR) => false,
            Color::Auto => terminal || env::is_set(&env::CLICOLOR_FORCE),
        };
        Self { on }
    }

    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Writes to standard output at once.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|_| Failure::new(Exit::Other, "output.closed", "write to standard output"))
}

/// Writes a line for people to standard error, where a failure to write is nobody's loss.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes labels and values, the values below each other and safe for a terminal.
pub(crate) fn rows(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max();
    let width = width.unwrap_or_default();
    rows.iter()
        .map(|(label, value)| format!("{label:<width$}  {}\n", shown(value)))
        .collect()
}

/// Makes a text that a server chose safe for a terminal.
///
/// Letters of any script stay; whatever moves the cursor, turns the direction or cannot be seen does not.
// Requirement: rfc6749.10.14.input-escaped
pub(crate) fn shown(text: &str) -> String {
    let fits = |c: char| c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric();
    text.chars()
        .map(|c| if fits(c) { c } else { '?' })
        .collect()
}

/// Writes one JSON document with its line feed.
pub(crate) fn json_line(document: &impl Serialize) -> String {
    let mut line =
        serde_json::to_string(document).expect("documents have text keys and finite numbers");
    line.push('\n');
    line
}

/// Returns whole seconds since 1970; a time before is 0.
pub(crate) fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// Writes a time as RFC 3339 in UTC with whole seconds, such as `2026-05-22T09:30:00Z`.
///
/// <https://www.rfc-editor.org/rfc/rfc3339#section-5.6>
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes a span in its largest whole unit, such as `1 h`.
pub(crate) fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds > 0 && seconds.is_multiple_of(3_600) => format!("{} h", seconds / 3_600),
        seconds if seconds > 0 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (86_399, "1970-01-01T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_600, "2026-01-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    // Requirement: rfc6749.10.14.input-escaped
    #[test]
    fn what_a_server_chose_cannot_steer_a_terminal() {
        for (text, safe) in [
            ("Acme Demo Ltd", "Acme Demo Ltd"),
            ("José & Søn 株式会社", "José & Søn 株式会社"),
            ("a\tb\nc\r\x1b[2J\u{9b}m", "a?b?c??[2J?m"),
            ("\u{202e}gro.elpmaxe\u{2066}\u{200b}", "?gro.elpmaxe??"),
        ] {
            assert_eq!(shown(text), safe);
        }
        let table = rows(&[("a", "1".to_owned()), ("long", "2".to_owned())]);
        assert_eq!(table, "a     1\nlong  2\n");
    }

    #[test]
    fn spans_are_written_in_their_largest_whole_unit() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (300, "5 min"),
            (3600, "1 h"),
            (3599, "3599 s"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn colour_is_used_only_where_it_was_asked_for() {
        assert_eq!(Paint { on: false }.red("x"), "x");
        assert_eq!(Paint { on: true }.red("x"), "\x1b[1;31mx\x1b[0m");
        assert!(Paint::decide(Color::Always, false).on);
        assert!(!Paint::decide(Color::Never, true).on);
    }
}
