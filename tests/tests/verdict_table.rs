//! Each row of the verdict table as a real answer to the program.

use remote_auth_conformance::verdict::{Asked, CONSEQUENCES, Row, rows};
use remote_auth_conformance::{Ending, RawServer, mark};
use remote_auth_tests::plant;
use remote_auth_tests::process::Program;

fn program() -> Program {
    Program::at(env!("CARGO_BIN_EXE_remote-auth-under-test"))
        .client(plant::CLIENT_ID, plant::CLIENT_SECRET)
        .env("REMOTE_REFRESH_TOKEN", plant::REFRESH_TOKEN)
        .env("REMOTE_API_TOKEN", plant::API_TOKEN)
}

/// Returns the command that asks what the row is about; none for a code, which takes a browser to get.
fn line(asked: Asked) -> Option<&'static str> {
    match asked {
        Asked::Token | Asked::ClientCredentials => Some("token --flow client-credentials"),
        Asked::RefreshToken => Some("token --flow refresh"),
        Asked::JwtBearer => Some(
            "token --flow assertion --scope timeoff:read --subject urn:remote-api:employee:employment:e-1",
        ),
        Asked::Api => Some("whoami --customer"),
        Asked::AuthorizationCode => None,
    }
}

/// Writes the answer as bytes.
fn bytes(row: &Row) -> Vec<u8> {
    let answer = row.answer();
    let mut head = format!("HTTP/1.1 {} Reason\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = answer.body.len();
    head.push_str(&format!(
        "connection: close\r\ncontent-length: {length}\r\n\r\n"
    ));
    [head.into_bytes(), answer.body].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_the_exit_code_of_its_action() {
    for row in rows() {
        let Some(line) = line(row.asked) else {
            continue;
        };
        let server = RawServer::start(bytes(row), Ending::Close).await;
        let server = server.expect("a loopback port");
        let run = program()
            .run(&format!("{line} --gateway {}", server.gateway()))
            .await;
        let consequence = CONSEQUENCES
            .iter()
            .find(|(action, ..)| *action == row.action);
        let exit = consequence
            .expect("every action of a row has its consequences")
            .3;
        let found = (run.error_code(), run.code);
        assert_eq!(found, (Some(row.code), i32::from(exit)), "{row:?}: {run:?}");
        assert_eq!(run.stdout, "", "{row:?}");
        assert_eq!(mark::find(&run.stderr), None, "{row:?}: {run:?}");
        assert_eq!(server.requests(), 1, "{row:?}: nothing is sent twice");
    }
}
