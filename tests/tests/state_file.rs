//! A served sandbox that is ended and started again with its state file.

use std::fs;
use std::path::Path;

use remote_auth_tests::process::{Program, Running};
use remote_oauth_client::transport::{Timeouts, http_client};
use serde_json::Value;
use url::Url;

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
}

/// A served sandbox: where it is, and its client.
struct Served {
    running: Running,
    gateway: String,
    client: [String; 2],
}

async fn serve(line: &str) -> Served {
    let mut running = program().start(&format!("sandbox serve --auto-approve {line}"));
    let gateway = running
        .stdout_line(|line| line.starts_with("# sandbox "))
        .await;
    let mut client = [String::new(), String::new()];
    for (place, name) in ["REMOTE_CLIENT_ID", "REMOTE_CLIENT_SECRET"]
        .iter()
        .enumerate()
    {
        let begin = format!("export {name}='");
        let line = running.stdout_line(|line| line.starts_with(&begin)).await;
        client[place] = line[begin.len()..].trim_end_matches('\'').to_owned();
    }
    running.stdout_line(|line| line.contains("ADMIN_KEY")).await;
    Served {
        running,
        gateway: gateway["# sandbox ".len()..].trim().to_owned(),
        client,
    }
}

impl Served {
    async fn send(&self, path: &str, form: Option<&str>) -> (u16, String, Value) {
        let url: Url = format!("{}{path}", self.gateway)
            .parse()
            .expect("an address");
        let base: Url = self.gateway.parse().expect("an address");
        let http = http_client(&base, &Timeouts::default()).expect("an HTTP client");
        let request = match form {
            None => http.get(url),
            Some(form) => http
                .post(url)
                .basic_auth(&self.client[0], Some(&self.client[1]))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned()),
        };
        let answer = request.send().await.expect("an answer");
        let location = answer.headers().get("location");
        let location = location.map(|value| value.to_str().expect("text").to_owned());
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        let body = serde_json::from_str(&text).unwrap_or_default();
        (status, location.unwrap_or_default(), body)
    }

    async fn end(self) {
        let end = std::process::Command::new("kill")
            .arg(self.running.id().to_string())
            .status();
        assert!(end.expect("kill").success());
        assert_eq!(self.running.end().await.code, 0);
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_on_after_a_restart() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().expect("a directory");
    let state = directory.path().join("state.json");
    let fixture = directory.path().join("people.toml");
    let built_in = program().run("sandbox fixture").await.stdout;
    fs::write(&fixture, built_in.replace("Acme Demo Ltd", "Mine Ltd")).expect("written");
    let line = format!(
        "--state {} --fixture {}",
        state.display(),
        fixture.display()
    );

    let first = serve(&line).await;
    let ask = format!(
        "/auth/oauth2/authorize?client_id={}&redirect_uri=https://client.example/callback",
        first.client[0]
    );
    let (status, location, _) = first.send(&ask, None).await;
    assert_eq!(status, 302);
    let (_, code) = location.split_once("code=").expect("a code");
    let form = format!("grant_type=authorization_code&code={code}");
    let (_, _, given) = first.send("/auth/oauth2/token", Some(&form)).await;
    let refresh_token = given["refresh_token"]
        .as_str()
        .expect("a refresh token")
        .to_owned();
    first.end().await;

    let kept = fs::read_to_string(&state).expect("a state file");
    assert!(kept.contains("Mine Ltd") && !kept.contains(&refresh_token));
    let mode = fs::metadata(&state)
        .expect("a state file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let second = serve(&line).await;
    let form = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let (status, _, renewed) = second.send("/auth/oauth2/token", Some(&form)).await;
    assert_eq!(
        (status, renewed["refresh_token"].as_str()),
        (200, Some(&*refresh_token))
    );
    second.end().await;
}

async fn refused(line: &str, code: &str) {
    let run = program().run(&format!("sandbox serve {line}")).await;
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains(code), "{code}: {}", run.stderr);
}

/// A file and what it holds.
fn file(directory: &Path, text: &str) -> String {
    let path = directory.join("file");
    fs::write(&path, text).expect("written");
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faulty_file_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().expect("a directory");
    let torn = file(directory.path(), "{\"version\":1,\"canary");
    refused(&format!("--state {torn}"), "state.invalid").await;
    let left = fs::read_to_string(&torn).expect("the file");
    assert_eq!(left, "{\"version\":1,\"canary");
    let faulty = file(
        directory.path(),
        "[[client]]\nid = 'canary'\nid = 'canary'\n",
    );
    refused(&format!("--fixture {faulty}"), "fixture.invalid").await;
    refused(&format!("--fixture {faulty}.not-there"), "fixture.read").await;
}
