//! GOGOX: one grant, the credentials in a JSON body, and an answer that says when it was made.

use std::time::{SystemTime, UNIX_EPOCH};

use remote_oauth_client::gogox::{Client as WireClient, types};
use remote_oauth_client::types::TokenResponse;
use remote_oauth_client::{CreatedAt, ExpiresIn, ResponseValue};

use super::{Exchanged, date};
use crate::error::Step;
use crate::error::verdict::judge;
use crate::grant::Answer;
use crate::secret::{ClientId, ClientSecret};
use crate::token::Moment;

pub(crate) struct Dialect {
    client_id: ClientId,
    secret: ClientSecret,
}

impl Dialect {
    pub(super) fn new(client_id: &ClientId, secret: &ClientSecret) -> Self {
        Self {
            client_id: client_id.clone(),
            secret: secret.clone(),
        }
    }

    // Requirement: gogox-guide.token.again, gogox-guide.token.answer, gogox-guide.token.json-body
    // Requirement: gogox-guide.token.no-basic
    pub(super) async fn exchange(
        &self,
        http: &reqwest::Client,
        gateway: &str,
        sent: Moment,
    ) -> Exchanged {
        let request = types::TokenRequest {
            client_id: self.client_id.as_str().to_owned(),
            client_secret: self.secret.wire().clone(),
            grant_type: types::TokenRequestGrantType::ClientCredentials,
        };
        let wire = WireClient::new_with_client(gateway, http.clone());
        let answer = wire.request_token(&request).await;
        let date = date(&answer);
        let in_remotes_terms = |answer: types::TokenResponse| TokenResponse {
            access_token: answer.access_token,
            token_type: answer.token_type,
            expires_in: left(answer.expires_in, answer.created_at, sent.wall),
            error: answer.error,
            error_description: answer.error_description,
            ..TokenResponse::default()
        };
        let result = answer
            .map(|response: ResponseValue<_>| response.map(in_remotes_terms))
            .map_err(|error| error.map(Into::into));
        let step = Step::ClientCredentials;
        Exchanged {
            judged: judge(step, result).and_then(|response| Answer::judge(step, response)),
            date,
        }
    }
}

/// Returns how long a token lives that was made a while ago and handed out again.
///
/// The server's clock is believed only where that makes sense: a token from the future, or one whose life would
/// be over, says more about the clocks than about the token.
// Requirement: gogox-guide.token.age
fn left(
    expires_in: Option<ExpiresIn>,
    created_at: Option<CreatedAt>,
    now: SystemTime,
) -> Option<ExpiresIn> {
    let life_s = expires_in?.as_secs();
    let now_s = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let age_s = created_at.map_or(0, |made| now_s.saturating_sub(made.as_unix_secs()));
    let left_s = life_s.checked_sub(age_s).filter(|left_s| *left_s > 0);
    Some(ExpiresIn::from_secs(left_s.unwrap_or(life_s)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    // Requirement: gogox-guide.token.age
    #[test]
    fn a_token_that_is_handed_out_again_is_as_old_as_it_is() {
        let now_s = 1_750_000_000;
        let cases = [
            ("new", Some(7200), Some(now_s), Some(7200)),
            ("an hour old", Some(7200), Some(now_s - 3600), Some(3600)),
            ("no age given", Some(7200), None, Some(7200)),
            ("from the future", Some(7200), Some(now_s + 90), Some(7200)),
            (
                "older than its life: clocks differ",
                Some(7200),
                Some(now_s - 7200),
                Some(7200),
            ),
            ("made in 1970", Some(7200), Some(0), Some(7200)),
            (
                "beyond all numbers",
                Some(u64::MAX),
                Some(u64::MAX),
                Some(u64::MAX),
            ),
            ("no life given", None, Some(now_s - 3600), None),
        ];
        for (case, life, made, expected) in cases {
            let now = UNIX_EPOCH + Duration::from_secs(now_s);
            let made = made.map(CreatedAt::from_unix_secs);
            let found = left(life.map(ExpiresIn::from_secs), made, now).map(ExpiresIn::as_secs);
            assert_eq!(found, expected, "{case}");
        }
    }
}
