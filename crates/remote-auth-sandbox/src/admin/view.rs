//! What the live page says: pending faults, requests, grants and tokens, as tables.
//!
//! Everything that a client, a fixture or a script chose is escaped, and nothing secret is shown
//! here: the state has digests, and the ledger masks what it received.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use super::live::ACTIONS;
use crate::{
    clock::Timestamp,
    gateway::Gateway,
    iso8601,
    ledger::Entry,
    page::escape,
    refresh::RefreshTokens,
    state::{GrantId, Principal, State},
    world::{World, lock},
};

/// How many requests are shown, the latest first.
const REQUESTS_MAX: usize = 100;
/// How many grants and codes are shown, the latest first.
const GRANTS_MAX: usize = 100;

/// The main part; its buttons go to the address of the page.
pub(super) fn main(world: &World, address: &str) -> String {
    let now = world.clock.now();
    let buttons: String = ACTIONS
        .iter()
        .map(|action| {
            let (name, label) = (action.name, action.label);
            format!("<button name=\"action\" value=\"{name}\">{label}</button>\n")
        })
        .collect();
    let state = lock(&world.state);
    let grants = grants(&state, world.refresh_tokens, now);
    let tokens = tokens(world, &state, now);
    drop(state);
    format!(
        "<h1 class=\"wide\">What this sandbox was asked, and what it gave</h1>\n\
         <section aria-labelledby=\"faults\">\n<h2 id=\"faults\">Script a fault</h2>\n\
         <form class=\"actions\" method=\"post\" action=\"{address}\">\n{buttons}</form>\n\
         </section>\n<div id=\"live\">\n\
         <p class=\"soft\">The sandbox's time is {time}.</p>\n\
         {pending}<h2>Requests</h2>\n{requests}<h2>Grants</h2>\n{grants}\
         <h2>Tokens</h2>\n{tokens}</div>\n",
        address = escape(address),
        time = iso8601::format(now),
        pending = pending(world),
        requests = requests(world),
    )
}

/// A table that scrolls by itself where the window is narrow.
fn table(caption: &str, columns: &[&str], rows: &[String], none: &str) -> String {
    if rows.is_empty() {
        return format!("<p class=\"soft\">{none}</p>\n");
    }
    let mut head = String::new();
    for column in columns {
        // Writing to a `String` cannot fail.
        let _ = write!(head, "<th scope=\"col\">{column}</th>");
    }
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n\
         <table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n\
         <tbody>\n{}</tbody>\n</table>\n</div>\n",
        rows.concat(),
    )
}

fn row(cells: &[String]) -> String {
    let cells: String = cells
        .iter()
        .map(|cell| format!("<td>{cell}</td>"))
        .collect();
    format!("<tr>{cells}</tr>\n")
}

fn pending(world: &World) -> String {
    let pending = lock(&world.faults).pending();
    if pending.is_empty() {
        return String::new();
    }
    let rows: Vec<String> = pending
        .iter()
        .map(|pending| {
            let matching = serde_json::to_string(&pending.matching);
            let matching = matching.expect("a match has text members only");
            row(&[
                format!("<code>{}</code>", pending.fault.kind()),
                pending.times.to_string(),
                format!("<code>{}</code>", escape(&matching)),
            ])
        })
        .collect();
    let columns = ["fault", "requests", "which"];
    let caption = "Faults that wait for their requests, the next one first";
    format!(
        "<h2>Pending faults</h2>\n{}",
        table(caption, &columns, &rows, "")
    )
}

fn requests(world: &World) -> String {
    let ledger = lock(&world.ledger);
    let numbered = ledger.entries().enumerate().rev().take(REQUESTS_MAX);
    let latest: Vec<(usize, Entry)> = numbered
        .map(|(place, entry)| (place, Entry::from(entry)))
        .collect();
    let first = ledger.first_number();
    // What is masked is read slowly, and requests wait for this lock.
    drop(ledger);
    let rows: Vec<String> = latest
        .iter()
        .map(|(place, entry)| {
            let at = iso8601::format(Timestamp::from(entry.at));
            let (tone, status) = match entry.status {
                0 => ("bad", "lost".to_owned()),
                status @ ..400 => ("good", status.to_string()),
                status => ("bad", status.to_string()),
            };
            // The day is beside the sandbox's time above.
            let time = at.split_once('T').map_or(&*at, |(_, time)| time);
            row(&[
                format!("<code>{time}</code>"),
                format!("<span class=\"{tone}\">{status}</span>"),
                request(first + *place as u64, entry),
                format!(
                    "<code>{}</code><small>{}</small>",
                    entry.rule,
                    escape(entry.rule.sentence())
                ),
                format!("<code>{}</code>", entry.fault.unwrap_or_default()),
                entry.gateway.to_string(),
            ])
        })
        .collect();
    let columns = [
        "time",
        "status",
        "request",
        "decided by",
        "fault",
        "gateway",
    ];
    let caption = "The latest requests, newest first";
    table(caption, &columns, &rows, "Nobody has asked anything yet.")
}

/// What was asked; what was received is behind it, to be opened.
fn request(number: u64, entry: &Entry) -> String {
    let received = match &entry.received {
        Some(received) => format!("<pre>{}</pre>", escape(&received.to_string())),
        None => "<p class=\"soft\">Later requests needed its place.</p>".to_owned(),
    };
    format!(
        "<details id=\"request-{number}\"><summary>{} <code>{}</code></summary>{received}</details>",
        entry.method, entry.path,
    )
}

