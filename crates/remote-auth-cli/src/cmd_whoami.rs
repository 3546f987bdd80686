//! `remote-auth whoami`: whose token, and may it do what is planned?

use remote_auth::platform::{Identity, Permission, Platform};
use remote_auth::scope::{Operation, plan};
use remote_auth::secrecy::zeroize::Zeroizing;
use remote_auth::{CustomerApiToken, Environment, Principal, RefreshToken, Scope};
use serde::Serialize;

use crate::answer;
use crate::args::{Flow, WhoamiArgs};
use crate::cmd_scopes;
use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, SCHEMA};
use crate::scope_text;
use crate::session::{self, Session};

/// Asks whose token it is, prints the answer, and fails if a planned operation lacks a scope.
pub(crate) async fn run(args: &WhoamiArgs) -> Result<(), Failure> {
    let flow = args.whose.flow;
    session::only_for_assertions(!args.asserted.is_empty(), flow == Some(Flow::Assertion))?;
    let planned = cmd_scopes::operations(&args.plan)?;
    let environment = args.api.place.environment()?;
    let (identity, replacement) = match flow {
        None => (customer(&environment, args)?.identity().await?, None),
        Some(flow) => by_flow(flow, &environment, args).await?,
    };
    let verdict = Verdict::of(&identity, &planned);
    render::print(&if args.json {
        document(&identity, &environment, &verdict, replacement.as_ref())
    } else {
        Zeroizing::new(lines(&identity, &environment, &verdict))
    })?;
    verdict.outcome()
}

async fn by_flow(
    flow: Flow,
    environment: &Environment,
    args: &WhoamiArgs,
) -> Result<(Identity, Option<RefreshToken>), Failure> {
    let patience = &args.api.patience;
    let session = Session::open(flow, &args.asserted, environment.clone(), patience)?;
    let platform = session.client.platform(session.source.clone());
    let identity = args.api.at(platform).identity().await;
    if identity.is_err() || !args.json {
        session.warn_of_replacement();
    }
    let identity = identity?;
    let identity = match &args.asserted.scope {
        Some(requested) => {
            let requested = requested.parse()?;
            scope_text::tell_of_difference(&requested, identity.granted_scope());
            identity.or_as_requested(&requested)
        }
        None => identity,
    };
    Ok((identity, session.replacement()))
}

// Requirement: remote.skill.mistake-verify-at-companies
fn customer(environment: &Environment, args: &WhoamiArgs) -> Result<Platform, Failure> {
    let token = CustomerApiToken::parse(env::credential(&env::API_TOKEN)?.as_str())?;
    let source = token.source(environment.clone())?;
    let platform = Platform::of_customer_within(source, args.api.patience.timeout())?;
    Ok(args.api.at(platform))
}

/// What the granted scope says to what is planned.
struct Verdict {
    permission: Permission,
    operations: Vec<(Operation, &'static str)>,
    /// The least scope that would do; empty where no scope helps.
    needed: Scope,
    out_of_reach: Vec<Operation>,
}

impl Verdict {
    fn of(identity: &Identity, planned: &[Operation]) -> Self {
        let judged = planned
            .iter()
            .map(|&operation| (operation, word(&identity.may(&[operation]))));
        // A customer API token has no scopes, so none is missing.
        let scoped = identity.principal() != Principal::Customer;
        let plan = plan(if scoped { planned } else { &[] }, identity.principal());
        Self {
            permission: identity.may(planned),
            operations: judged.collect(),
            needed: plan.scope,
            out_of_reach: plan.out_of_reach,
        }
    }

    fn is_asked_for(&self) -> bool {
        !self.operations.is_empty()
    }

    /// Fails if the granted scope lacks something.
    fn outcome(&self) -> Result<(), Failure> {
        let Permission::Missing { operations, .. } = &self.permission else {
            return Ok(());
        };
        let message = format!(
            "find all that is planned allowed: a scope is missing for {} of {} operations",
            operations.len(),
            self.operations.len()
        );
        let mut failure = Failure::new(Exit::ScopeMissing, "plan.scope_missing", message);
        if !self.needed.is_empty() {
            let needed = &self.needed;
            failure = failure.hint(format!("the least scope that would do is {needed}"));
        }
        Err(self
            .out_of_reach
            .iter()
            .fold(failure, |failure, operation| {
                failure.hint(format!("no scope opens {operation} to this kind of token"))
            }))
    }
}

fn word(permission: &Permission) -> &'static str {
    match permission {
        Permission::Granted => "granted",
        Permission::Missing { .. } => "missing",
        _ => "unknown",
    }
}

