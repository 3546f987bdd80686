//! Request parameters from a query or a form, read strictly.
//!
//! Deliberately unlike a browser's reader: what is not well encoded is refused, not repaired,
//! because a client that sends it has a fault that its author wants to see.
//! The values may be secrets, so this type has no `Debug` and its error holds nothing of them.

/// How many parameters one request may carry.
const PARAMETERS_MAX: usize = 64;

/// The decoded parameters of one request, in order.
pub(crate) struct Parameters(Vec<(String, String)>);

/// The text is not `application/x-www-form-urlencoded`, or has too many parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Parameters {
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Malformed> {
        let mut pairs = Vec::new();
        for pair in text
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            if pairs.len() == PARAMETERS_MAX {
                return Err(Malformed);
            }
            let (name, value) = match pair.iter().position(|&byte| byte == b'=') {
                Some(equals) => (&pair[..equals], &pair[equals + 1..]),
                None => (pair, &[][..]),
            };
            pairs.push((decode(name)?, decode(value)?));
        }
        Ok(Self(pairs))
    }

    /// Reads what can be decoded and passes over the rest, as only a sandbox with a broken rule does.
    pub(crate) fn forgiving(text: &[u8]) -> Self {
        let pairs = text.split(|&byte| byte == b'&');
        let read = pairs.filter_map(|pair| Self::parse(pair).ok());
        Self(read.flat_map(|one| one.0).take(PARAMETERS_MAX).collect())
    }

    /// The value of a parameter; one sent without a value counts as not sent.
    ///
    /// See <https://www.rfc-editor.org/rfc/rfc6749#section-3.1>.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self
            .0
            .iter()
            .find(|(sent, _)| sent == name)
            .map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// Names and values in the order in which they were sent.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// Tells whether this parameter was sent more than once.
    pub(crate) fn repeats(&self, name: &str) -> bool {
        self.0.iter().filter(|(sent, _)| sent == name).count() > 1
    }

    /// Tells whether any parameter at all was sent more than once.
    pub(crate) fn repeats_any(&self) -> bool {
        self.0.iter().any(|(name, _)| self.repeats(name))
    }
}

/// Decodes one name or value: `+` is a space, `%` begins two hexadecimal digits, the rest is UTF-8.
pub(crate) fn decode(text: &[u8]) -> Result<String, Malformed> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || (rest.next()? as char).to_digit(16);
                let (high, low) = (digit().ok_or(Malformed)?, digit().ok_or(Malformed)?);
                u8::try_from(high * 16 + low).expect("two hexadecimal digits fit a byte")
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_encoded_is_read_and_the_rest_is_refused() {
        let cases: [(&[u8], Option<&str>); 9] = [
            (b"a=b", Some("b")),
            (b"x=1&a=b%20c+d%C3%A9", Some("b c d\u{e9}")),
            (b"&&a=b&", Some("b")),
            (b"a=b=c", Some("b=c")),
            (b"%61=b", Some("b")),
            (b"a=%", None),
            (b"a=%4", None),
            (b"a=%zz", None),
            (b"a=%ff", None),
        ];
        for (text, value) in cases {
            let read = Parameters::parse(text).ok();
            assert_eq!(
                read.as_ref().and_then(|read| read.get("a")),
                value,
                "{}",
                text.escape_ascii()
            );
            assert_eq!(read.is_some(), value.is_some(), "{}", text.escape_ascii());
        }
    }

    // Requirement: rfc6749.3.1.empty-is-omitted
    #[test]
    fn a_parameter_without_a_value_counts_as_not_sent_but_still_repeats() {
        let read = Parameters::parse(b"a=&a&b").unwrap();
        assert_eq!((read.get("a"), read.get("b")), (None, None));
        assert!(read.repeats("a") && !read.repeats("b") && read.repeats_any());
    }

    #[test]
    fn the_number_of_parameters_is_bounded() {
        let many = |count: usize| vec!["a=1"; count].join("&");
        assert!(Parameters::parse(many(PARAMETERS_MAX).as_bytes()).is_ok());
        assert!(Parameters::parse(many(PARAMETERS_MAX + 1).as_bytes()).is_err());
    }
}
