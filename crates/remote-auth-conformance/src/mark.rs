//! Planted text, and the search for it.
//!
//! A secret that is planted with [`MARK`] inside must not be found in anything that a program prints of its own
//! accord, not even cut, and not as numbers or in Base64.

use std::error::Error;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// The text that laws plant in secrets, answers and headers. It occurs in no word of the workspace.
pub const MARK: &str = "kanarie4711xyzzy";

/// How much of the mark's beginning is enough to call it a leak.
const CUT: usize = 7;

/// Looks for the mark, and names the form in which it was found.
pub fn find(shown: &str) -> Option<&'static str> {
    let cut = &MARK[..CUT];
    let numbers = |format: fn(u8) -> String, between: &str| {
        let all: Vec<_> = cut.bytes().map(format).collect();
        all.join(between)
    };
    // Depending on where it begins, a text has one of three forms in Base64, each blurred at both ends.
    let base64 = (0..3).any(|before| {
        let encoded = STANDARD_NO_PAD.encode(format!("{}{MARK}", &"___"[..before]));
        shown.contains(&encoded[4..12])
    });
    if shown.to_ascii_lowercase().contains(cut) {
        Some("as it is")
    } else if base64 {
        Some("in Base64")
    } else if shown.contains(&numbers(|byte| byte.to_string(), ", ")) {
        Some("as decimal numbers")
    } else if shown
        .to_ascii_lowercase()
        .contains(&numbers(|byte| format!("{byte:02x}"), ""))
    {
        Some("as hexadecimal numbers")
    } else {
        None
    }
}

/// Writes down everything that an error says of itself: `Display`, both forms of `Debug`, and each source alike.
pub fn told_by(error: &(dyn Error + 'static)) -> String {
    let mut told = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(told, "{error}\n{error:?}\n{error:#?}").expect("memory takes any text");
        next = error.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_found_in_every_form() {
        let bytes = MARK.as_bytes();
        let cases = [
            (format!("x{MARK}y"), Some("as it is")),
            (MARK[..9].to_owned(), Some("as it is")),
            (MARK.to_uppercase(), Some("as it is")),
            (STANDARD_NO_PAD.encode(MARK), Some("in Base64")),
            (
                STANDARD_NO_PAD.encode(format!("a{MARK}")),
                Some("in Base64"),
            ),
            (
                STANDARD_NO_PAD.encode(format!("ab{MARK}z")),
                Some("in Base64"),
            ),
            (
                STANDARD_NO_PAD.encode(format!("abc:{MARK}")),
                Some("in Base64"),
            ),
            (format!("{bytes:?}"), Some("as decimal numbers")),
            (
                bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
                Some("as hexadecimal numbers"),
            ),
            ("[REDACTED]".to_owned(), None),
            (String::new(), None),
        ];
        for (shown, form) in cases {
            assert_eq!(find(&shown), form, "{shown}");
        }
    }

    #[test]
    fn every_error_of_a_chain_is_heard() {
        #[derive(Debug)]
        struct Outer(std::fmt::Error);
        impl std::fmt::Display for Outer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("outer")
            }
        }
        impl Error for Outer {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(&self.0)
            }
        }
        let told = told_by(&Outer(std::fmt::Error));
        for part in ["outer", "Outer(Error)", "an error occurred"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}