/// What one consent or one creation of tokens came to.
struct Grant {
    client_id: String,
    company: String,
    gateway: Gateway,
    scope: String,
    /// Time until the access token ends that lives longest.
    access: Option<Duration>,
    /// Whether it can be renewed, and for how long where that ends.
    refresh: Option<Option<Duration>>,
}

impl Grant {
    fn state(&self) -> &'static str {
        match (self.refresh, self.access) {
            (Some(_), Some(_)) => "<span class=\"good\">in use</span>",
            (Some(_), None) => "<span class=\"good\">waits for a refresh</span>",
            (None, Some(_)) => "until its access token ends",
            (None, None) => "<span class=\"bad\">ended or revoked</span>",
        }
    }

    fn row(&self) -> String {
        let renewable = match self.refresh {
            None => "no".to_owned(),
            Some(None) => "without end".to_owned(),
            Some(Some(rest)) => format!("for {}", span(rest)),
        };
        let access = self.access.map_or("none".to_owned(), span);
        cells(self, self.state(), &access, &renewable)
    }
}

fn cells(grant: &Grant, state: &str, access: &str, renewable: &str) -> String {
    row(&[
        escape(&grant.company),
        state.to_owned(),
        format!("<span class=\"life\">{access}</span>"),
        format!("<span class=\"life\">{renewable}</span>"),
        format!("<code>{}</code>", escape(&grant.scope)),
        format!("<code>{}</code>", escape(&grant.client_id)),
        grant.gateway.to_string(),
    ])
}

fn grants(state: &State, switch: RefreshTokens, now: Timestamp) -> String {
    let mut grants: BTreeMap<GrantId, Grant> = BTreeMap::new();
    let mut waiting = Vec::new();
    for (_, code) in state.codes.iter() {
        let grant = Grant {
            client_id: code.request.client_id.to_string(),
            company: code.company.name.clone(),
            gateway: code.request.gateway,
            scope: code.request.scope.to_string(),
            access: None,
            refresh: None,
        };
        match code.redeemed {
            Some(id) => drop(grants.insert(id, grant)),
            None if now < code.expires_at => {
                let rest = span(code.expires_at.since(now));
                waiting.push(cells(&grant, "code not redeemed", &rest, "no"));
            }
            None => waiting.push(cells(
                &grant,
                "<span class=\"bad\">code expired</span>",
                "none",
                "no",
            )),
        }
    }
    for (_, token) in state.refresh_tokens.iter() {
        let grant = grants.entry(token.grant).or_insert_with(|| Grant {
            client_id: token.client_id.to_string(),
            company: token.company.name.clone(),
            gateway: token.gateway,
            scope: token.scope.to_string(),
            access: None,
            refresh: None,
        });
        let rest = match switch {
            RefreshTokens::Expiring(life) => Some(token.issued_at.plus(life).since(now)),
            _ => None,
        };
        if rest != Some(Duration::ZERO) && token.rotated_at.is_none() {
            grant.refresh = Some(rest);
        }
    }
    for (_, token) in state.access_tokens.iter() {
        let rest = token.expires_at.map(|end| end.since(now));
        let rest = rest.filter(|rest| !rest.is_zero());
        if let Some(grant) = token.grant.and_then(|id| grants.get_mut(&id)) {
            grant.access = grant.access.max(rest);
        }
    }
    let given = grants.values().rev().map(Grant::row);
    let rows: Vec<String> = waiting
        .into_iter()
        .rev()
        .chain(given)
        .take(GRANTS_MAX)
        .collect();
    let columns = [
        "company",
        "state",
        "life left",
        "can be renewed",
        "scope",
        "client",
        "gateway",
    ];
    let caption = "What companies granted to clients, newest first";
    table(
        caption,
        &columns,
        &rows,
        "No company has granted anything yet.",
    )
}

/// One kind of token and what there is of it.
#[derive(Default)]
struct Kind {
    live: usize,
    ended: usize,
    /// The time until the last of them ends.
    longest: Option<Duration>,
}

fn tokens(world: &World, state: &State, now: Timestamp) -> String {
    let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
    for (_, token) in state.access_tokens.iter() {
        let name = match token.principal {
            Principal::Partner => "access token of a partner",
            Principal::Company { .. } => "access token of a company",
            Principal::Manager { .. } => "access token of a manager",
            Principal::Employee { .. } => "access token of an employee",
            Principal::Customer { .. } => "customer API token",
        };
        let kind = kinds.entry(name).or_default();
        let rest = token.expires_at.map(|end| end.since(now));
        if rest == Some(Duration::ZERO) {
            kind.ended += 1;
        } else {
            kind.live += 1;
            kind.longest = kind.longest.max(rest);
        }
    }
    kinds.entry("customer API token").or_default().live += world.customer_tokens.len();
    let refresh = kinds.entry("refresh token").or_default();
    for (_, token) in state.refresh_tokens.iter() {
        match token.rotated_at {
            None => refresh.live += 1,
            Some(_) => refresh.ended += 1,
        }
    }
    let rows: Vec<String> = kinds
        .iter()
        .map(|(name, kind)| {
            let longest = kind.longest.map_or("without end".to_owned(), span);
            let longest = if kind.live == 0 {
                "none".to_owned()
            } else {
                longest
            };
            row(&[
                (*name).to_owned(),
                kind.live.to_string(),
                kind.ended.to_string(),
                longest,
            ])
        })
        .collect();
    let columns = ["kind", "live", "expired or replaced", "longest life left"];
    table("Tokens by kind", &columns, &rows, "")
}

/// A time for people, in its two largest units.
fn span(rest: Duration) -> String {
    let seconds = rest.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3_599, "59 min 59 s"),
            (3_660, "1 h 1 min"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
