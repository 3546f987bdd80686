//! What is the same for every operation of the API: kinds of token, scopes, pages, queries, bodies.

use serde_json::json;

use super::company::new_company;
use super::questions;
use super::talk::Talk;
use super::wire::Ask;
use crate::judge::Examination;

questions! {
    "server.api.kind-of-token", Gentle,
        ["remote.api.check-by-kind", "remote.skill.mistake-verify-at-companies",
        "remote.customer.not-partner", "remote.skill.mistake-customer-for-partner"],
        "A company's token is 403 where only the partner may ask, and so is a customer API token.",
        kind_of_token;
    "server.api.employee-only-own", Gentle, ["remote.api.employee-only-own"],
        "An employee's token is 403 where others are looked at.", employee_only_own;
    "server.api.partner-sees-no-company", Gentle, ["remote.api.partner-sees-no-company"],
        "The partner's own token is told that there is no company to look into.",
        partner_sees_no_company;
    "server.api.scope", Gentle,
        ["remote.error.rest-403", "remote.scope.any-suffices",
        "rfc6750.3.1.insufficient-scope-403"],
        "A token without any scope of an operation is 403.", scope;
    "server.api.paging", Gentle, ["remote.api.paging"],
        "A page or a page size that is no positive number is 422.", paging;
    "server.api.query", Destructive, ["remote.api.query"],
        "A query that is not well encoded, or has a parameter twice, is 400.", query;
    "server.api.json-only", Destructive, ["remote.api.writes-are-json"],
        "A body that does not say that it is JSON is refused.", json_only;
}

async fn kind_of_token(mut talk: Talk<'_>) -> Examination {
    let url = talk.api("/companies").await?;
    let granted = talk.company(&[]).await?;
    let customer = talk.server.customer().ok();
    for token in [granted.access_token.as_str()].into_iter().chain(customer) {
        let ask = Ask::get(&url).bearer(token);
        talk.send(&ask).await?.answered(403)?;
    }
    Ok(())
}

async fn employee_only_own(mut talk: Talk<'_>) -> Examination {
    let claims = talk.claims_about(talk.server.employee_subject()?);
    let ask = talk.assertion_request(&talk.signed(&claims));
    let token = talk.access_token(&ask).await?;
    let own = Ask::get(talk.api("/employee/current").await?).bearer(&token);
    talk.send(&own).await?.answered(200)?;
    let others = Ask::get(talk.api("/employments").await?).bearer(&token);
    talk.send(&others).await?.answered(403)
}

async fn partner_sees_no_company(mut talk: Talk<'_>) -> Examination {
    let token = talk.partner_token().await?;
    let ask = Ask::get(talk.api("/employments").await?).bearer(&token);
    talk.send(&ask).await?.answered(404)
}

async fn scope(mut talk: Talk<'_>) -> Examination {
    let url = talk.api("/company-managers").await?;
    let granted = talk.company_of_scope("payroll").await?;
    let ask = Ask::get(url).bearer(&granted.access_token);
    talk.send(&ask).await?.answered(403)
}

async fn paging(mut talk: Talk<'_>) -> Examination {
    let granted = talk.company(&[]).await?;
    for query in ["page=0", "page_size=0", "page=first"] {
        let url = talk.api(&format!("/employments?{query}")).await?;
        let ask = Ask::get(url).bearer(&granted.access_token);
        talk.send(&ask).await?.answered(422)?;
    }
    Ok(())
}

async fn query(mut talk: Talk<'_>) -> Examination {
    let token = talk.partner_token().await?;
    for query in ["async=%zz", "async=true&async=true"] {
        let url = talk.api(&format!("/companies?{query}")).await?;
        let ask = Ask::json(url, &new_company(talk.server.now()));
        talk.send(&ask.bearer(&token)).await?.answered(400)?;
    }
    Ok(())
}

async fn json_only(mut talk: Talk<'_>) -> Examination {
    let token = talk.partner_token().await?;
    let url = talk.api("/companies").await?;
    let silent = Ask::json(&url, &new_company(talk.server.now())).without("content-type");
    talk.send(&silent.bearer(&token)).await?.refused()?;
    let list = Ask::json(&url, &json!([])).bearer(&token);
    talk.send(&list).await?.refused()
}
