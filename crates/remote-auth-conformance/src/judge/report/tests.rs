//! Each way to read a report, judged on one small report that holds every outcome and every awkward letter.

use super::*;

fn finding(check: &'static str, outcome: Outcome, reason: Option<&str>) -> Finding {
    Finding {
        check,
        sentence: "A code is redeemed once.",
        requirements: vec![&Requirement::ALL[0]],
        outcome,
        reason: reason.map(str::to_owned),
        exchanges: vec![Exchange {
            request: "POST /token <\u{1}>".into(),
            answer: "200 & \"yes\"".into(),
        }],
        took: Duration::from_millis(12),
    }
}

fn report() -> Report {
    let findings = vec![
        finding(
            "server.code.once",
            Outcome::NotMet,
            Some("the second <answer> gave a token too"),
        ),
        finding("server.code.life", Outcome::Met, None),
        finding(
            "server.rate.limit",
            Outcome::Skipped,
            Some("it spends limits"),
        ),
        finding("server.tls", Outcome::CouldNotRun, Some("nobody answered")),
    ];
    Report::new(
        "https://a.example/?a=1&b=2",
        "2026-11-22T00:00:00Z",
        findings,
    )
}

#[test]
fn a_run_is_as_bad_as_its_worst_check() {
    use Outcome::{CouldNotRun, Met, NotMet, Skipped};
    let cases: &[(&[Outcome], Outcome)] = &[
        (&[Met, NotMet, CouldNotRun], NotMet),
        (&[Met, CouldNotRun, Skipped], CouldNotRun),
        (&[Met, Skipped], Met),
        (&[Skipped], CouldNotRun),
        (&[], CouldNotRun),
    ];
    for (outcomes, whole) in cases {
        let findings = outcomes
            .iter()
            .map(|outcome| finding("a.b", *outcome, None))
            .collect();
        assert_eq!(
            Report::new("s", "t", findings).outcome(),
            *whole,
            "{outcomes:?}"
        );
    }
}

#[test]
fn the_terminal_names_the_totals_and_what_did_not_pass() {
    let text = terminal(&report());
    assert_eq!(
        text,
        "https://a.example/?a=1&b=2: 1 met, 1 not met, 1 could not run, 1 skipped\n\
         not met       server.code.once\n              wanted: A code is redeemed once.\n              \
         seen: the second <answer> gave a token too\n\
         could not run server.tls\n              because: nobody answered\n"
    );
}

#[test]
fn junit_counts_failures_and_errors_apart_and_escapes_what_it_quotes() {
    let xml = junit(&report());
    for part in [
        "name=\"https://a.example/?a=1&amp;b=2\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\"",
        "<testcase classname=\"server.code\" name=\"server.code.life\" time=\"0.012\"/>",
        "<failure message=\"the second &lt;answer&gt; gave a token too\">wanted: A code is redeemed once.",
        "<error message=\"nobody answered\">",
        "<skipped message=\"it spends limits\"/>",
        "POST /token &lt;?&gt;",
    ] {
        assert!(xml.contains(part), "{part}\n{xml}");
    }
}

#[test]
fn json_carries_the_requirements_and_the_exchange() {
    let document: serde_json::Value = serde_json::from_str(&json(&report())).expect("JSON");
    assert_eq!(document["schema"], 1);
    assert_eq!(document["totals"]["could_not_run"], 1);
    let finding = &document["findings"][0];
    assert_eq!(finding["outcome"], "not_met");
    assert_eq!(finding["took_ms"], 12);
    assert_eq!(finding["requirements"][0]["id"], Requirement::ALL[0].id);
    assert_eq!(finding["exchanges"][0]["answer"], "200 & \"yes\"");
}

#[test]
fn the_page_stands_alone_and_runs_nothing() {
    let page = html(&report());
    for part in [
        "<h1>Conformance of https://a.example/?a=1&amp;b=2</h1>",
        "id=\"server.code.once\"",
        "it spends limits",
        "200 &amp; &quot;yes&quot;",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    for part in ["<script", "<link", "src=", "http-equiv", "<answer>"] {
        assert!(!page.contains(part), "{part}\n{page}");
    }
}
