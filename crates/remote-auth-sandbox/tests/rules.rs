//! The table of rules is what the code says.

use std::{env, fs, path::Path};

use remote_auth_sandbox::{Rule, danger};

/// The table as it has to be.
fn table() -> String {
    let head = "# Rules of the embedded sandbox\n\n\
        Made from `src/rule.rs` and `src/danger/forms.rs` by the test `rules`; \
        `UPDATE_GOLDEN=1 cargo test -p remote-auth-sandbox --test rules` writes it anew.\n\n\
        The rules stand in the order in which a request meets them; the last ones hold for every answer.\n\n\
        | rule | what it says | source | requirements | broken |\n|---|---|---|---|---|\n";
    let rows = Rule::ALL.iter().map(|rule| {
        let requirements = rule.requirements().iter();
        let requirements: Vec<String> = requirements.map(|id| format!("`{id}`")).collect();
        let cells = [
            format!("`{rule}`"),
            rule.sentence().to_owned(),
            rule.source().to_owned(),
            requirements.join(", "),
            danger::broken_form(*rule).to_owned(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    });
    head.to_owned() + &rows.collect::<String>()
}

#[test]
fn the_table_of_rules_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RULES.md");
    let table = table();
    #[expect(
        clippy::disallowed_methods,
        reason = "the variable of every golden file of this workspace"
    )]
    let update = env::var_os("UPDATE_GOLDEN").is_some();
    if update {
        fs::write(&path, &table).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == table,
        "RULES.md is old; write it anew with UPDATE_GOLDEN=1"
    );
}
