//! Updates of a copy of the real tree.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;

/// What an update reads and writes.
const PARTS: [&str; 4] = [
    "spec",
    "crates/remote-oauth-client/src/generated",
    "crates/remote-auth-conformance/src/generated",
    CHANGELOG,
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in the root")
}

/// Reads every file below a path, by its path from the root.
fn files(root: &Path, part: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    let path = root.join(part);
    if path.is_file() {
        found.insert(
            part.to_owned(),
            fs::read(&path).expect("the file is readable"),
        );
        return;
    }
    for entry in fs::read_dir(&path).expect("the folder is readable") {
        let name = entry.expect("the entry is readable").file_name();
        files(root, &format!("{part}/{}", name.to_string_lossy()), found);
    }
}

fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for part in PARTS {
        files(root, part, &mut found);
    }
    found
}

/// A copy of the tree, and beside it the upstream document with one text replaced.
struct Copy {
    folder: tempfile::TempDir,
    arguments: Arguments,
}

impl Copy {
    fn with(from: &str, to: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the copy");
        let files = tree(root());
        for (path, bytes) in &files {
            let target = folder.path().join("tree").join(path);
            fs::create_dir_all(target.parent().expect("a file lies in a folder"))
                .expect("the folder is made");
            fs::write(target, bytes).expect("the file is written");
        }
        let upstream = String::from_utf8(files[UPSTREAM].clone()).expect("it is text");
        assert_eq!(upstream.matches(from).count(), 1, "{from:?} is there once");
        let file = folder.path().join("new.yml");
        fs::write(&file, upstream.replacen(from, to, 1)).expect("the file is written");
        let arguments = Arguments {
            file,
            dry_run: false,
        };
        Self { folder, arguments }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("tree")
    }

    fn tree(&self) -> BTreeMap<String, String> {
        let files = tree(&self.root()).into_iter();
        files
            .map(|(path, bytes)| (path, String::from_utf8(bytes).expect("it is text")))
            .collect()
    }

    fn update(&self) -> Result<()> {
        run(&self.root(), &self.arguments)
    }
}

const CLIENT: &str = "crates/remote-oauth-client/src/generated/client.rs";
const FIELD: &str = "                  token_type: {";
const MORE: &str = "                  added_by_a_test: { type: string, description: For whom. }\n                  token_type: {";

#[test]
fn a_new_optional_field_of_an_answer_needs_no_hand() {
    let copy = Copy::with(FIELD, MORE);
    let before = copy.tree();
    copy.update().expect("the update goes through");
    let after = copy.tree();

    assert!(!before[CLIENT].contains("added_by_a_test"));
    let begin = after[CLIENT]
        .find("pub struct TokenResponse")
        .expect("the answer has a type");
    let structure = &after[CLIENT][begin..];
    let structure = &structure[..structure.find("\n    }").expect("it ends")];
    assert!(
        structure.contains("pub added_by_a_test: ::std::option::Option<"),
        "{structure}"
    );

    let upstream = fs::read(&copy.arguments.file).expect("the file is readable");
    assert_eq!(after[UPSTREAM].as_bytes(), upstream);
    let digest = crate::generate::digest(&upstream);
    assert!(after[SOURCE_PAGE].contains(&digest));
    assert!(
        after[CLIENT].contains(&digest),
        "the header names the new document"
    );
    let entry = "  * Additive, POST /auth/oauth2/token: answer 200: `added_by_a_test` is new.\n";
    assert!(after[CHANGELOG].contains(entry), "{}", after[CHANGELOG]);
    let failed: Vec<_> = crate::spec::verify::checks(&copy.root())
        .into_iter()
        .filter(|check| check.outcome.is_err())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");

    copy.update().expect("it can be done again");
    assert_eq!(copy.tree(), after, "the second time changes nothing");
}

#[test]
fn the_version_of_a_new_document_reaches_every_page() {
    let now = Document::read(&root().join(UPSTREAM)).expect("it is read");
    let copy = Copy::with(
        &format!("version: '{}'", now.info("version")),
        "version: '2099-01-01'",
    );
    copy.update().expect("the update goes through");
    let after = copy.tree();
    assert!(after[SOURCE_PAGE].contains("\n| version | 2099-01-01 |\n"));
    let endpoints = CLIENT.replace("client.rs", "endpoints.rs");
    assert!(after[&endpoints].contains("2099-01-01"));
    let entry = "* The description 2099-01-01 (sha256 `";
    assert!(after[CHANGELOG].contains(entry), "{}", after[CHANGELOG]);
}

#[test]
fn a_dry_run_writes_nothing() {
    let mut copy = Copy::with(FIELD, MORE);
    copy.arguments.dry_run = true;
    let before = copy.tree();
    copy.update().expect("the update would go through");
    assert_eq!(copy.tree(), before);
}

#[test]
fn what_the_overlays_or_the_pipeline_cannot_take_leaves_the_tree_untouched() {
    let cases = [
        (
            "  /oauth2/token:\n",
            "  /oauth/token:\n",
            "10-corrections.overlay.yaml, action 1 (Make room for the token endpoint at the path that Remote serves) does not apply",
        ),
        (
            "token_type: { type: string, enum: [bearer] }",
            "token_type: { type: string }",
            "(Accept token_type in any case) does not apply",
        ),
        (
            "                client_secret: { type: string }\n",
            "                client_secret: { type: string }\n                resource: { type: string }\n",
            "no variant of the request in overlay 20 has the field `resource`",
        ),
        (
            "title: Remote OAuth 2.0 API",
            "title: \"Remote\\nfn main() {}\"",
            "`info.title` of",
        ),
        ("openapi: 3.1.0", "openapi: 3.0.3", "it says OpenAPI 3.0.3"),
        (
            "openapi: 3.1.0",
            "openapi: 3.1.0\nopenapi: 3.1.0",
            "duplicate mapping key",
        ),
    ];
    for (from, to, wanted) in cases {
        let copy = Copy::with(from, to);
        let before = copy.tree();
        let error = copy.update().expect_err("the document cannot be used");
        let error = format!("{error:#}");
        assert!(
            error.contains(wanted),
            "{to}\n  gives  {error}\n  wanted {wanted}"
        );
        assert_eq!(copy.tree(), before, "{to}");
    }
}

#[test]
fn what_an_overlay_covers_reaches_nobody() {
    // The corrected document promises no key of the answer, whatever the published one says.
    let copy = Copy::with(
        "required: [access_token, token_type, expires_in]",
        "required: [access_token, token_type]",
    );
    let sources = Sources::read(&copy.root()).expect("the sources are readable");
    let old = Document::read(&copy.root().join(UPSTREAM)).expect("it is read");
    let new = Document::read(&copy.arguments.file).expect("it is read");
    let upstream = diff::compare(&old.value, &new.value).expect("they can be compared");
    assert_eq!(upstream.gravest(), Some(Class::Breaking));
    let plan = Plan::make(&copy.root(), &sources, &old, &new).expect("it goes through");
    assert!(plan.words.contains("\n  0 breaking\n"), "{}", plan.words);
    assert!(plan.words.contains("is a patch one"), "{}", plan.words);
    assert!(
        !plan.files.contains_key(CHANGELOG),
        "users would not notice"
    );
}
