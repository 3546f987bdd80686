//! What is left when a company has ended. It stays ended, so these are the last questions.

use super::questions;
use super::talk::{IDENTITY, Talk, in_the_way};
use super::wire::Ask;
use crate::judge::{Examination, Objection, demand};

questions! {
    "server.ending.no-consent", Destructive, ["rfc9700.4.14.2.revoked-on-end"],
        "In a company that was closed nobody can consent.", no_consent;
}

async fn no_consent(mut talk: Talk<'_>) -> Examination {
    let runner = talk.server.runner()?;
    let granted = talk.company(&[]).await?;
    let ask = Ask::get(talk.api(IDENTITY).await?).bearer(&granted.access_token);
    let answer = talk.send(&ask).await?;
    let company_id = answer.text("/data/company/id");
    let company_id = company_id.ok_or_else(|| in_the_way("the token does not name its company"))?;
    let ended = runner.archive(&company_id).await;
    ended.map_err(|_| in_the_way("the company could not be ended"))?;
    let again = match talk.approved(&[]).await {
        Ok(answer) => answer.callback("code"),
        // No page to consent on is as good as a refusal by redirect.
        Err(Objection::CouldNotRun(_)) => None,
        Err(objection) => return Err(objection),
    };
    demand(again.is_none(), || "a code for a closed company".to_owned())
}
