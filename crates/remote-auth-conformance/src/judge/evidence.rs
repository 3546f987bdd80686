//! What was sent and what came back, with every secret masked before it is kept.

use serde::Serialize;

/// What stands in place of a secret.
const MASK: &str = "[masked]";

/// Members and parameters whose values are secret wherever they come from.
const SECRET_NAMES: &[&str] = &[
    "access_token",
    "refresh_token",
    "id_token",
    "client_secret",
    "client_assertion",
    "assertion",
    "code",
    "code_verifier",
    "password",
];

/// The most of a body that is kept as evidence, in bytes.
const BODY_MAX: usize = 4096;

/// One request and its answer, as a person may read them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// The request: line, headers and body as text.
    pub request: String,
    /// The answer: status, headers and body as text, or why there is none.
    pub answer: String,
}

/// Knows what must not be shown.
#[derive(Clone, Default)]
pub struct Mask {
    secrets: Vec<String>,
}

impl Mask {
    /// Remembers a text that must not be shown, as it is and percent-encoded.
    ///
    /// Texts of fewer than four bytes are not remembered: hiding each `a` of a page hides nothing.
    pub fn learn(&mut self, secret: &str) {
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for text in [secret.to_owned(), encoded] {
            if text.len() >= 4 && !self.secrets.contains(&text) {
                self.secrets.push(text);
            }
        }
        // The longest first, so that a secret inside another one does not leave its ends to be seen.
        self.secrets
            .sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// Hides what was learnt, the values of members and parameters that are secret by name, and credentials in
    /// headers.
    pub fn hide(&self, text: &str) -> String {
        let text = text
            .lines()
            .map(hide_credentials)
            .collect::<Vec<_>>()
            .join("\n");
        let text = SECRET_NAMES.iter().fold(text, |text, name| {
            let text = hide_after(&text, &format!("{name}="), |c| {
                c == '&' || c.is_whitespace() || c == '"'
            });
            hide_member(&text, name)
        });
        self.secrets
            .iter()
            .fold(text, |text, secret| text.replace(secret.as_str(), MASK))
    }
}

/// Hides what follows the scheme of an `Authorization` header, and all of a cookie.
fn hide_credentials(line: &str) -> String {
    let Some((name, value)) = line.split_once(':') else {
        return line.to_owned();
    };
    match name.to_ascii_lowercase().as_str() {
        "authorization" => {
            let scheme = value.split_whitespace().next().unwrap_or_default();
            format!("{name}: {scheme} {MASK}")
        }
        "cookie" | "set-cookie" => format!("{name}: {MASK}"),
        _ => line.to_owned(),
    }
}

/// Hides what stands between each `start` that begins a name and the next end.
fn hide_after(text: &str, start: &str, is_end: fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(start) {
        let (before, after) = rest.split_at(at + start.len());
        shown.push_str(before);
        // `error_code=` ends like `code=` and is another parameter.
        let begins = !text_ends_in_name(&rest[..at]);
        let end = after.find(is_end).unwrap_or(after.len());
        shown.push_str(if begins && end > 0 {
            MASK
        } else {
            &after[..end]
        });
        rest = &after[end..];
    }
    shown + rest
}

fn text_ends_in_name(before: &str) -> bool {
    before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Hides the text that is the value of a JSON member.
fn hide_member(text: &str, name: &str) -> String {
    let start = format!("\"{name}\"");
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(&start) {
        let (before, after) = rest.split_at(at + start.len());
        shown.push_str(before);
        rest = after;
        let value = after.trim_start().strip_prefix(':').map(str::trim_start);
        if let Some(value) = value.and_then(|value| value.strip_prefix('"')) {
            shown.push_str(&format!(": \"{MASK}\""));
            rest = &value[end_of_text(value)..];
        }
    }
    shown + rest
}

/// Finds where a JSON text ends, behind its closing quote, or the end of what there is.
fn end_of_text(value: &str) -> usize {
    let mut escaped = false;
    for (at, c) in value.char_indices() {
        match c {
            '"' if !escaped => return at + 1,
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    value.len()
}

/// Collects what one check sent and received.
#[derive(Default)]
pub struct Record {
    /// What must not be shown.
    pub mask: Mask,
    exchanges: Vec<Exchange>,
}

impl Record {
    /// Starts a record that hides what `mask` knows.
    pub fn new(mask: Mask) -> Self {
        Self {
            mask,
            exchanges: Vec::new(),
        }
    }

    /// Keeps one exchange, masked and cut.
    pub fn keep(&mut self, request: &str, answer: &str) {
        self.exchanges.push(Exchange {
            request: self.mask.hide(&cut(request)),
            answer: self.mask.hide(&cut(answer)),
        });
    }

    /// Returns what was kept. What was learnt after an exchange is masked in it too.
    pub fn into_exchanges(self) -> Vec<Exchange> {
        let hide = |text: &str| self.mask.hide(text);
        self.exchanges
            .iter()
            .map(|exchange| Exchange {
                request: hide(&exchange.request),
                answer: hide(&exchange.answer),
            })
            .collect()
    }
}

fn cut(text: &str) -> String {
    if text.len() <= BODY_MAX {
        return text.to_owned();
    }
    let end = (0..=BODY_MAX)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    format!("{}\n[… {} more bytes]", &text[..end], text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_by_name_or_by_place_is_masked() {
        let cases = [
            (
                "Authorization: Basic aWQ6c2VjcmV0",
                "Authorization: Basic [masked]",
            ),
            ("Set-Cookie: session=abc; HttpOnly", "Set-Cookie: [masked]"),
            (
                "authorization: Bearer abc.def",
                "authorization: Bearer [masked]",
            ),
            (
                "grant_type=refresh_token&refresh_token=abc",
                "grant_type=refresh_token&refresh_token=[masked]",
            ),
            (
                "error_code=7&code=abc&state=x",
                "error_code=7&code=[masked]&state=x",
            ),
            (
                "{\"access_token\":\"a\\\"b\",\"n\":1}",
                "{\"access_token\": \"[masked]\",\"n\":1}",
            ),
            (
                "{\"refresh_token\" : \"never closed",
                "{\"refresh_token\": \"[masked]\"",
            ),
            ("{\"refresh_token\": null}", "{\"refresh_token\": null}"),
            (
                "location: https://a.example/cb?code=abc&state=1",
                "location: https://a.example/cb?code=[masked]&state=1",
            ),
        ];
        for (text, shown) in cases {
            assert_eq!(Mask::default().hide(text), shown);
        }
    }

    #[test]
    fn what_was_learnt_is_masked_wherever_it_stands() {
        let mut mask = Mask::default();
        mask.learn("s3cret");
        mask.learn("s3cret+more");
        mask.learn("a");
        assert_eq!(
            mask.hide("a s3cret+more, s3cret, s3cret%2Bmore"),
            "a [masked], [masked], [masked]"
        );
    }

    #[test]
    fn a_secret_learnt_late_is_masked_in_what_was_kept_before() {
        let mut record = Record::default();
        record.keep("GET /", "200\n\nhello s3cret");
        record.mask.learn("s3cret");
        assert_eq!(record.into_exchanges()[0].answer, "200\n\nhello [masked]");
    }

    #[test]
    fn a_long_body_is_cut_between_letters() {
        let mut record = Record::default();
        record.keep("GET /", &"ü".repeat(BODY_MAX));
        let answer = &record.into_exchanges()[0].answer;
        assert!(
            answer.ends_with(&format!("[… {BODY_MAX} more bytes]")),
            "{answer}"
        );
    }
}
