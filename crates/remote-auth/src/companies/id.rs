//! The name of a company, small where it is a UUID.

use std::fmt;

/// Names a company, as the API does.
///
/// A UUID takes sixteen bytes, however it is spelled; any other text is kept as it is.
///
/// ```
/// use remote_auth::companies::CompanyId;
/// let id = CompanyId::from("AFE4DC8D-0c4a-41fe-9fbf-62b752524bde");
/// assert_eq!(id.to_string(), "afe4dc8d-0c4a-41fe-9fbf-62b752524bde");
/// assert_eq!(CompanyId::from("acme").to_string(), "acme");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompanyId(Name);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Name {
    Uuid([u8; 16]),
    Text(Box<str>),
}

impl CompanyId {
    /// Returns a number that is spread over companies as their names are.
    pub(super) fn spread(&self) -> usize {
        match &self.0 {
            Name::Uuid(bytes) => usize::from(bytes[0] ^ bytes[15]),
            Name::Text(text) => text.bytes().map(usize::from).sum(),
        }
    }
}

/// Where the hyphens of a UUID are.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

fn uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    if text.len() != 36 || HYPHENS.iter().any(|&at| text[at] != b'-') {
        return None;
    }
    let mut digits = text.iter().enumerate();
    let mut digit = || {
        let (_, &digit) = digits.find(|(at, _)| !HYPHENS.contains(at))?;
        char::from(digit).to_digit(16)
    };
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = u8::try_from(digit()? << 4 | digit()?).ok()?;
    }
    Some(bytes)
}

impl From<&str> for CompanyId {
    fn from(text: &str) -> Self {
        Self(uuid(text).map_or_else(|| Name::Text(text.into()), Name::Uuid))
    }
}

impl From<String> for CompanyId {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Self> for CompanyId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

impl fmt::Display for CompanyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Name::Text(text) => f.write_str(text),
            Name::Uuid(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    let hyphen = if matches!(index, 4 | 6 | 8 | 10) {
                        "-"
                    } else {
                        ""
                    };
                    write!(f, "{hyphen}{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for CompanyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompanyId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_binary_and_everything_else_is_text() {
        let cases = [
            ("afe4dc8d-0c4a-41fe-9fbf-62b752524bde", true),
            ("AFE4DC8D-0C4A-41FE-9FBF-62B752524BDE", true),
            ("afe4dc8d-0c4a-41fe-9fbf-62b752524bdg", false),
            ("afe4dc8d00c4a-41fe-9fbf-62b752524bde", false),
            ("afe4dc8d-0c4a-41fe-9fbf-62b752524b", false),
            ("é", false),
            ("", false),
        ];
        for (text, binary) in cases {
            let id = CompanyId::from(text);
            assert_eq!(matches!(id.0, Name::Uuid(_)), binary, "{text}");
            let shown = if binary {
                text.to_lowercase()
            } else {
                text.to_owned()
            };
            assert_eq!(id.to_string(), shown);
        }
        assert!(size_of::<CompanyId>() <= 24);
    }
}
