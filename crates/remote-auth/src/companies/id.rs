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
    /// Returns the name's hash, of which every bit depends on the key and on the whole name.
    #[inline]
    pub(super) fn hash(&self, key: HashKey) -> NameHash {
        let sum = match &self.0 {
            Name::Uuid(bytes) => key.absorb(0, *bytes),
            Name::Text(text) => key.absorb_text(text.as_bytes()),
        };
        NameHash(folded(sum ^ key.0[1], SPREAD))
    }
}

/// The key of a keeper's hashes, drawn anew for each.
///
/// Whoever chooses names cannot choose them so that all meet in one place, because no hash ever leaves the process.
/// Names come from Remote besides, so a short hash is enough: two multiplications for a UUID, where the standard
/// library's is made for names that come from anybody.
#[derive(Clone, Copy)]
pub(super) struct HashKey([u64; 2]);

/// A name's hash: its upper bits choose the part, its lower ones the place within.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameHash(u64);

/// An odd number with as many ones as zeros: the golden ratio's fraction.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// Multiplies, and folds the product's halves onto one another.
fn folded(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product as u64) ^ (product >> 64) as u64
}

impl HashKey {
    pub(super) fn draw() -> Self {
        Self([(); 2].map(|()| u64::from_ne_bytes(crate::random::bytes())))
    }

    fn absorb(self, sum: u64, bytes: [u8; 16]) -> u64 {
        let bytes = u128::from_le_bytes(bytes);
        let (low, high) = (bytes as u64, (bytes >> 64) as u64);
        folded(low ^ sum ^ self.0[0], high ^ self.0[1])
    }

    fn absorb_text(self, text: &[u8]) -> u64 {
        // The length first, so that a text and the same with zeros behind it differ.
        let mut sum = text.len() as u64;
        for piece in text.chunks(16) {
            let mut bytes = [0; 16];
            bytes[..piece.len()].copy_from_slice(piece);
            sum = self.absorb(sum, bytes);
        }
        sum
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

impl NameHash {
    /// Chooses one of so many parts.
    pub(super) fn part(self, parts: usize) -> usize {
        (self.0 >> 48) as usize % parts
    }

    pub(super) fn within_part(self) -> u32 {
        self.0 as u32
    }
}

/// Where the hyphens of a UUID are.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

fn uuid(text: &str) -> Option<[u8; 16]> {
    let text: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let mut number = 0;
    for (at, &letter) in text.iter().enumerate() {
        if !HYPHENS.contains(&at) {
            number = number << 4 | u128::from(char::from(letter).to_digit(16)?);
        } else if letter != b'-' {
            return None;
        }
    }
    Some(number.to_be_bytes())
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
                let mut text = [b'-'; 36];
                let places = (0..text.len()).filter(|at| !HYPHENS.contains(at));
                let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                for (at, digit) in places.zip(digits) {
                    text[at] = b"0123456789abcdef"[usize::from(digit)];
                }
                f.write_str(std::str::from_utf8(&text).expect("hyphens and digits are ASCII"))
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
    fn a_hash_depends_on_the_key_and_on_every_byte_of_the_name() {
        let uuid = "afe4dc8d-0c4a-41fe-9fbf-62b752524bde";
        let names = [
            uuid,
            "bfe4dc8d-0c4a-41fe-9fbf-62b752524bde",
            "afe4dc8d-0c4a-41fe-9fbf-62b752524bdf",
            "",
            "\0",
            "\0\0",
            "a name of more than sixteen bytes",
            "a name of more than sixteen bytez",
            "b name of more than sixteen bytes",
        ];
        let keys = [HashKey::draw(), HashKey::draw()];
        let hashes = keys.map(|key| names.map(|name| CompanyId::from(name).hash(key).0));
        let mut all = hashes.concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 2 * names.len());
        let shouted = CompanyId::from(&*uuid.to_uppercase());
        assert_eq!(shouted.hash(keys[0]).0, hashes[0][0], "one name, one hash");
        assert!(!format!("{:?}", keys[0]).contains(|letter: char| letter.is_ascii_digit()));
    }

    #[test]
    fn names_in_a_row_are_spread_over_parts_and_within_them() {
        let key = HashKey::draw();
        let mut counts = [[0_u32; 64]; 2];
        for number in 0..6400 {
            let hash =
                CompanyId::from(format!("{number:08x}-0000-4000-8000-000000000000")).hash(key);
            counts[0][hash.part(64)] += 1;
            counts[1][hash.within_part() as usize % 64] += 1;
        }
        // A hundred each is the mean and ten the deviation.
        for count in counts.concat() {
            assert!((40..160).contains(&count), "{count}");
        }
    }

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
