//! The embedded sandbox as a server to be judged: everything that a judge can be granted, and its time moved by hand.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use remote_auth_sandbox::{
    Gateway, GogoxSandbox, ManualClock, RefreshTokens, Registration, Rule, Sandbox,
};
use remote_oauth_client::Secret;

use super::subject::{Credentials, Operator, Promise, Server};

/// The second client, which a sandbox does not have by itself.
const SECOND_CLIENT: (&str, &str) = ("second-client", "a-second-secret-for-loopback-only");

impl Server {
    /// Starts an embedded sandbox, with these rules broken on purpose, as a server that every check can be put to.
    ///
    /// It ends when the server is dropped.
    /// Both providers run on loopback, and their time stands still until a check moves it.
    ///
    /// # Errors
    ///
    /// Fails when the system gives no loopback port.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> std::io::Result<()> {
    /// use remote_auth_conformance::judge::server::{Server, checks};
    /// use remote_auth_conformance::judge::{Finding, Outcome, Selection, run};
    /// use remote_auth_sandbox::Rule;
    ///
    /// let server = Server::embedded(&[Rule::CodeSingleUse]).await?;
    /// let chosen = Selection { ids: vec!["server.code.single-use".to_owned()], ..Selection::default() };
    /// let progress = &mut |_: &Finding, _, _| {};
    /// let findings = run(&server, &checks(), &chosen, &server.mask(), progress).await;
    /// assert_eq!(findings[0].outcome, Outcome::NotMet);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn embedded(broken: &[Rule]) -> io::Result<Self> {
        Self::embedded_with(&[], broken).await
    }

    /// Starts the same with switches on, so that the server keeps these promises but for what is broken.
    ///
    /// Of rotation and a refresh token's life the last one counts, because a sandbox has one of them at most.
    ///
    /// # Errors
    ///
    /// Fails when the system gives no loopback port.
    pub async fn embedded_with(promises: &[Promise], broken: &[Rule]) -> io::Result<Self> {
        let clock = ManualClock::default();
        let (mut first, mut second) = (Sandbox::builder(), GogoxSandbox::builder());
        for promise in promises {
            first = match *promise {
                Promise::Pkce => first.require_pkce(true),
                Promise::Rotation => first.refresh_tokens(RefreshTokens::Rotating),
                Promise::RefreshTokenLife(life) => {
                    first.refresh_tokens(RefreshTokens::Expiring(life))
                }
            };
        }
        for &rule in broken {
            if rule.id().starts_with("gogox.") {
                second = second.danger_broken(rule);
            } else {
                first = first.danger_broken(rule);
            }
        }
        let other = Credentials::new(SECOND_CLIENT.0, Secret::from(SECOND_CLIENT.1));
        let registration = Registration::new(&other.id, other.secret.clone());
        let first = first.register(registration).manual_clock(&clock).start();
        let (first, second) = (first.await?, second.manual_clock(&clock).start().await?);
        let server = Self::of(first, second, clock, other)?;
        let promises = promises.iter().copied();
        Ok(promises.fold(server, Self::promises))
    }

    fn of(
        first: Sandbox,
        second: GogoxSandbox,
        clock: ManualClock,
        other: Credentials,
    ) -> io::Result<Self> {
        let manager = first.fixture().manager_user_id();
        let subject = format!("urn:remote-api:company-manager:user:{manager}");
        let employment = first.fixture().employment_id();
        let employee = format!("urn:remote-api:employee:employment:{employment}");
        let client = Credentials::new(first.client_id(), first.client_secret().clone());
        let second_client = Credentials::new(second.client_id(), second.client_secret().clone());
        let home = first.gateway_url(Gateway::Sandbox);
        let server = Self::new(home, client)
            .and_then(|server| server.other_gateway(first.gateway_url(Gateway::Production)))
            .and_then(|server| server.gogox(second.url(), second_client));
        let server = server
            .map_err(io::Error::other)?
            .consents(true)
            .other_client(other)
            .subject(subject)
            .employee(employee)
            .customer_token(first.customer_api_token(Gateway::Sandbox).clone())
            .foreign_company(first.fixture().unmanaged_company_id());
        Ok(server.operator(Box::new(Embedded {
            clock,
            first,
            _second: second,
        })))
    }
}

/// Whoever runs the embedded sandbox, which lives as long as this.
struct Embedded {
    clock: ManualClock,
    first: Sandbox,
    _second: GogoxSandbox,
}

impl Operator for Embedded {
    fn now(&self) -> SystemTime {
        self.clock.now()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    fn archive<'a>(
        &'a self,
        company_id: &'a str,
    ) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>> {
        Box::pin(async move { self.first.archive(company_id).await.map(drop) })
    }
}
