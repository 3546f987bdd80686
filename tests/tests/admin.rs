//! The admin API of a served sandbox, asked by a plain HTTP client as another language would.

use std::collections::HashMap;

use remote_auth_tests::process::{Program, Running};
use remote_oauth_client::transport::{Timeouts, http_client};
use serde_json::{Value, json};

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
}

/// A running sandbox, and what it said a shell should know.
struct Served {
    _running: Running,
    gateway: String,
    variables: HashMap<String, String>,
}

impl Served {
    async fn start(line: &str) -> Self {
        let mut running = program().start(line);
        let gateway = running
            .stdout_line(|line| line.starts_with("# sandbox "))
            .await;
        let mut variables = HashMap::new();
        while !variables.contains_key("REMOTE_SANDBOX_ADMIN_KEY") {
            let line = running
                .stdout_line(|line| line.starts_with("export "))
                .await;
            let (name, value) = line["export ".len()..].split_once('=').expect("a value");
            variables.insert(name.to_owned(), value.trim_matches('\'').to_owned());
        }
        Self {
            _running: running,
            gateway: gateway["# sandbox ".len()..].trim().to_owned(),
            variables,
        }
    }

    /// Asks the admin API and returns the status and the JSON.
    async fn admin(&self, path: &str, body: Option<&str>, key: &str) -> (u16, Value) {
        let base = &self.variables["REMOTE_SANDBOX_ADMIN_URL"];
        let url: url::Url = format!("{base}{path}").parse().expect("an address");
        let http = http_client(&url, &Timeouts::default()).expect("an HTTP client");
        let request = match body {
            None => http.get(url),
            Some(body) => http.post(url).body(body.to_owned()),
        };
        let answer = request.header("x-sandbox-key", key).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn ask(&self, path: &str, body: Option<&str>) -> (u16, Value) {
        let key = &self.variables["REMOTE_SANDBOX_ADMIN_KEY"];
        self.admin(path, body, key).await
    }

    /// Runs the program as a client that was told this secret.
    async fn token(&self, secret: &str) -> (i32, Option<String>) {
        let client = program().client(&self.variables["REMOTE_CLIENT_ID"], secret);
        let line = "token --flow client-credentials --gateway";
        let run = client.run(&format!("{line} {}", self.gateway)).await;
        (run.code, run.error_code().map(str::to_owned))
    }
}

/// What the help's example with `curl` sends.
async fn example() -> String {
    let help = program().run("sandbox serve --help").await.stdout;
    let (_, rest) = help.split_once("-d '").expect("an example");
    rest.split('\'').next().expect("a body").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_sandbox_is_scripted_from_outside() {
    let served = Served::start("sandbox serve").await;
    let secret = served.variables["REMOTE_CLIENT_SECRET"].clone();
    assert_eq!(served.admin("/ledger", None, "guessed").await.0, 401);

    let (status, scripted) = served.ask("/faults", Some(&example().await)).await;
    assert_eq!((status, &scripted["times"]), (201, &json!(2)));
    assert_eq!(
        served.ask("/faults", None).await.1,
        json!({ "faults": [scripted] })
    );
    for _ in 0..2 {
        let (code, error) = served.token(&secret).await;
        assert_ne!(code, 0, "the answer is lost");
        assert!(error.is_some_and(|code| code.starts_with("unreachable.")));
    }
    assert_eq!(served.token(&secret).await, (0, None));

    let (_, ledger) = served.ask("/ledger", None).await;
    let entries = ledger["entries"].as_array().expect("entries");
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (entry["rule"].as_str(), entry["fault"].as_str()))
        .collect();
    let issued = Some("token.client_credentials.issued");
    let lost = Some("drop_after_commit");
    assert_eq!(seen, [(issued, lost), (issued, lost), (issued, None)]);

    // What was received is told, and the secret in it is not.
    for entry in entries {
        let received = &entry["received"];
        assert_eq!(received["target"], "/auth/oauth2/token");
        assert_eq!(received["body"], "grant_type=client_credentials");
        let headers = received["headers"].to_string();
        assert!(
            headers.contains(r#"["authorization","Basic ***"#),
            "{headers}"
        );
    }
    assert!(!ledger.to_string().contains(&secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_served_sandbox_rotates_secrets_and_moves_its_time() {
    let served = Served::start("sandbox serve").await;
    let old = served.variables["REMOTE_CLIENT_SECRET"].clone();
    let rotate = Some(r#"{"grace_ms": 3600000}"#);
    let (status, rotated) = served.ask("/client-secret/rotate", rotate).await;
    assert_eq!(status, 200);
    let new = rotated["client_secret"].as_str().expect("a secret");
    assert_eq!(served.token(&old).await, (0, None));
    assert_eq!(served.token(new).await, (0, None));

    let advance = Some(r#"{"by_ms": 3600000}"#);
    assert_eq!(served.ask("/clock/advance", advance).await.0, 200);
    let refused = Some("refused.invalid_client".to_owned());
    assert_eq!(served.token(&old).await.1, refused);
    assert_eq!(served.token(new).await, (0, None));

    assert_eq!(served.ask("/reset", Some("")).await.0, 204);
    assert_eq!(served.token(new).await.1, refused);
    assert_eq!(served.token(&old).await, (0, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flags_switch_what_a_served_sandbox_does() {
    let line = "sandbox serve --auto-approve --require-pkce --refresh-tokens expiring=60";
    let served = Served::start(line).await;
    let client_id = &served.variables["REMOTE_CLIENT_ID"];
    let authorize = format!(
        "{}/auth/oauth2/authorize?client_id={client_id}&redirect_uri=https://client.example/callback",
        served.gateway
    );
    let (status, location, _) = remote_auth_tests::browser::open(&authorize).await;
    let location = location.expect("a redirect");
    assert_eq!(status, 302);
    assert!(location.contains("error=invalid_request"), "{location}");
    let (_, ledger) = served.ask("/ledger", None).await;
    assert_eq!(ledger["entries"][0]["rule"], "authorize.pkce.required");

    // The program's own login proves its code, so it passes; the refresh token ends a minute later.
    let client = program().client(client_id, &served.variables["REMOTE_CLIENT_SECRET"]);
    let login = "login --json --no-browser --redirect-uri http://127.0.0.1:0/callback --gateway";
    let mut running = client.start(&format!("{login} {}", served.gateway));
    let shown = running
        .stderr_line(|line| remote_auth_tests::browser::address_in(line).is_some())
        .await;
    let (_, back, _) = remote_auth_tests::browser::open(shown.trim()).await;
    remote_auth_tests::browser::open(&back.expect("a redirect")).await;
    let granted = running.end().await.json();
    let refresh_token = granted["refresh_token"].as_str().expect("a token");
    let client = client.env("REMOTE_REFRESH_TOKEN", refresh_token);
    let refresh = format!("token --flow refresh --gateway {}", served.gateway);
    assert_eq!(client.run(&refresh).await.code, 0);
    served
        .ask("/clock/advance", Some(r#"{"by_ms": 60000}"#))
        .await;
    let refused = client.run(&refresh).await;
    assert_eq!(refused.error_code(), Some("refused.invalid_grant"));
}
