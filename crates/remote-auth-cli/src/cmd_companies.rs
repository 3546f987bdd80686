//! `remote-auth companies`: what a partner does with companies.

use remote_auth::platform::{Company, NewCompany, Owner, Platform};
use remote_auth::{Clock, Principal, SystemClock};
use serde::Serialize;

use crate::answer::{self, Beside, CompanyDocument};
use crate::args::{Api, CompaniesCreateArgs, CompaniesCreateTokenArgs, CompaniesListArgs};
use crate::cmd_scopes::explained;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, SCHEMA};
use crate::scope_text;
use crate::session::Session;

#[derive(Serialize)]
struct ListDocument<'a> {
    schema: u8,
    companies: Vec<CompanyDocument<'a>>,
}

/// Prints the companies that the partner may act for.
pub(crate) async fn list(args: &CompaniesListArgs) -> Result<(), Failure> {
    let (_, platform) = partner(&args.api)?;
    let companies = platform
        .companies()
        .await
        .map_err(|error| explained(error, "GET /v1/companies", Principal::Partner, None))?;
    render::print(&if args.json {
        render::json_line(&ListDocument {
            schema: SCHEMA,
            companies: companies.iter().map(Into::into).collect(),
        })
    } else {
        companies.iter().map(line).collect()
    })
}

/// Writes identifier, status and name, parted by tabs.
fn line(company: &Company) -> String {
    let parts = [&company.id, &company.status, &company.name];
    let parts = parts.map(|part| render::shown(part.as_deref().unwrap_or_default()));
    format!("{}\n", parts.join("\t"))
}

/// Creates a company and prints its identifier, or with `--json` its tokens too.
pub(crate) async fn create(args: &CompaniesCreateArgs) -> Result<(), Failure> {
    let new = described(args)?;
    let (session, platform) = partner(&args.api)?;
    let created = platform
        .create_company(&new)
        .await
        .map_err(|error| explained(error, "POST /v1/companies", Principal::Partner, None))?;
    let id = created.company.id.clone();
    let Some(grant) = created.grant else {
        return Err(without_tokens(id.as_deref()));
    };
    let beside = Beside {
        created: Some(created.company),
        ..Beside::of(&grant)
    };
    if args.json {
        let token = session.client.company(grant).token().await?;
        return answer::print(&token, &beside, true);
    }
    let id = id.as_deref().ok_or_else(nameless)?;
    render::print(&format!("{}\n", render::shown(id)))?;
    render::tell(
        "Created. Its tokens are shown with --json only: to get others, use companies create-token.",
    );
    Ok(())
}

fn described(args: &CompaniesCreateArgs) -> Result<NewCompany, Failure> {
    let owner = Owner {
        name: args.owner_name.clone(),
        email: args.owner_email.clone(),
        terms_accepted_at: match &*args.terms_accepted_at {
            "now" => render::rfc3339(SystemClock::new().wall()),
            at => at.to_owned(),
        },
    };
    let mut new = NewCompany::new(&args.name, &args.country, &args.currency, owner);
    if let Some(id) = &args.external_id {
        new = new.external_id(id);
    }
    if let Some(scope) = &args.scope {
        new = new.with_scope(&scope_text::read(scope)?);
    }
    if args.password_email {
        new = new.send_password_email();
    }
    Ok(new)
}

fn without_tokens(id: Option<&str>) -> Failure {
    let name = render::shown(id.unwrap_or("without an identifier"));
    let message =
        format!("get the tokens of the new company {name}: it was created and came without any");
    Failure::new(Exit::Drift, "deviated.no_company_tokens", message)
        .hint("ask Remote to entitle the integration to tokens on creation")
        .hint("get them by companies create-token; do not create the company again")
}

fn nameless() -> Failure {
    let message = "name the company: it was created, and the answer has no identifier";
    Failure::new(Exit::Drift, "deviated.no_company_id", message)
        .hint("look for it in the list of companies; do not create it again")
}

/// Creates tokens for a company and prints the access token, or with `--json` all of them.
pub(crate) async fn create_token(args: &CompaniesCreateTokenArgs) -> Result<(), Failure> {
    let scope = args.scope.as_deref().map(scope_text::read).transpose()?;
    let (session, platform) = partner(&args.api)?;
    let grant = platform.create_token(&args.company, scope.as_ref()).await?;
    let beside = Beside::of(&grant);
    let token = session.client.company(grant).token().await?;
    answer::print(&token, &beside, args.json)?;
    if let Some(requested) = &scope {
        scope_text::tell_of_difference(requested, token.granted_scope());
    }
    Ok(())
}

/// Speaks to the API as the partner itself.
fn partner(api: &Api) -> Result<(Session, Platform), Failure> {
    let session = Session::partner(api.place.environment()?, &api.patience)?;
    let platform = api.at(session.client.platform(session.source.clone()));
    Ok((session, platform))
}
