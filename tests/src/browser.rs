//! A browser with nobody in front of it.

use std::collections::BTreeMap;

use remote_oauth_client::transport::{Timeouts, http_client};
use url::Url;

/// How many redirects a browser follows.
const STEPS_MAX: usize = 20;

/// Finds the address that `login` prints, in a line of standard error.
pub fn address_in(line: &str) -> Option<Url> {
    let address = Url::parse(line.trim()).ok()?;
    address.path().ends_with("/authorize").then_some(address)
}

/// Opens an address and returns the status, where it redirects to, and the page.
///
/// # Panics
///
/// If nothing answers.
pub async fn open(address: &str) -> (u16, Option<String>, String) {
    let url = Url::parse(address).expect("an address");
    let base = url.join("/").expect("a base");
    let http = http_client(&base, &Timeouts::default()).expect("an HTTP client");
    let answer = http.get(url).send().await.expect("an answer");
    let status = answer.status().as_u16();
    let location = answer.headers().get("location");
    let location = location.map(|value| value.to_str().expect("text").to_owned());
    (status, location, answer.text().await.expect("a page"))
}

/// Opens an address and follows where it leads, with cookies, as far as the redirection URI.
///
/// Returns the callback, or the status of the page where the way ends.
///
/// # Errors
///
/// That status.
///
/// # Panics
///
/// If nothing answers, or the way has no end.
pub async fn follow(address: &Url, redirect_uri: &str) -> Result<String, u16> {
    let base = address.join("/").expect("a base");
    let http = http_client(&base, &Timeouts::default()).expect("an HTTP client");
    let (mut address, mut cookies) = (address.clone(), BTreeMap::new());
    for _ in 0..STEPS_MAX {
        let jar: Vec<String> = cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let request = http.get(address.clone()).header("cookie", jar.join("; "));
        let answer = request.send().await.expect("an answer");
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str().expect("text").split(';').next();
            let (name, value) = pair
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let location = answer.headers().get("location");
        let Some(location) = location.map(|value| value.to_str().expect("text")) else {
            return Err(answer.status().as_u16());
        };
        if location.starts_with(redirect_uri) {
            return Ok(location.to_owned());
        }
        address = address.join(location).expect("an address");
    }
    panic!("the way has no end: {address}");
}

/// Returns a parameter of an address.
///
/// # Panics
///
/// If it is not there.
pub fn parameter(address: &Url, name: &str) -> String {
    let mut pairs = address.query_pairs();
    let found = pairs.find(|(known, _)| known == name);
    found.expect("the parameter").1.into_owned()
}

/// Writes the callback that answers an authorization request, with the given parameters beside its state.
///
/// # Panics
///
/// If the request names no redirection URI or no state.
pub fn callback(request: &Url, more: &str) -> String {
    let redirect_uri = parameter(request, "redirect_uri");
    format!(
        "{redirect_uri}?state={}&{more}",
        parameter(request, "state")
    )
}
