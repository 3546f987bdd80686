//! The type of every member whose text the server chooses freely.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// Holds text that the other side chose, which may quote what it was sent.
///
/// An authorization server may answer `{"error_description": "unknown code eyJ…"}`.
/// So the text is kept out of `Debug` and reaches a caller only through [`Foreign::text`].
/// Remote's second error family puts objects and lists where others put text; of those only the presence is kept.
///
/// # Units and limits
///
/// Text longer than [`Foreign::BYTES_MAX`] bytes is cut at a character boundary.
///
/// ```
/// use remote_oauth_client::Foreign;
/// let message: Foreign = serde_json::from_str(r#"{"code": "x", "message": "y"}"#)?;
/// assert_eq!(message.text(), None);
/// assert_eq!(serde_json::from_str::<Foreign>(r#""Unauthorized""#)?.text(), Some("Unauthorized"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Foreign(Option<Box<str>>);

impl Foreign {
    /// The most bytes of text that are kept.
    pub const BYTES_MAX: usize = 1024;

    /// Returns the text as the server sent it, cut; `None` where it sent something that is not text.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl From<&str> for Foreign {
    fn from(text: &str) -> Self {
        let mut end = text.len().min(Self::BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Self(Some(text[..end].into()))
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(text) => write!(f, "Foreign({} bytes)", text.len()),
            None => f.write_str("Foreign(not text)"),
        }
    }
}

impl Serialize for Foreign {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Foreign {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // From its text, because a parser of values refuses numbers out of range and halves of characters.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(serde_json::from_str::<String>(raw.get())
            .map_or(Self(None), |text| Self::from(text.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_json_shape_is_accepted_and_only_text_is_kept() {
        let cases = [
            (r#""text""#, Some("text")),
            (r#""""#, Some("")),
            (r#"{"code":"c","message":{"deep":[1]}}"#, None),
            (r#"["a","b"]"#, None),
            ("17", None),
            ("-1", None),
            ("1.5", None),
            ("true", None),
            ("null", None),
            ("1e400", None),
            (r#""half \ud800""#, None),
        ];
        for (json, text) in cases {
            let foreign: Foreign = serde_json::from_str(json).expect(json);
            assert_eq!(foreign.text(), text, "{json}");
        }
    }

    #[test]
    fn long_text_is_cut_at_a_character_boundary() {
        let foreign = Foreign::from("é".repeat(Foreign::BYTES_MAX).as_str());
        let text = foreign.text().expect("text");
        assert_eq!(text.len(), Foreign::BYTES_MAX);
        let odd = Foreign::from(format!("a{}", "é".repeat(Foreign::BYTES_MAX)).as_str());
        assert_eq!(odd.text().expect("text").len(), Foreign::BYTES_MAX - 1);
    }

    #[test]
    fn debug_tells_the_length_and_not_the_text() {
        assert_eq!(format!("{:?}", Foreign::from("canary")), "Foreign(6 bytes)");
    }
}
