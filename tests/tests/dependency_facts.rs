//! Facts about what is built from what, as cargo tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

/// Crates that judge or make the others, and that nothing but the tests may depend on; the command carries the judge.
const APART: [&str; 4] = [
    "remote-auth-cli",
    "remote-auth-conformance",
    "remote-auth-tests",
    "xtask",
];

/// Packages that are no members have lock files of their own, which no build looks at before the long mode.
const LOCKED_APART: [&str; 2] = ["fuzz/Cargo.lock", "tests/fixtures/signing/Cargo.lock"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
}

/// Asks cargo, which is given nothing to download and nothing to change.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(arguments)
        .args(["--offline", "--locked"])
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn host() -> String {
    let output = Command::new(env!("CARGO"))
        .arg("-vV")
        .output()
        .expect("cargo runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.expect("cargo names its host").to_owned()
}

/// The resolved graph for this host.
static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let host = host();
    let json = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--filter-platform",
        &host,
    ]);
    serde_json::from_str(&json).expect("JSON")
});

fn packages() -> impl Iterator<Item = &'static Value> {
    METADATA["packages"].as_array().expect("packages").iter()
}

fn text(value: &'static Value) -> &'static str {
    value.as_str().expect("text")
}

/// The workspace's own packages by name.
fn members() -> BTreeMap<&'static str, &'static Value> {
    let ids: BTreeSet<&str> = METADATA["workspace_members"]
        .as_array()
        .expect("members")
        .iter()
        .map(text)
        .collect();
    packages()
        .filter(|package| ids.contains(text(&package["id"])))
        .map(|package| (text(&package["name"]), package))
        .collect()
}

/// The ids of everything that a package is built from, itself included; development dependencies are left out.
fn closure(start: &'static str, kinds: &[Option<&str>]) -> BTreeSet<&'static str> {
    let nodes = METADATA["resolve"]["nodes"].as_array().expect("nodes");
    let nodes: BTreeMap<&str, &'static Value> =
        nodes.iter().map(|node| (text(&node["id"]), node)).collect();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        for dependency in nodes[id]["deps"].as_array().expect("dependencies") {
            let wanted = |kind: &Value| kinds.contains(&kind["kind"].as_str());
            if dependency["dep_kinds"]
                .as_array()
                .expect("kinds")
                .iter()
                .any(wanted)
            {
                waiting.push(text(&dependency["pkg"]));
            }
        }
    }
    seen
}

/// Name and version of every crate that `remote-auth` with its default features is built from, itself included.
fn crates_of_the_core() -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "-p",
        "remote-auth",
        "-e",
        "normal,build",
        "--prefix",
        "none",
    ]);
    let name = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    tree.lines()
        .filter(|line| !line.is_empty())
        .map(name)
        .collect()
}

#[test]
fn the_core_with_its_tls_is_built_from_at_most_a_hundred_crates() {
    let crates = crates_of_the_core();
    assert!(
        crates.iter().any(|name| name.starts_with("rustls v")),
        "TLS is part of it"
    );
    assert!(crates.len() <= 100, "{}: {crates:#?}", crates.len());
}

#[test]
fn the_core_has_one_tls_provider_and_no_system_library_but_libc() {
    let crates = crates_of_the_core();
    let named = |name: &str| {
        let prefix = format!("{name} v");
        crates
            .iter()
            .filter(|known| known.starts_with(&prefix))
            .count()
    };
    assert_eq!(
        (named("rustls"), named("ring")),
        (1, 1),
        "one library, one provider"
    );
    for other in [
        "aws-lc-rs",
        "boring",
        "native-tls",
        "openssl",
        "rustls-openssl",
        "s2n-tls",
        "schannel",
        "webpki-roots",
    ] {
        assert_eq!(named(other), 0, "{other}");
    }
    if cfg!(target_os = "linux") {
        let bindings = |name: &&String| name.split(' ').next().is_some_and(|n| n.ends_with("-sys"));
        let bindings: Vec<_> = crates.iter().filter(bindings).collect();
        assert!(bindings.is_empty(), "{bindings:?}");
    }
}

