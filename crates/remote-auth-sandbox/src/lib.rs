//! An embedded authorization server that behaves as Remote's documents say Remote behaves.
//!
//! It listens on loopback only, keeps everything in memory, and is **not for production**: it is
//! the opponent that a client is tested against, and a place to try an integration without an
//! account.
//!
//! # What is here
//!
//! * Three gateways at once ([`Gateway`]), each on a port of its own. A token works only where it
//!   was issued.
//! * `GET /auth/oauth2/authorize` with a consent page, or with [`Builder::auto_approve`] an
//!   immediate code.
//! * `POST /auth/oauth2/token` for client credentials, authorization codes, refresh tokens and
//!   assertions.
//! * The platform operations that authentication touches, under `/v1`, `/eor/v1` and
//!   `/api/eor/v1`: who a token is, employments, managers and companies to list, companies to
//!   create with their tokens, `create-token`, magic links and webhook callbacks.
//!   Each judges the kind of token and its scope.
//! * [`Sandbox::offboard`], [`archive`](Sandbox::archive) and
//!   [`deactivate`](Sandbox::deactivate), which end access and deliver signed webhooks.
//! * [`GogoxSandbox`], the JSON token endpoint of the second provider on an address of its own.
//! * A [ledger](Sandbox::ledger) of every request as it was received, masked, with the [`Rule`] that
//!   decided it, and a [`ManualClock`].
//! * [Faults](Fault) that are scripted for the requests to come, in code or over the
//!   [admin API](#the-admin-api).
//! * Switches for what Remote does not do and others may: [`RefreshTokens`],
//!   [`Builder::require_pkce`], [`Sandbox::rotate_client_secret`].
//! * A broken form of every rule ([`danger`]), so that a judge of servers can be shown to say no.
//!
//! * People, companies and clients of one's own ([`Fixture`], written in TOML), and a [`Snapshot`]
//!   from which another sandbox goes on.
//! * A [live page](Sandbox::page_url) in the browser: requests, grants, tokens, and buttons for the
//!   common faults.
//!
//! The rules stand one by one with their sources in `RULES.md` beside this crate's manifest.
//!
//! # In a Rust test
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use remote_auth_sandbox::{Gateway, Sandbox};
//! let sandbox = Sandbox::builder().auto_approve(true).start().await?;
//! let gateway = sandbox.gateway_url(Gateway::Sandbox); // point the client under test here
//! sandbox.next_token_request().drop_after_commit();
//! // … run it with `sandbox.client_id()` and `sandbox.client_secret()`, and then:
//! assert!(sandbox.ledger().iter().all(|entry| entry.status < 400));
//! # let _ = gateway;
//! # Ok(())
//! # }
//! ```
//!
//! # From another language
//!
//! Start `remote-auth sandbox serve`, read the `export` lines of its standard output as environment
//! variables, and script it over the [admin API](#the-admin-api):
//!
//! ```sh
//! remote-auth sandbox serve --port 4000 --auto-approve > sandbox.env &
//! until grep -q ADMIN_KEY sandbox.env; do sleep 0.1; done
//! . ./sandbox.env    # REMOTE_CLIENT_ID, REMOTE_CLIENT_SECRET, REMOTE_SANDBOX_ADMIN_URL, …
//! ```
//!
//! # In continuous integration
//!
//! The same three lines before the tests: it is one program, without a container, a database or a
//! certificate, and it ends with the job.
//! `--fixture` gives it the people that the tests expect, and port 0, the default, keeps jobs on one
//! machine apart.
//!
//! # What is not
//!
//! It shares wire types with `remote-oauth-client` and nothing with `remote-auth`: the rules about
//! codes, assertions, scopes and lifetimes are written here a second time, so that each side can
//! prove the other wrong.
//! Integration settings that Remote keeps per client, such as whether it may make magic links, are
//! all on.
//! There is no TLS, and no storage but the text of a [`Snapshot`].
//! Every rule is stated by a provider's document or an RFC, but for those whose
//! [source](Rule::source) says that they are our own, inferred or for safety.
//!
//! # Faults
//!
//! A request meets the oldest pending fault that fits it, and one at most.
//! A [`GogoxSandbox`] is scripted in the same words, but has no refresh tokens to rotate.
//!
//! | fault | the client sees | state |
//! |---|---|---|
//! | [`refuse`](Script::refuse) | an error of RFC 6749 section 5.2 | as before |
//! | [`refuse_with_message`](Script::refuse_with_message) | an error of the platform | as before |
//! | [`answer`](Script::answer) | any status, media type and body | as before |
//! | [`rate_limit`](Script::rate_limit) | 429 with the three headers | as before |
//! | [`drop_before_commit`](Script::drop_before_commit), [`ResetBeforeCommit`](Fault::ResetBeforeCommit) | a closed or reset connection | as before |
//! | [`drop_after_commit`](Script::drop_after_commit), [`ResetAfterCommit`](Fault::ResetAfterCommit) | a closed or reset connection | changed |
//! | [`delay`](Script::delay) | the answer, late | changed |
//! | [`truncate`](Script::truncate) | a part of the promised body | changed |
//! | [`media_type`](Script::media_type) | a body called something else | changed |
//! | [`Oversize`](Fault::Oversize) | a body filled up with blanks | changed |
//! | [`Drip`](Fault::Drip) | a body in small pieces with pauses | changed |
//! | [`SkewDate`](Fault::SkewDate) | a `Date` that is wrong | changed |
//! | [`rotate_refresh_token`](Script::rotate_refresh_token) | a new refresh token, once | changed |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use remote_auth_sandbox::{Match, Sandbox};
//!
//! let sandbox = Sandbox::start().await?;
//! sandbox.next_token_request().refuse(400, "invalid_grant");
//! sandbox.on(Match::any().path("/v1/employments")).times(3).drop_before_commit();
//! // … let the client under test ask four times, and then:
//! # sandbox.clear_faults();
//! assert_eq!(sandbox.pending_faults(), []);
//! # Ok(())
//! # }
//! ```
//!
//! # The admin API
//!
//! What the handle does, for tests in another language and for people.
//! It is served at [`Sandbox::admin_url`], a loopback port of its own, and wants the key of
//! [`Sandbox::admin_key`] in every request, as `Authorization: Bearer` or as `x-sandbox-key`.
//! Bodies are JSON objects of at most 64 KiB.
//!
//! | request | body | does |
//! |---|---|---|
//! | `POST /faults` | a [`Pending`] fault | scripts it behind the others; 422 beyond its limits |
//! | `GET /faults` | | lists the pending ones |
//! | `DELETE /faults` | | forgets them |
//! | `GET /ledger` | | lists the requests as they were received, masked, each with its rule and its fault |
//! | `POST /clock/advance` | `{"by_ms": 3600000}` | moves the time forward |
//! | `POST /client-secret/rotate` | `{"client_id": "…", "grace_ms": 60000}`, both optional | answers with the new `client_secret` |
//! | `POST /reset` | | as [`Sandbox::reset`] |
//!
//! [`GogoxSandbox::admin_url`] has the same but for the rotation.
//! On the port of [`Sandbox::admin_url`], [`Sandbox::page_url`] is the live page, whose address is
//! its key, and `/` asks a browser for the key of the admin API.
//!
//! ```sh
//! curl "$REMOTE_SANDBOX_ADMIN_URL/faults" -H "x-sandbox-key: $REMOTE_SANDBOX_ADMIN_KEY" \
//!   -d '{"fault": {"kind": "drop_after_commit"}, "match": {"grant_type": "refresh_token"}}'
//! ```
//!
//! # The invariant
//!
//! No code, token, client secret or assertion is shown in a log, an error, a `Debug`, the admin API
//! or on the live page, nor are the links that sign people in or the keys that sign webhooks.
//! The state has none of them as text, but for what the handle keeps as redacted
//! [`Secret`](remote_oauth_client::Secret) values to hand them out: the secrets of the clients, the
//! customer API tokens and the key of the admin API with the address of its live page.
//! The ledger keeps the latest requests in memory as they came and masks whatever it shows; only
//! [`Received::danger_unmasked`] opens one, in code.
//! Nothing is sent anywhere but to loopback.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use remote_auth_sandbox::{Gateway, Rule, Sandbox};
//! use remote_oauth_client::{BasicEncoding, Client, ClientAuth, transport, types::TokenRequest};
//!
//! let sandbox = Sandbox::start().await?;
//! let gateway = sandbox.gateway_url(Gateway::Sandbox).parse()?;
//! let http = transport::http_client(&gateway, &transport::Timeouts::default())?;
//! let auth = ClientAuth::basic(sandbox.client_id(), sandbox.client_secret(), BasicEncoding::Raw);
//! let client = Client::new_with_client(sandbox.gateway_url(Gateway::Sandbox), http, auth);
//!
//! let request =
//!     TokenRequest::ClientCredentials { client_id: None, client_secret: None, scope: None };
//! let answer = client.request_token(&request).await?.into_inner();
//! assert_eq!(answer.token_type.as_deref(), Some("Bearer"));
//! assert_eq!(sandbox.ledger()[0].rule, Rule::ClientCredentialsIssued);
//! # Ok(())
//! # }
//! ```
//!
//! # From another language
//!
//! `remote-auth sandbox serve` prints the addresses and the credentials of a sandbox that any program may ask.
//! With the address of a gateway in `GATEWAY`, by curl:
//!
//! ```sh
//! curl -s -u "$REMOTE_CLIENT_ID:$REMOTE_CLIENT_SECRET" -d grant_type=client_credentials "$GATEWAY/auth/oauth2/token"
//! ```
//!
//! and by Authlib in Python, which has to be told that plain HTTP to loopback is meant:
//!
//! ```python
//! os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
//! partner = OAuth2Session(client_id, client_secret)
//! partner.fetch_token(f"{gateway}/auth/oauth2/token", grant_type="client_credentials")
//! print(partner.get(f"{gateway}/v1/companies").json())
//! ```

mod admin;
mod authorize;
mod builder;
mod clock;
mod consent;
pub mod danger;
mod delivery;
mod directory;
mod door;
mod entropy;
mod fault;
mod fixture;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod gateway;
mod gogox;
mod http;
mod iso8601;
mod keys;
mod ledger;
mod meddling;
mod operation;
mod page;
mod parameters;
mod pkce;
mod platform;
mod rate;
mod redirect;
mod refresh;
mod registration;
mod rule;
mod sandbox;
mod scope;
mod script;
mod server;
mod snapshot;
mod staged;
mod state;
mod token;
mod webhook;
mod wire;
mod world;

pub use builder::Builder;
pub use clock::ManualClock;
pub use delivery::{Delivery, DeliveryOutcome};
pub use fault::Fault;
pub use fixture::{Fixture, FixtureError};
pub use gateway::Gateway;
pub use gogox::{GogoxBuilder, GogoxEntry, GogoxSandbox};
pub use ledger::{Entry, Received, Unmasked};
pub use refresh::RefreshTokens;
pub use registration::Registration;
pub use rule::Rule;
pub use sandbox::Sandbox;
pub use script::{Match, Pending, Script};
pub use snapshot::{Snapshot, SnapshotError};
