//! Magic links, which sign a person in.

use serde_json::{Value, json};

use super::questions;
use super::talk::Talk;
use super::wire::{Answer, Ask};
use crate::judge::{Examination, Objection, demand};

questions! {
    "server.magic-link.one-person", Destructive, ["remote.magic-link.one-person"],
        "A magic link for nobody, or for two at once, is 422.", one_person;
    "server.magic-link.path", Destructive, ["remote.magic-link.path"],
        "A magic link that leads to another site, or beyond 2000 characters, is 422.", path;
    "server.magic-link.person-known", Destructive, ["remote.magic-link.person-known"],
        "A magic link for somebody who is not of the company is 422.", person_known;
    "server.magic-link.made", Destructive, ["remote.magic-link.answer"],
        "A magic link for a person of the company is made and shown.", made;
}

impl Talk<'_> {
    /// Asks for a link as a company that consented, with a body that may name the one who did.
    async fn magic_link(&mut self, body: impl Fn(&str) -> Value) -> Result<Answer, Objection> {
        let url = self.api("/magic-link").await?;
        let granted = self.company(&[]).await?;
        let ask = Ask::json(url, &body(granted.user_id()?));
        self.send(&ask.bearer(&granted.access_token)).await
    }
}

async fn one_person(mut talk: Talk<'_>) -> Examination {
    talk.magic_link(|_| json!({})).await?.answered(422)?;
    let two = |user: &str| json!({ "user_id": user, "employment_id": user });
    talk.magic_link(two).await?.answered(422)
}

async fn path(mut talk: Talk<'_>) -> Examination {
    let long = format!("/{}", "a".repeat(2000));
    for path in ["//attacker.example/", &long] {
        let body = |user: &str| json!({ "user_id": user, "path": path });
        talk.magic_link(body).await?.answered(422)?;
    }
    Ok(())
}

async fn person_known(mut talk: Talk<'_>) -> Examination {
    let nobody = "00000000-0000-4000-8000-000000000000";
    let body = |_: &str| json!({ "user_id": nobody });
    talk.magic_link(body).await?.answered(422)
}

async fn made(mut talk: Talk<'_>) -> Examination {
    let body = |user: &str| json!({ "user_id": user, "path": "/dashboard" });
    let answer = talk.magic_link(body).await?;
    answer.answered(200)?;
    demand(answer.text("/data/url").is_some(), || {
        "an answer without a link".to_owned()
    })
}
