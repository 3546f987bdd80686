//! Each failure once, on inputs that stand here as text.

use super::coverage::page;
use super::*;

/// One sound entry, with some of its lines replaced.
fn entry(replacements: &[(&str, &str)]) -> String {
    let mut lines = vec![
        ("id", r#""rfc1.2.one-thing""#),
        ("level", r#""MUST""#),
        ("source", r#""RFC 1""#),
        ("section", r#""2""#),
        ("binds", r#"["client", "server"]"#),
        ("text", r#""One thing is done.""#),
        ("check", r#"["unit"]"#),
    ];
    for (name, value) in replacements {
        lines.retain(|(known, _)| known != name);
        lines.push((name, value));
    }
    let present = lines.into_iter().filter(|(_, value)| !value.is_empty());
    let written = present.map(|(name, value)| format!("{name} = {value}\n"));
    format!("[[requirement]]\n{}", written.collect::<String>())
}

fn parsed(text: &str) -> Result<Catalogue> {
    Catalogue::parse([("rfc1".to_owned(), text.to_owned())])
}

fn catalogue(replacements: &[(&str, &str)]) -> Catalogue {
    parsed(&entry(replacements)).expect("the entry is sound")
}

#[test]
fn an_entry_that_is_not_sound_is_refused_with_what_is_wrong() {
    let cases = [
        (entry(&[]) + &entry(&[]), "the id is there twice"),
        (entry(&[("id", r#""rfc2.2.one""#)]), "the id is not"),
        (entry(&[("id", r#""rfc1.one""#)]), "the id is not"),
        (entry(&[("id", r#""rfc1.2.One""#)]), "the id is not"),
        (entry(&[("id", r#""rfc1.2.""#)]), "the id is not"),
        (entry(&[("level", r#""must""#)]), "unknown variant `must`"),
        (entry(&[("level", "")]), "missing field `level`"),
        (entry(&[("section", r#"" ""#)]), "the section is empty"),
        (entry(&[("source", r#""""#)]), "the source is empty"),
        (entry(&[("binds", "[]")]), "nobody is bound"),
        (entry(&[("binds", r#"["user"]"#)]), "unknown variant `user`"),
        (entry(&[("check", "[]")]), "nothing says how it is checked"),
        (entry(&[("check", r#"["hope"]"#)]), "unknown variant `hope`"),
        (entry(&[("check", r#"["review"]"#)]), "needs an exception"),
        (entry(&[("text", r#""no capital.""#)]), "is no sentence"),
        (entry(&[("text", r#""No stop""#)]), "is no sentence"),
        (
            entry(&[("text", r#""One. Two.""#)]),
            "more than one sentence",
        ),
        (entry(&[("exception", r#""because""#)]), "is no sentence"),
        (entry(&[("why", r#""Because.""#)]), "unknown field `why`"),
    ];
    for (text, expected) in cases {
        let error = parsed(&text).expect_err(expected).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    parsed(&entry(&[])).expect("the entry is sound");
}

/// Judges one requirement with marks in some files.
fn judged(replacements: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<String> {
    let catalogue = catalogue(replacements);
    let places = files
        .iter()
        .flat_map(|(path, text)| places_in(path, text, &catalogue).expect("the file is Rust"));
    faults(&catalogue, &places.collect::<Vec<_>>())
}

const CODE: (&str, &str) = (
    "crates/a/src/lib.rs",
    "// Requirement: rfc1.2.one-thing\nfn f() {}\n",
);
const TEST: (&str, &str) = (
    "crates/a/tests/it.rs",
    "// Requirement: rfc1.2.one-thing\n#[test]\nfn it_holds() {}\n",
);
const EXCEPTION: (&str, &str) = ("exception", r#""Nobody can test it.""#);

#[test]
fn what_is_not_covered_is_refused_with_what_is_missing() {
    let unknown = ("tests/a.rs", "// Requirement: rfc1.2.other\nfn f() {}\n");
    let server = ("binds", r#"["server"]"#);
    let (may, should) = (("level", r#""MAY""#), ("level", r#""SHOULD""#));
    type Row<'a> = (
        &'a [(&'a str, &'a str)],
        &'a [(&'a str, &'a str)],
        Option<&'a str>,
    );
    let cases: [Row<'_>; 11] = [
        (&[], &[CODE, TEST], None),
        (&[], &[CODE], Some("no test names it")),
        (&[], &[TEST], Some("no code names it")),
        (&[], &[], Some("no test names it")),
        (&[server], &[TEST], None),
        (&[may], &[TEST], None),
        (&[should], &[TEST], None),
        (&[EXCEPTION], &[], None),
        (&[EXCEPTION], &[CODE], None),
        (&[EXCEPTION], &[CODE, TEST], Some("take the exception out")),
        (
            &[],
            &[CODE, TEST, unknown],
            Some("`rfc1.2.other` names no requirement"),
        ),
    ];
    for (replacements, files, expected) in cases {
        let faults = judged(replacements, files);
        let told = faults.join("\n");
        assert_eq!(faults.len(), usize::from(expected.is_some()), "{told}");
        assert!(told.contains(expected.unwrap_or_default()), "{told}");
    }
}

#[test]
fn a_mark_is_code_or_a_test_by_where_it_stands() {
    use Kind::{Code, Test};
    let catalogue = catalogue(&[]);
    let mark = "// Requirement: rfc1.2.one-thing";
    let (lib, rule) = (
        "crates/a/src/lib.rs",
        "crates/remote-auth-sandbox/src/rule.rs",
    );
    let checks = "crates/remote-auth-conformance/src/judge/server/code.rs";
    let cases = [
        (lib, format!("{mark}\nfn f() {{}}"), Some((Code, "f"))),
        (
            lib,
            format!("fn f() {{\n{mark}\ng();\n}}\nfn h() {{}}"),
            Some((Code, "f")),
        ),
        (
            lib,
            format!("/// Says.\n{mark}\n#[must_use]\nfn f() {{}}"),
            Some((Code, "f")),
        ),
        (
            lib,
            format!("{mark}\nimpl D for S {{\nfn f() {{}}\n}}"),
            Some((Code, "S::f")),
        ),
        (lib, format!("enum E {{\n{mark}\nA,\n}}"), Some((Code, "E"))),
        (lib, format!("{mark}\nconst C: u8 = 1;"), Some((Code, "C"))),
        (
            lib,
            format!("{mark}\n#[test]\nfn t() {{}}"),
            Some((Test, "t")),
        ),
        (
            lib,
            format!("{mark}\n#[tokio::test]\nasync fn t() {{}}"),
            Some((Test, "t")),
        ),
        (
            lib,
            format!("#[cfg(test)]\nmod tests {{\n{mark}\nfn f() {{}}\n}}"),
            Some((Test, "f")),
        ),
        (
            lib,
            format!("#[cfg(not(test))]\nmod a {{\n{mark}\nfn f() {{}}\n}}"),
            Some((Code, "f")),
        ),
        (
            lib,
            format!("//! ```\n//! # {mark}\n//! ```"),
            Some((Test, "an example that is run")),
        ),
        (
            lib,
            format!("//! ```\n//! {mark}\n//! ```"),
            Some((Test, "an example that is run")),
        ),
        (
            "crates/a/src/a_tests.rs",
            format!("{mark}\nfn f() {{}}"),
            Some((Test, "f")),
        ),
        (
            "crates/a/src/a/tests.rs",
            format!("{mark}\nfn f() {{}}"),
            Some((Test, "f")),
        ),
        (
            "crates/a/tests/it/b.rs",
            format!("{mark}\nfn f() {{}}"),
            Some((Test, "f")),
        ),
        (
            "tests/tests/c.rs",
            format!("{mark}\nfn f() {{}}"),
            Some((Test, "f")),
        ),
        (
            rule,
            r#"rules! { A = "rfc1.2.one-thing"; }"#.to_owned(),
            Some((Code, "rules!")),
        ),
        (
            checks,
            r#"fn f() { g(&["rfc1.2.one-thing"]) }"#.to_owned(),
            Some((Test, "f")),
        ),
        (
            rule,
            r#"rules! { A = "token.client.basic", "RFC 1 section 2"; }"#.to_owned(),
            None,
        ),
        (lib, r#"fn f() { g("rfc1.2.one-thing") }"#.to_owned(), None),
    ];
    for (path, text, expected) in cases {
        let places = places_in(path, &text, &catalogue).expect("the file is Rust");
        let found: Vec<_> = places
            .iter()
            .map(|place| (place.kind, place.name.as_str()))
            .collect();
        assert_eq!(found, Vec::from_iter(expected), "{path}: {text}");
        assert!(places.iter().all(|place| place.id == "rfc1.2.one-thing"));
    }
    let two = format!("{mark}, rfc1.3.other\nfn f() {{}}");
    let ids = places_in(lib, &two, &catalogue).expect("the file is Rust");
    assert_eq!(ids.len(), 2, "{ids:?}");
    let unknown = r#"rules! { A = "rfc1.2.unknown"; }"#;
    let ids = places_in(rule, unknown, &catalogue).expect("the file is Rust");
    assert_eq!(
        ids[0].id, "rfc1.2.unknown",
        "a literal that looks like an id has to be one"
    );
}

#[test]
fn the_page_counts_links_and_quotes() {
    let second = entry(&[
        ("id", r#""rfc1.3.two""#),
        ("level", r#""SHOULD""#),
        EXCEPTION,
        ("note", r#""A | B.""#),
    ]);
    let catalogue = parsed(&(entry(&[]) + &second)).expect("the entries are sound");
    let places = [CODE, TEST].map(|(path, text)| places_in(path, text, &catalogue));
    let places: Vec<Place> = places
        .into_iter()
        .flat_map(|places| places.expect("Rust"))
        .collect();
    let page = page(&catalogue, &places);
    for line in [
        "| document | MUST | SHOULD | in all | tested | excepted |",
        "| [`rfc1`](#rfc1) | 1 | 1 | 2 | 1 | 1 |",
        "| all | 1 | 1 | 2 | 1 | 1 |",
        "| `rfc1.2.one-thing`<br>MUST, client and server | One thing is done. *RFC 1, section 2.* \
         | [a/lib.rs](../crates/a/src/lib.rs) `f` | [a/tests/it.rs](../crates/a/tests/it.rs) `it_holds` |",
        "| `rfc1.3.two`<br>SHOULD, client and server | One thing is done. *RFC 1, section 2.*\
         <br>Note: A \\| B. |  | None: Nobody can test it. |",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn a_page_that_is_not_current_is_refused_and_writing_mends_it() {
    let root = tempfile::tempdir().expect("a folder");
    let judge = TABLE.rsplit_once('/').expect("a folder").0;
    for folder in [
        FOLDER,
        judge,
        "crates/a/src",
        "crates/a/tests",
        "tests",
        "xtask",
    ] {
        fs::create_dir_all(root.path().join(folder)).expect("a folder");
    }
    let files = [("spec/requirements/rfc1.toml", &*entry(&[])), CODE, TEST];
    for (path, text) in files {
        fs::write(root.path().join(path), text).expect("a file");
    }
    let error = check(root.path())
        .expect_err("there is no page")
        .to_string();
    assert!(error.contains("run `cargo xtask requirements`"), "{error}");
    run(root.path(), &Arguments { check: false }).expect("the page is written");
    check(root.path()).expect("the page is current");
    run(root.path(), &Arguments { check: true }).expect("the page is current");
}

#[test]
fn files_below_spec_belong_to_the_requirements_by_their_place() {
    for (path, ours) in [
        ("spec/COVERAGE.md", true),
        ("spec/requirements/rfc6749.toml", true),
        ("spec/requirements/rfc6749.yaml", false),
        ("spec/requirements/deep/rfc6749.toml", false),
        ("spec/requirements.toml", false),
    ] {
        assert_eq!(owns(path), ours, "{path}");
    }
}
