//! `remote-auth token`: one token, without a browser.

use crate::answer::{self, Beside};
use crate::args::{Flow, TokenArgs};
use crate::failure::Failure;
use crate::scope_text;
use crate::session::{self, Session};

/// Gets the token and prints it.
pub(crate) async fn run(args: &TokenArgs) -> Result<(), Failure> {
    session::only_for_assertions(!args.asserted.is_empty(), args.flow == Flow::Assertion)?;
    let environment = args.place.environment_of(args.provider)?;
    let session = Session::open(args.flow, &args.asserted, environment, &args.patience)?;
    let token = session.source.token().await?;
    let beside = Beside {
        refresh_token: session.source.refresh_token(),
        ..Beside::default()
    };
    answer::print(&token, &beside, args.json)?;
    if let Some(requested) = &args.asserted.scope {
        scope_text::tell_of_difference(&requested.parse()?, token.granted_scope());
    }
    if !args.json {
        session.warn_of_replacement();
    }
    Ok(())
}
