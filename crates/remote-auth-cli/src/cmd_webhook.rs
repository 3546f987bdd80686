//! `remote-auth webhook verify`: is this delivery Remote's, is it fresh, and what does it say about access?

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use remote_auth::webhook::{Event, WebhookVerifier};
use serde::Serialize;

use crate::args::WebhookVerifyArgs;
use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, SCHEMA};

/// The most bytes of a body: 1 MiB.
const BODY_BYTES_MAX: u64 = 1 << 20;

/// Judges the delivery and prints what it says.
pub(crate) fn verify(args: &WebhookVerifyArgs) -> Result<(), Failure> {
    let verifier = WebhookVerifier::new(env::credential(&env::SIGNING_KEY)?.as_str())?;
    let body = body(&args.body)?;
    let event = verifier.verify(&body, &args.signature, &args.timestamp)?;
    render::print(&if args.json {
        document(&event)
    } else {
        lines(&event)
    })
}

/// Reads the body as it came: the signature is over the very bytes.
fn body(path: &Path) -> Result<Vec<u8>, Failure> {
    let fault = |what: String| {
        let message = format!("read the body: {what}");
        Failure::new(Exit::Configuration, "webhook.body", message)
            .hint("--body takes the path of a file, or - for standard input")
    };
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        read(io::stdin().lock(), &mut bytes)
    } else {
        File::open(path).and_then(|file| read(file, &mut bytes))
    };
    read.map_err(|error| fault(error.kind().to_string()))?;
    if bytes.len() as u64 > BODY_BYTES_MAX {
        return Err(fault("it is larger than 1 MiB".to_owned()));
    }
    Ok(bytes)
}

fn read(from: impl Read, bytes: &mut Vec<u8>) -> io::Result<usize> {
    from.take(BODY_BYTES_MAX + 1).read_to_end(bytes)
}

fn lines(event: &Event) -> String {
    let ends_access = if event.kind().ends_access() {
        "yes"
    } else {
        "no"
    };
    let mut rows = vec![("event", event.event_type().to_owned())];
    for (label, id) in [
        ("company", event.company_id()),
        ("user", event.member("user_id")),
        ("employment", event.member("employment_id")),
    ] {
        rows.extend(id.map(|id| (label, id.to_owned())));
    }
    rows.push(("ends access", ends_access.to_owned()));
    render::rows(&rows)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    event_type: &'a str,
    company_id: Option<&'a str>,
    user_id: Option<&'a str>,
    employment_id: Option<&'a str>,
    ends_access: bool,
}

fn document(event: &Event) -> String {
    render::json_line(&Document {
        schema: SCHEMA,
        event_type: event.event_type(),
        company_id: event.company_id(),
        user_id: event.member("user_id"),
        employment_id: event.member("employment_id"),
        ends_access: event.kind().ends_access(),
    })
}