#[test]
fn the_lock_files_apart_know_what_our_packages_depend_on() {
    let members = members();
    for path in LOCKED_APART {
        let lock = std::fs::read_to_string(root().join(path)).expect("a lock file");
        let lock: toml::Table = lock.parse().expect("TOML");
        let mut compared = 0;
        for locked in lock["package"].as_array().expect("packages") {
            let name = locked["name"].as_str().expect("a name");
            let Some(member) = members.get(name) else {
                continue;
            };
            let names = locked["dependencies"].as_array().expect("names").iter();
            let names = names.filter_map(|text| text.as_str()?.split(' ').next());
            let names: BTreeSet<&str> = names.collect();
            let (needed, allowed) = (dependencies(member, false), dependencies(member, true));
            assert!(
                needed.is_subset(&names) && names.is_subset(&allowed),
                "{path} is out of date for {name}: `cargo update --workspace` beside it mends that"
            );
            compared += 1;
        }
        assert!(compared > 0, "{path} has none of our packages");
    }
}

/// What a package says that it is built from.
fn dependencies(package: &'static Value, with_optional: bool) -> BTreeSet<&'static str> {
    let all = package["dependencies"].as_array().expect("a list").iter();
    let normal = all.filter(|one| one["kind"].is_null());
    let taken = normal.filter(|one| with_optional || one["optional"] == false);
    taken.map(|one| text(&one["name"])).collect()
}

#[test]
fn the_sandbox_is_not_built_from_the_core() {
    let members = members();
    let sandbox = text(&members["remote-auth-sandbox"]["id"]);
    let core = text(&members["remote-auth"]["id"]);
    let wire = text(&members["remote-oauth-client"]["id"]);
    let built_from = closure(sandbox, &[None, Some("build"), Some("dev")]);
    assert!(!built_from.contains(core), "not even its tests");
    assert!(built_from.contains(wire), "the wire types are shared");
}

#[test]
fn nothing_but_the_tests_and_the_command_depends_on_what_stands_apart() {
    for (name, package) in members() {
        if name == "remote-auth-tests" {
            continue;
        }
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            let asked = text(&dependency["name"]);
            // The command line carries the judge, and none of the tools for property tests.
            let carries_the_judge = (name, asked) == ("remote-auth-cli", "remote-auth-conformance")
                && dependency["uses_default_features"] == false
                && dependency["features"] == serde_json::json!(["sandbox"]);
            assert!(
                !APART.contains(&asked) || carries_the_judge,
                "{name} depends on {asked}"
            );
        }
    }
}

#[test]
fn the_rust_version_is_the_highest_that_a_shipped_dependency_asks_for() {
    let members = members();
    let version = |package: &Value| -> Option<Vec<u32>> {
        let parts = package["rust_version"].as_str()?.split('.');
        let mut numbers: Vec<u32> = parts.map(|part| part.parse().expect("a number")).collect();
        numbers.resize(3, 0);
        Some(numbers)
    };
    let ours = version(members["remote-auth"]).expect("a rust-version");
    let shipped = members.iter().filter(|(_, package)| {
        let manifest = Path::new(text(&package["manifest_path"]));
        let folder = manifest.parent().expect("a folder");
        folder.starts_with(root().join("crates")) && !folder.ends_with("remote-auth-conformance")
    });
    let ids: BTreeSet<&str> = shipped
        .flat_map(|(_, package)| closure(text(&package["id"]), &[None]))
        .collect();
    let foreign = packages().filter(|package| {
        ids.contains(text(&package["id"])) && !members.contains_key(text(&package["name"]))
    });
    let (highest, names) =
        foreign.fold((Vec::new(), Vec::new()), |(highest, mut names), package| {
            let asked = version(package).unwrap_or_default();
            if asked > highest {
                names.clear();
            }
            if asked >= highest {
                names.push(text(&package["name"]));
            }
            (asked.max(highest), names)
        });
    assert_eq!(ours, highest, "asked for by {names:?}");
}

#[test]
fn the_lock_file_is_there() {
    // `--locked` has held every other test here to it; what is missing would be made without that flag.
    assert!(root().join("Cargo.lock").is_file());
}
