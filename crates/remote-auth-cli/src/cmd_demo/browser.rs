//! The person at the browser: opens the consent page, reads the form, and presses a button.

use remote_auth::Client;
use remote_auth::secrecy::zeroize::Zeroizing;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use url::{Url, form_urlencoded};

/// A consent page that was opened.
pub(super) struct Page {
    /// The status of the page.
    pub(super) status: u16,
    /// The names of the form's fields.
    pub(super) fields: Vec<String>,
    action: Url,
    ticket: Zeroizing<String>,
}

/// An answer that sends the browser on.
pub(super) struct Redirect {
    /// The status of the answer.
    pub(super) status: u16,
    /// Where to. It carries the code.
    pub(super) callback: Zeroizing<String>,
    /// The names of the parameters in the address.
    pub(super) parameters: Vec<String>,
}

/// Opens the address; `None` if there is no page with a form.
pub(super) async fn open(client: &Client, address: &Url) -> Option<Page> {
    let answer = client.http().get(address.clone()).send().await.ok()?;
    let status = answer.status().as_u16();
    let html = Zeroizing::new(answer.text().await.ok()?);
    let action = address.join(attribute(&html, "<form ", "action")?).ok()?;
    let ticket = attribute(&html, "name=\"ticket\"", "value")?.to_owned();
    let mut fields = Vec::new();
    let form = html.split("<form ").nth(1)?.split("</form>").next()?;
    for piece in form.split("name=\"").skip(1) {
        let name = piece.split('"').next()?;
        if !fields.iter().any(|known| known == name) {
            fields.push(name.to_owned());
        }
    }
    Some(Page {
        status,
        fields,
        action,
        ticket: ticket.into(),
    })
}

/// Presses a button; `None` if that leads nowhere.
pub(super) async fn decide(client: &Client, page: &Page, decision: &str) -> Option<Redirect> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("ticket", &page.ticket)
        .append_pair("decision", decision);
    let request = client
        .http()
        .post(page.action.clone())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.finish());
    let answer = request.send().await.ok()?;
    let location = answer.headers().get(LOCATION)?.to_str().ok()?;
    let callback = Url::parse(location).ok()?;
    Some(Redirect {
        status: answer.status().as_u16(),
        parameters: callback
            .query_pairs()
            .map(|(name, _)| name.into_owned())
            .collect(),
        callback: Zeroizing::new(location.to_owned()),
    })
}

/// Returns the value of an attribute that stands after a mark.
fn attribute<'a>(html: &'a str, mark: &str, name: &str) -> Option<&'a str> {
    let rest = html.split(mark).nth(1)?;
    let rest = rest.split(&format!("{name}=\"")).nth(1)?;
    rest.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_read_after_its_mark() {
        let html =
            r#"<a value="0"><form method="post" action="/x"><input name="ticket" value="t">"#;
        assert_eq!(attribute(html, "<form ", "action"), Some("/x"));
        assert_eq!(attribute(html, "name=\"ticket\"", "value"), Some("t"));
        assert_eq!(attribute(html, "name=\"ticket\"", "action"), None);
    }
}
