//! Each check holds for the tree and fails for its own reason.

use std::fs;
use std::path::Path;

use super::*;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in the root")
}

#[test]
fn everything_below_spec_is_what_it_claims_to_be() {
    run(root(), &Arguments {}).expect("`cargo xtask spec verify` passes");
}

/// Runs the checks on a copy of `spec/` in which one file is changed.
fn failing(path: &str, edit: impl Fn(String) -> String) -> Vec<(&'static str, String)> {
    let copy = tempfile::tempdir().expect("a folder for the copy");
    let mut files = Vec::new();
    list(root(), "spec", &mut files).expect("the folder is readable");
    for file in &files {
        let target = copy.path().join(file);
        fs::create_dir_all(target.parent().expect("a file lies in a folder"))
            .expect("the folder is made");
        fs::copy(root().join(file), target).expect("the file is copied");
    }
    let target = copy.path().join(path);
    let text = fs::read_to_string(&target).unwrap_or_default();
    let edited = edit(text.clone());
    assert_ne!(edited, text, "the edit of {path} changes something");
    fs::create_dir_all(target.parent().expect("a file lies in a folder"))
        .expect("the folder is made");
    fs::write(&target, edited).expect("the file is written");
    let checks = checks(copy.path()).into_iter();
    checks
        .filter_map(|check| Some((check.name, format!("{:#}", check.outcome.err()?))))
        .collect()
}

const EFFECTIVE: &str = "spec/remote/effective/openapi-3.0.codegen.json";

/// An action that sets what is set already.
const UNUSED: &str = "  - description: Nothing new\n    x-evidence: [nobody]\n    target: $\n    update: { openapi: 3.1.0 }\n";

#[test]
fn each_check_fails_for_its_own_reason() {
    type Edit<'a> = Box<dyn Fn(String) -> String + 'a>;
    let replace = |from: &'static str, to: &'static str| -> Edit<'_> {
        Box::new(move |text| text.replacen(from, to, 1))
    };
    let append = |more: &'static str| -> Edit<'_> { Box::new(move |text| text + more) };
    let cases = [
        (
            UPSTREAM,
            append("\n# more\n"),
            "source page",
            "says `| sha256 | `",
        ),
        (
            SOURCE_PAGE,
            replace("| version | ", "| version | not "),
            "source page",
            "says `| version | not ",
        ),
        (
            SOURCE_PAGE,
            replace("| title |", "| name |"),
            "source page",
            "exactly one row",
        ),
        (
            CORRECTIONS,
            replace("@['/oauth2/token'] &&", "@['/no/token'] &&"),
            "overlays",
            "action 1 (Make room for the token endpoint",
        ),
        (
            CORRECTIONS,
            replace("x-evidence: [RFC 6749 section 10.4]", "x-other: [x]"),
            "overlays",
            "(Mark the refresh token of the request as a secret)",
        ),
        (CORRECTIONS, append(UNUSED), "corrections", "(Nothing new)"),
        (
            EFFECTIVE,
            append(" "),
            "effective",
            "run `cargo xtask generate`",
        ),
        (
            "spec/remote/overlays/30.yaml",
            append("x"),
            "files",
            "30.yaml",
        ),
        (
            "spec/remote/notes/old.md",
            append("x"),
            "files",
            "spec/remote/notes/old.md",
        ),
    ];
    for (path, edit, name, wanted) in cases {
        let failed = failing(path, edit);
        let holds = failed
            .iter()
            .any(|(failed, words)| *failed == name && words.contains(wanted));
        assert!(
            holds,
            "{path}\n  gives  {failed:#?}\n  wanted {name}: {wanted}"
        );
    }
}
