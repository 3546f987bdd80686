//! Documents that somebody wrote to make the comparison fail, stall or lie.

use std::fmt::Write as _;

use super::super::compare;
use super::line;
use crate::spec::read::Document;

fn document(rest: &str) -> String {
    format!("openapi: 3.1.0\ninfo: {{ title: t, version: '1' }}\n{rest}")
}

/// A document whose schemas stand for a million million nodes.
fn anchor_bomb() -> String {
    let mut bomb = document("x-a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "x-a{level}: &a{level} [{aliases}]")
            .expect("writing to a string never fails");
    }
    bomb
}

/// Returns why two documents cannot be compared.
fn refusal(old: &str, new: &str) -> String {
    let parsed = |text: &str| Document::parse("file", text.as_bytes().to_vec());
    let outcome = parsed(old).and_then(|old| {
        let new = parsed(new)?;
        compare(&old.value, &new.value)
    });
    format!("{:#}", outcome.expect_err("the document must be refused"))
}

/// Checks that each text is refused, when it is read or when it is compared with a document whose
/// answer is described by the schema `A`.
fn check(cases: &[(String, &str)]) {
    let old = referring("#/components/schemas/A", "A: {}");
    for (text, wanted) in cases {
        let refusal = refusal(&old, text);
        let shown: String = text.chars().take(120).collect();
        let holds = refusal.contains(wanted) && refusal.len() < 4096;
        assert!(holds, "{shown}\n  gives  {refusal}\n  wanted {wanted}");
    }
}

/// A document whose one answer refers to `target`, with some schemas.
fn referring(target: &str, schemas: &str) -> String {
    let content = format!("{{ application/json: {{ schema: {{ $ref: '{target}' }} }} }}");
    let responses = format!("{{ '200': {{ description: d, content: {content} }} }}");
    document(&format!(
        "paths: {{ /p: {{ get: {{ responses: {responses} }} }} }}\ncomponents: {{ schemas: {{ {schemas} }} }}\n"
    ))
}

#[test]
fn a_file_that_is_no_usable_document_ends_in_a_clear_error() {
    let deep = format!("x: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let twice = "duplicate mapping key";
    check(&[
        (
            document("").replace("3.1.0", "3.0.3"),
            "file cannot be compared: it says OpenAPI 3.0.3, and this pipeline reads 3.1",
        ),
        ("swagger: '2.0'\n".to_owned(), "it names no OpenAPI version"),
        ("openapi: 3.1.0\n".to_owned(), "`info.title` is missing"),
        (anchor_bomb(), "budget breached"),
        (document("paths: {}\npaths: {}\n"), twice),
        (
            document("").replace("title: t", "title: t, title: u"),
            twice,
        ),
        (
            "{\"openapi\": \"3.1.0\", \"openapi\": \"3.1.0\"}".to_owned(),
            twice,
        ),
        (document(&deep), "recursion limit"),
        (
            document(&format!("# {}\n", "a".repeat(5 << 20))),
            "larger than 4 MiB",
        ),
    ]);
}

#[test]
fn a_document_that_does_not_hold_together_ends_in_a_clear_error() {
    const A: &str = "#/components/schemas/A";
    check(&[
        (
            referring(A, "A: { $ref: '#/components/schemas/A' }"),
            "leads back to itself",
        ),
        (
            referring(
                A,
                "A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' }",
            ),
            "leads back to itself",
        ),
        (
            referring("#/components/schemas/Gone", ""),
            "#/components/schemas/Gone leads nowhere",
        ),
        (
            referring("https://evil.example/schema", ""),
            "leaves the document",
        ),
        (referring(A, "A: 7"), "here stands a schema"),
        (
            document("paths: { '/a/{x}': { get: {} }, '/a/{y}': { get: {} } }"),
            "the same but for the names",
        ),
        (
            document("paths: { /p: { get: { responses: [] } } }"),
            "here stands an object",
        ),
    ]);
}

/// Schemas that refer to each other in a circle of this length, each with a member of its own.
fn ring(length: usize) -> String {
    let mut schemas = String::new();
    for index in 0..length {
        let next = (index + 1) % length;
        write!(
            schemas,
            "S{index}: {{ properties: {{ n: {{ $ref: '#/components/schemas/S{next}' }} }} }}, "
        )
        .expect("writing to a string never fails");
    }
    referring("#/components/schemas/S0", &schemas)
}

#[test]
fn references_in_a_circle_are_compared_once_around() {
    let parsed = |text: String| {
        Document::parse("file", text.into_bytes())
            .expect("it is read")
            .value
    };
    let (old, new) = (
        parsed(ring(40)),
        parsed(ring(40).replace("S7: {", "S7: { type: object,")),
    );
    let report = compare(&old, &new).expect("a circle ends");
    let found: Vec<String> = report.changes.iter().map(line).collect();
    assert_eq!(found, ["breaking: the type is now `object`"]);
}

#[test]
fn references_that_multiply_are_refused() {
    // Two circles whose lengths have no common divisor meet in every combination.
    let refusal = refusal(&ring(499), &ring(500));
    assert!(refusal.contains("the references multiply"), "{refusal}");
}
