//! Magic links: a company's token makes one for a person of that company, and a browser opens it
//! once.
//!
//! Remote states neither how long a link lives nor how often it opens.
//! Here it opens once and until its person or company loses access, which is this sandbox's own
//! rule.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::{Asked, wire};
use crate::{
    page,
    parameters::Parameters,
    platform::wire::Refused,
    rule::Rule,
    state::{Digest, MagicLink},
    wire::Answer,
    world::Desk,
};

/// Where a link is opened.
pub(crate) const MAGIC_LINK_PATH: &str = "/magic-link";

/// Where a person arrives when the request does not say.
const PATH_DEFAULT: &str = "/dashboard";

/// The published description's limit; an older guide has 255.
const PATH_BYTES_MAX: usize = 2_000;

/// `POST …/magic-link`.
pub(super) fn create(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Answer, Refused> {
    let body = asked.object()?;
    let rules = &desk.world.rules;
    let invalid = |field| move |rule| Refused::field(rule, field);
    let company = Arc::clone(asked.company()?);
    let (field, id) = match person(&body) {
        Ok(person) => person,
        Err(field) => rules
            .find(Rule::MagicLinkPerson, None, || {
                Some(first_person(&body).unwrap_or(("user_id", &company.manager.id)))
            })
            .map_err(invalid(field))?,
    };
    let path = body.get("path").map_or(Some(PATH_DEFAULT), Value::as_str);
    let good_path = path.filter(|path| is_good_path(path));
    let path = rules
        .find(Rule::MagicLinkPath, good_path, || path)
        .map_err(invalid("path"))?;
    let employment = if field == "employment_id" {
        let own = company.employment(id);
        let active = own.filter(|own| !desk.state.directory.is_deactivated(own));
        active.map(|own| Some(Arc::clone(own)))
    } else {
        (company.manager.id == id).then_some(None)
    };
    let employment = rules
        .find(Rule::MagicLinkPersonKnown, employment, || Some(None))
        .map_err(invalid(field))?;

    let ticket = desk.world.entropy.opaque();
    let gateway_url = desk.world.gateway_url(desk.gateway);
    let url = format!("{gateway_url}{MAGIC_LINK_PATH}?token={ticket}");
    let link = MagicLink {
        gateway: desk.gateway,
        company,
        employment,
        path: path.to_owned(),
    };
    desk.state.magic_links.put(Digest::of(&ticket), link);
    let body = wire::magic_link(url);
    Ok(Answer::json(Rule::MagicLinkMade, StatusCode::OK, &body).unstored())
}

/// `GET /magic-link`: the page on which a person would be signed in.
pub(crate) fn open(mut desk: Desk<'_>, query: &str) -> Answer {
    let (gateway, opens_once) = (desk.gateway, desk.world.rules.keep(Rule::MagicLinkOnce));
    let sent = Parameters::parse(query.as_bytes()).ok();
    let ticket = sent.as_ref().and_then(|sent| sent.get("token"));
    let key = ticket.map(Digest::of).filter(|key| {
        let link = desk.state.magic_links.get(*key);
        link.is_some_and(|link| link.gateway == gateway || !opens_once)
    });
    let link = key.and_then(|key| {
        if opens_once {
            desk.state.magic_links.take(key)
        } else {
            desk.state.magic_links.get(key).cloned()
        }
    });
    let Some(link) = link else {
        let fault = "This link was already opened, has ended, or was not made here.";
        return page::fault(Rule::MagicLinkOnce, fault);
    };
    let person = match &link.employment {
        Some(employment) => &employment.owner,
        None => &link.company.manager,
    };
    let main = format!(
        "<h1>Signed in</h1>\n<p>{person} of {company} would now be at <code>{path}</code>.</p>\n",
        person = page::escape(&person.name),
        company = page::escape(&link.company.name),
        path = page::escape(&link.path),
    );
    page::page(
        Rule::MagicLinkOpened,
        StatusCode::OK,
        "Magic link",
        &main,
        "'none'",
    )
}

/// The members that may say for whom a link is.
const PERSONS: [&str; 2] = ["user_id", "employment_id"];

/// Reads for whom the link is: exactly one of two members, with nothing but `path` beside it.
///
/// Otherwise names the member that is wrong.
fn person(body: &Map<String, Value>) -> Result<(&'static str, &str), &'static str> {
    let known = |name: &str| name == "path" || PERSONS.contains(&name);
    if body.keys().any(|name| !known(name)) {
        // A name that the caller chose is not repeated.
        return Err("body");
    }
    let mut sent = PERSONS
        .into_iter()
        .filter_map(|name| Some((name, body.get(name)?)));
    let (Some((name, id)), None) = (sent.next(), sent.next()) else {
        return Err("user_id");
    };
    id.as_str().map(|id| (name, id)).ok_or(name)
}

/// Reads the first person that a body names, whatever else stands there.
fn first_person(body: &Map<String, Value>) -> Option<(&'static str, &str)> {
    let named = |name| Some((name, body.get(name)?.as_str()?));
    PERSONS.into_iter().find_map(named)
}

/// Judges where a person wants to arrive: segments of letters, digits, `_` and `-`, and perhaps a
/// query of percent-encoded pairs.
fn is_good_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let (segments, query) = match path.split_once('?') {
        Some((segments, query)) => (segments, Some(query)),
        None => (path, None),
    };
    let good_segments = segments.strip_prefix('/').is_some_and(|segments| {
        segments
            .split('/')
            .all(|segment| !segment.is_empty() && segment.bytes().all(plain))
    });
    let good_pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        !key.is_empty() && is_encoded(key) && is_encoded(value)
    };
    path.len() <= PATH_BYTES_MAX
        && good_segments
        && query.is_none_or(|query| query.split('&').all(good_pair))
}

/// Tells whether a key or value has only plain characters and well-formed percent-encoded ones.
fn is_encoded(text: &str) -> bool {
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let good = match byte {
            b'%' => {
                let mut digit = || rest.next().is_some_and(|byte| byte.is_ascii_hexdigit());
                digit() && digit()
            }
            other => other.is_ascii_alphanumeric() || other == b'_' || other == b'-',
        };
        if !good {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_good_as_the_published_description_says() {
        let longest = format!("/{}", "a".repeat(PATH_BYTES_MAX - 1));
        let too_long = format!("{longest}a");
        for (path, good) in [
            ("/dashboard", true),
            ("/dashboard/people/new/full_time", true),
            ("/dashboard?key=value&foo=bar", true),
            ("/dashboard?key", true),
            ("/dashboard?key=", true),
            ("/d-1/e_2?filters%5B0%5D=a%20b", true),
            (&longest, true),
            (&too_long, false),
            ("", false),
            ("/", false),
            ("dashboard", false),
            ("//dashboard", false),
            ("/dashboard//people", false),
            ("/dashboard/", false),
            ("/?key=value", false),
            ("/dash.board", false),
            ("/dashboard:1", false),
            ("/dash%20board", false),
            ("/dashboard?", false),
            ("/dashboard?=value", false),
            ("/dashboard?a=b&", false),
            ("/dashboard?a=b=c", false),
            ("/dashboard?key%1=value", false),
            ("/dashboard?key=%g0", false),
            ("/dashboard?key=a b", false),
            ("/dashboard#x", false),
            ("/\u{e9}", false),
        ] {
            assert_eq!(is_good_path(path), good, "{path}");
        }
    }
}
