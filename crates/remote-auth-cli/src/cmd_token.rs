//! `remote-auth token`: one token, without a browser.

use remote_auth::secrecy::ExposeSecret;
use remote_auth::{
    AssertionScope, CachedTokenSource, Client, ClientSecret, CompanyGrant, Environment,
    RefreshToken, Subject,
};
use remote_oauth_client::Secret;

use crate::answer::{self, Beside};
use crate::args::{Flow, Patience, TokenArgs};
use crate::env;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;

/// Gets the token and prints it.
pub(crate) async fn run(args: &TokenArgs) -> Result<(), Failure> {
    if args.flow != Flow::Assertion && (args.subject.is_some() || args.scope.is_some()) {
        let message = "use the flow: --subject and --scope belong to assertions only";
        return Err(Failure::new(Exit::Usage, "usage.flow", message)
            .hint("use --flow assertion, or leave both out"));
    }
    let environment = args.place.environment()?;
    match args.flow {
        Flow::ClientCredentials => {
            let source = client(environment, &args.patience)?.client_credentials();
            finish(&source, args.json).await
        }
        Flow::Assertion => {
            let subject = Subject::parse(args.subject.as_deref().unwrap_or_default())?;
            let scope: AssertionScope = args.scope.as_deref().unwrap_or_default().parse()?;
            let client = client(environment, &args.patience)?;
            finish(&client.assertion(subject).scope(scope), args.json).await
        }
        Flow::Refresh => refresh(environment, args).await,
    }
}

/// Makes the client from the credentials in the environment.
pub(crate) fn client(environment: Environment, patience: &Patience) -> Result<Client, Failure> {
    let client_id = env::credential(&env::CLIENT_ID)?;
    let client_secret = env::credential(&env::CLIENT_SECRET)?;
    let builder = Client::builder(environment)
        .credentials(&**client_id, ClientSecret::from(&**client_secret))
        .timeout(patience.timeout());
    Ok(builder.build()?)
}

async fn refresh(environment: Environment, args: &TokenArgs) -> Result<(), Failure> {
    let client = client(environment.clone(), &args.patience)?;
    let sent = RefreshToken::from(&**env::credential(&env::REFRESH_TOKEN)?);
    let client_id = client.client_id().clone();
    let source = client.company(CompanyGrant::restore(environment, client_id, sent.clone())?);
    finish(&source, args.json).await?;
    let replaced = source
        .refresh_token()
        .is_some_and(|kept| !same(&kept, &sent));
    if replaced && !args.json {
        render::tell(
            "warning: the server replaced the refresh token, and the old one may be dead\n  \
             next: use --json with this server, and keep the refresh token that it shows",
        );
    }
    Ok(())
}

async fn finish(source: &CachedTokenSource, json: bool) -> Result<(), Failure> {
    let token = source.token().await?;
    let beside = Beside {
        refresh_token: source.refresh_token(),
        ..Beside::default()
    };
    answer::print(&token, &beside, json)
}

#[expect(
    clippy::disallowed_methods,
    reason = "only a comparison tells whether the server replaced the token"
)]
fn same(one: &RefreshToken, other: &RefreshToken) -> bool {
    Secret::from(one.expose_secret()).same_as(&Secret::from(other.expose_secret()))
}
