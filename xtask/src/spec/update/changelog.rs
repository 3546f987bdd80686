//! The entry that tells users what a new document changes for them.

use anyhow::{Context as _, Result};

use super::CHANGELOG;
use crate::generate::digest;
use crate::spec::diff::{Change, Class, Report};
use crate::spec::read::Document;

const UNRELEASED: &str = "## Unreleased\n";
const HEADING: &str = "### Behaviour of the published document\n";

/// Returns the changelog with an entry for `new`, unless it has one or users would not notice.
pub(super) fn with_entry(
    changelog: &str,
    old: &Document,
    new: &Document,
    report: &Report,
) -> Result<String> {
    let digest = digest(&new.bytes);
    let short = &digest[..12];
    let start = changelog
        .find(UNRELEASED)
        .with_context(|| format!("{CHANGELOG} has no line `{}`", UNRELEASED.trim()))?
        + UNRELEASED.len();
    let length = changelog[start..].find("\n## ").map(|at| at + 1);
    let (unreleased, later) =
        changelog[start..].split_at(length.unwrap_or(changelog.len() - start));
    if report.changes.is_empty() || unreleased.contains(short) {
        return Ok(changelog.to_owned());
    }
    let entry = entry(old, new, short, report);
    let unreleased = match unreleased.find(HEADING) {
        None => format!("{}\n\n{HEADING}\n{entry}", unreleased.trim_end()),
        Some(at) => {
            let section = at + HEADING.len();
            let end = unreleased[section..]
                .find("\n### ")
                .map_or(unreleased.len(), |length| section + length);
            let (before, after) = unreleased.split_at(end);
            format!("{}\n{entry}{after}", before.trim_end())
        }
    };
    let gap = if later.is_empty() { "" } else { "\n" };
    let head = &changelog[..start];
    Ok(format!("{head}{unreleased}{gap}{later}"))
}

fn entry(old: &Document, new: &Document, digest: &str, report: &Report) -> String {
    let count = |class| report.of(class).count();
    let mut lines = vec![format!(
        "* The description {} (sha256 `{digest}`) takes the place of {}: {} breaking, {} additive, {} cosmetic.",
        new.info("version"),
        old.info("version"),
        count(Class::Breaking),
        count(Class::Additive),
        count(Class::Cosmetic),
    )];
    let told = [Class::Breaking, Class::Additive];
    let changes = told.into_iter().flat_map(|class| report.of(class));
    lines.extend(changes.map(line));
    lines.push(String::new());
    lines.join("\n")
}

fn line(change: &Change) -> String {
    let class = match change.class {
        Class::Breaking => "Breaking",
        Class::Additive => "Additive",
        Class::Cosmetic => "Cosmetic",
    };
    format!("  * {class}, {}: {}.", change.subject, change.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::diff::Side;

    fn document(version: &str) -> Document {
        let text = format!("openapi: 3.1.0\ninfo: {{ title: t, version: '{version}' }}\n");
        Document::parse("file", text.into_bytes()).expect("it is a document")
    }

    fn added(what: &str) -> Report {
        Report {
            changes: vec![Change {
                class: Class::Additive,
                subject: "POST /token".to_owned(),
                what: what.to_owned(),
                pointer: String::new(),
                side: Side::New,
            }],
        }
    }

    const BEFORE: &str = "# Changelog\n\n## Unreleased\n\n### Added\n\n* One.\n";
    const FIRST: &str = "\n### Behaviour of the published document\n\n* The description 2 (sha256 `b88e0b4f9e84`) takes the place of 1: 0 breaking, 1 additive, 0 cosmetic.\n  * Additive, POST /token: `a` is new.\n";

    #[test]
    fn the_entry_stands_under_unreleased_once() {
        let short = &digest(&document("2").bytes)[..12];
        let first = FIRST.replace("b88e0b4f9e84", short);
        for later in ["", "\n## 0.1.0\n\n* Old.\n"] {
            let before = format!("{BEFORE}{later}");
            let once = with_entry(
                &before,
                &document("1"),
                &document("2"),
                &added("`a` is new"),
            )
            .expect("the page has the heading");
            assert_eq!(once, format!("{BEFORE}{first}{later}"));
            let twice = with_entry(&once, &document("1"), &document("2"), &added("`a` is new"))
                .expect("the page has the heading");
            assert_eq!(twice, once);
        }
    }

    #[test]
    fn a_second_document_joins_the_first() {
        let one = with_entry(BEFORE, &document("1"), &document("2"), &added("`a` is new"))
            .expect("the page has the heading");
        let one = format!("{one}\n### Fixed\n\n* Two.\n");
        let two = with_entry(&one, &document("2"), &document("3"), &added("`b` is new"))
            .expect("the page has the heading");
        assert_eq!(two.matches(HEADING.trim()).count(), 1, "{two}");
        let order = [
            "### Added",
            "`a` is new",
            "`b` is new",
            "### Fixed",
            "* Two.",
        ]
        .map(|text| {
            two.find(text)
                .unwrap_or_else(|| panic!("{text} is in {two}"))
        });
        assert!(order.is_sorted(), "{two}");
        assert!(two.contains("is new.\n\n### Fixed"), "{two}");
    }

    #[test]
    fn what_users_do_not_notice_has_no_entry_and_a_page_without_its_heading_is_refused() {
        let same = with_entry(BEFORE, &document("1"), &document("2"), &Report::default());
        assert_eq!(same.expect("there is nothing to do"), BEFORE);
        with_entry(
            "# Changelog\n",
            &document("1"),
            &document("2"),
            &added("`a` is new"),
        )
        .expect_err("the heading is missing");
    }
}
