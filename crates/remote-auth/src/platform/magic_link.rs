//! Links that sign a person in.

use remote_oauth_client::platform::types::MagicLinkRequest;

use crate::error::{Error, Misuse};

/// Says whom a magic link signs in, and where it leads.
///
/// ```
/// use remote_auth::platform::MagicLink;
/// let link = MagicLink::for_user("663e0b79-c893-45ff-a1b2-f6dcabc098b5").to("/dashboard/people")?;
/// assert!(MagicLink::for_employment("e-1").to("people/").is_err());
/// # let _ = link;
/// # Ok::<(), remote_auth::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a description creates nothing"]
pub struct MagicLink {
    person: Person,
    path: Option<String>,
}

#[derive(Clone, Debug)]
enum Person {
    User(String),
    Employment(String),
}

impl MagicLink {
    /// The most bytes of a path, as Remote's description has it; an older guide says 255.
    pub const PATH_BYTES_MAX: usize = 2000;

    /// Signs in a user of the company.
    // Requirement: remote.magic-link.one-person
    pub fn for_user(user_id: impl Into<String>) -> Self {
        Self {
            person: Person::User(user_id.into()),
            path: None,
        }
    }

    /// Signs in an employee, who must have been invited.
    pub fn for_employment(employment_id: impl Into<String>) -> Self {
        Self {
            person: Person::Employment(employment_id.into()),
            path: None,
        }
    }

    /// Says where the person lands. Default `/dashboard`.
    ///
    /// # Errors
    ///
    /// [`Misuse::MagicLinkPath`] unless the path begins with `/`, has at least one segment of letters, digits, `_`
    /// and `-`, no `/` at its end, and then perhaps a query of `name=value` pairs.
    pub fn to(mut self, path: &str) -> Result<Self, Error> {
        if !is_path(path) {
            // Requirement: remote.magic-link.path
            return Err(Misuse::MagicLinkPath.into());
        }
        self.path = Some(path.to_owned());
        Ok(self)
    }

    pub(super) fn body(&self) -> MagicLinkRequest {
        let path = self.path.clone();
        match &self.person {
            Person::User(id) => MagicLinkRequest::User {
                user_id: id.clone(),
                path,
            },
            Person::Employment(id) => MagicLinkRequest::Employment {
                employment_id: id.clone(),
                path,
            },
        }
    }
}

fn is_path(text: &str) -> bool {
    let (path, query) = text
        .split_once('?')
        .map_or((text, None), |(path, query)| (path, Some(query)));
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    let segments = path
        .strip_prefix('/')
        .is_some_and(|rest| rest.split('/').all(word));
    let pairs = query.is_none_or(|query| query.split('&').all(is_pair));
    text.len() <= MagicLink::PATH_BYTES_MAX && segments && pairs
}

fn is_pair(pair: &str) -> bool {
    let encoded = |text: &str| {
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            let fits = match byte {
                b'%' => [bytes.next(), bytes.next()]
                    .iter()
                    .all(|hex| hex.is_some_and(|h| h.is_ascii_hexdigit())),
                _ => byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte),
            };
            if !fits {
                return false;
            }
        }
        true
    };
    pair.split_once('=')
        .is_some_and(|(name, value)| !name.is_empty() && encoded(name) && encoded(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Requirement: remote.magic-link.path
    #[test]
    fn only_paths_that_remote_takes_are_taken() {
        let long = format!("/{}", "a".repeat(MagicLink::PATH_BYTES_MAX));
        let cases = [
            ("/dashboard", true),
            ("/dashboard/people/new/full_time", true),
            ("/a-b_c/1?tab=active&x=%20y", true),
            ("/a?x=", true),
            ("", false),
            ("/", false),
            ("dashboard", false),
            ("/dashboard/", false),
            ("//evil.example", false),
            ("/a//b", false),
            ("/a b", false),
            ("/a.b", false),
            ("/../a", false),
            ("/a?x", false),
            ("/a?=y", false),
            ("/a?x=%2", false),
            ("/a?x=%zz", false),
            ("/a?x=y#f", false),
            ("https://evil.example/a", false),
            (&long, false),
            (&long[..MagicLink::PATH_BYTES_MAX], true),
        ];
        for (path, good) in cases {
            assert_eq!(
                MagicLink::for_user("u").to(path).is_ok(),
                good,
                "{path:.40}"
            );
        }
    }
}