/// Writes what people read.
fn lines(identity: &Identity, environment: &Environment, verdict: &Verdict) -> String {
    let named = |id: Option<&str>, name: Option<&str>| {
        let parts: Vec<&str> = [id, name].into_iter().flatten().collect();
        parts.join("  ")
    };
    let at = format!("{environment}  {}", environment.gateway());
    let mut rows = vec![
        ("principal", identity.principal().to_string()),
        ("environment", at),
    ];
    if let Some(client_id) = identity.client_id() {
        rows.push(("client", client_id.to_owned()));
    }
    if let Some(integration) = identity.integration() {
        let name = integration.display_name.as_deref();
        rows.push(("integration", named(integration.name.as_deref(), name)));
    }
    if let Some(company) = identity.company() {
        rows.push((
            "company",
            named(company.id.as_deref(), company.name.as_deref()),
        ));
    }
    if let Some(user) = identity.user() {
        rows.push(("user", named(user.id.as_deref(), user.name.as_deref())));
    }
    let scope = identity.granted_scope().map(ToString::to_string);
    rows.push((
        "scope",
        scope.unwrap_or_else(|| "(not known: the server did not say)".to_owned()),
    ));
    for (operation, word) in &verdict.operations {
        rows.push(("plan", format!("{word:<7}  {operation}")));
    }
    if verdict.is_asked_for() && !verdict.needed.is_empty() {
        rows.push(("needed", verdict.needed.to_string()));
    }
    render::rows(&rows)
}

/// The document of `--json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: u8,
    principal: &'static str,
    environment: &'static str,
    gateway: &'a str,
    client_id: Option<&'a str>,
    company: Option<Company<'a>>,
    user: Option<User<'a>>,
    integration: Option<Integration<'a>>,
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Plan>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
}

#[derive(Serialize)]
struct Company<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct User<'a> {
    id: Option<&'a str>,
    name: Option<&'a str>,
    email: Option<&'a str>,
    status: Option<&'a str>,
}

#[derive(Serialize)]
struct Integration<'a> {
    name: Option<&'a str>,
    display_name: Option<&'a str>,
    contact_email: Option<&'a str>,
}

#[derive(Serialize)]
struct Plan {
    permission: &'static str,
    operations: Vec<Judged>,
    needed_scope: String,
    out_of_reach: Vec<String>,
}

#[derive(Serialize)]
struct Judged {
    operation: String,
    permission: &'static str,
}

impl From<&Verdict> for Plan {
    fn from(verdict: &Verdict) -> Self {
        let judged = |&(operation, permission): &(Operation, _)| Judged {
            operation: operation.to_string(),
            permission,
        };
        Self {
            permission: word(&verdict.permission),
            operations: verdict.operations.iter().map(judged).collect(),
            needed_scope: verdict.needed.to_string(),
            out_of_reach: cmd_scopes::names(&verdict.out_of_reach),
        }
    }
}

/// Writes what programs read, and with it the refresh token that the server put in the place of another.
fn document(
    identity: &Identity,
    environment: &Environment,
    verdict: &Verdict,
    replacement: Option<&RefreshToken>,
) -> Zeroizing<String> {
    let company = identity.company().map(|company| Company {
        id: company.id.as_deref(),
        name: company.name.as_deref(),
    });
    let user = identity.user().map(|user| User {
        id: user.id.as_deref(),
        name: user.name.as_deref(),
        email: user.email.as_deref(),
        status: user.status.as_deref(),
    });
    let integration = identity.integration().map(|integration| Integration {
        name: integration.name.as_deref(),
        display_name: integration.display_name.as_deref(),
        contact_email: integration.contact_email.as_deref(),
    });
    Zeroizing::new(render::json_line(&Document {
        schema: SCHEMA,
        principal: identity.principal().as_str(),
        environment: environment.name(),
        gateway: environment.gateway().as_str(),
        client_id: identity.client_id(),
        company,
        user,
        integration,
        scope: identity.granted_scope().map(ToString::to_string),
        plan: verdict.is_asked_for().then(|| verdict.into()),
        refresh_token: replacement.map(answer::refresh_token),
    }))
}
