use super::super::build;
use super::super::tests::tree;
use super::{SOURCE, module, warnings};

/// One line of the file, the line that stands there instead, and what is said about it.
type Case = (&'static str, &'static str, &'static str);

fn check(cases: &[Case]) {
    for (from, to, wanted) in cases {
        let changed = tree().edited(SOURCE, from, to);
        let error = module(&changed).expect_err("the catalogue must be refused");
        let refusal = format!("{error:#}");
        assert!(
            refusal.starts_with(SOURCE) && refusal.contains(wanted),
            "{to}\n  gives  {refusal}\n  wanted {wanted}"
        );
    }
}

const TIMEOFF_READ: &str = "  - { scope: 'timeoff:read', style: action, categories: [time_and_attendance], flows: [authorization-code, employee-assertion] }\n";
const TIMEOFF_GET: &str = "  - { method: GET, path: /v1/timeoff, read: ['timeoff:read'], write: ['timeoff:write'], categories: [time_and_attendance] }\n";

#[test]
fn a_file_of_another_shape_is_refused() {
    check(&[
        (
            "version: 1",
            "version: 2",
            "it is version 2, and this pipeline reads 1",
        ),
        ("version: 1", "version: one", "is not a scope catalogue"),
        ("version: 1", "version: 1\nmore: 1", "unknown field `more`"),
        (
            TIMEOFF_READ,
            "  - { scope: 'timeoff:read', style: action, category: [time_and_attendance], flows: [] }\n",
            "unknown field `category`",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GETS, path: /v1/timeoff }\n",
            "unknown variant `GETS`",
        ),
    ]);
    let whole = String::from_utf8(tree().bytes(SOURCE).expect("it is there").to_vec());
    let whole = whole.expect("it is text");
    let (before, rest) = whole.split_once("evidence:\n").expect("it has evidence");
    let (_, after) = rest.split_once("\n\n").expect("it has more");
    let bare = tree().with(SOURCE, format!("{before}evidence: []\n\n{after}"));
    let error = module(&bare).expect_err("a catalogue without sources is refused");
    assert!(error.to_string().contains("names no sources"), "{error}");
}

#[test]
fn a_scope_that_cannot_be_right_is_a_fault() {
    let with = |scope: &str| -> String { format!("  - {scope}\n{TIMEOFF_READ}") };
    let cases = [
        (
            "{ scope: 'a:b', style: action, categories: [payroll], flows: [client-credentials] }",
            "a:b: this does not look like its style",
        ),
        (
            "{ scope: 'All', style: category, flows: [client-credentials] }",
            "All: this does not look like its style",
        ),
        (
            "{ scope: 'all:read', style: action, flows: [client-credentials] }",
            "all:read: this does not look like its style",
        ),
        (
            "{ scope: 'all:some', style: catch-all, flows: [client-credentials] }",
            "all:some: this does not look like its style",
        ),
        (
            "{ scope: 'http://a/b', style: url, flows: [client-credentials] }",
            "http://a/b: this does not look like its style",
        ),
        (
            "{ scope: new, style: category, categories: [payroll], flows: [client-credentials] }",
            "new: only an action has categories",
        ),
        (
            "{ scope: 'new:read', style: action, categories: [nowhere], flows: [client-credentials] }",
            "new:read: the category `nowhere` is not in the catalogue",
        ),
        (
            "{ scope: 'new:read', style: action, categories: ['all:read'], flows: [client-credentials] }",
            "new:read: the category `all:read` is not in the catalogue",
        ),
        (
            "{ scope: new, style: category, flows: [] }",
            "new: no flow lists this scope",
        ),
        (
            "{ scope: payroll, style: category, flows: [client-credentials] }",
            "payroll: this is listed twice",
        ),
        (
            "{ scope: 'https://a/b.c', style: url, flows: [client-credentials] }\n  - { scope: 'https://a/d/b.c', style: url, flows: [client-credentials] }",
            "give the same constant B_C",
        ),
        (
            "{ scope: 'https://a/', style: url, flows: [client-credentials] }",
            "this gives no name of a constant",
        ),
    ];
    for (scope, wanted) in cases {
        let changed = tree().edited(SOURCE, TIMEOFF_READ, &with(scope));
        let error = module(&changed).expect_err("the catalogue must be refused");
        assert!(error.to_string().contains(wanted), "{scope}\n  {error}");
    }
}

#[test]
fn an_operation_that_cannot_be_right_is_a_fault() {
    check(&[
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/timeoff, read: ['timeof:read'] }\n",
            "GET /v1/timeoff: the scope `timeof:read` is not in the catalogue",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/timeoff, read: ['timeoff:write'] }\n",
            "GET /v1/timeoff: `timeoff:write` does not belong in the column `read`",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/timeoff, write: ['all:write'] }\n",
            "GET /v1/timeoff: `all:write` does not belong in the column `write`",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/timeoff, read: ['timeoff:read'], categories: [leave] }\n",
            "GET /v1/timeoff: the category `leave` is not in the catalogue",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/timeoff, read: ['timeoff:read'], categories: [payroll] }\n",
            "GET /v1/timeoff: the category `payroll` covers none of its scopes",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: v1/timeoff }\n",
            "GET v1/timeoff: a path begins with a slash",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/payslips }\n",
            "GET /v1/payslips: this is listed twice",
        ),
    ]);
}

#[test]
fn an_oddity_that_nobody_has_recorded_stops_the_pipeline() {
    check(&[
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/timeoff, write: ['timeoff:write'] }\n",
            "GET /v1/timeoff: this GET names only a write scope (`get-names-no-read`)",
        ),
        (
            TIMEOFF_GET,
            "  - { method: PUT, path: /v1/timeoff, read: ['timeoff:read'], write: ['timeoff:write'] }\n",
            "PUT /v1/timeoff: this is no GET and names a read scope (`change-names-read`)",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/timeoff, read: ['timeoff:read'] }\n",
            "GET /v1/timeoff: this names a read scope and not the write scope that implies it (`read-without-write`)",
        ),
        (
            TIMEOFF_READ,
            "  - { scope: 'timeoff:read', style: action, categories: [time_and_attendance], flows: [authorization-code] }\n",
            "timeoff:write: a flow lists this write scope and not the read scope that it implies (`write-listed-alone`)",
        ),
        (
            TIMEOFF_READ,
            "  - { scope: 'timeoff:read', style: action, categories: [time_and_attendance], flows: [authorization-code, employee-assertion] }\n  - { scope: 'new:read', style: action, categories: [payroll], flows: [authorization-code] }\n",
            "new:read: no operation names this scope (`named-by-no-operation`)",
        ),
        (
            TIMEOFF_READ,
            "  - { scope: 'timeoff:read', style: action, categories: [time_and_attendance], flows: [authorization-code, employee-assertion] }\n  - { scope: 'new:read', style: action, flows: [authorization-code] }\n",
            "new:read: no category covers this action (`without-category`)",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/employee/new, read: ['form:read'] }\n",
            "GET /v1/employee/new: none of its read and write scopes is listed for the kind of token it takes (`outside-its-flow`)",
        ),
        (
            TIMEOFF_GET,
            "  - { method: GET, path: /v1/timeoff, read: ['bank_account:read'], write: ['bank_account:write'] }\n",
            "GET /v1/timeoff: none of its read and write scopes is listed",
        ),
    ]);
}

#[test]
fn a_record_that_says_nothing_or_no_longer_holds_stops_the_pipeline() {
    let record = "  - kind: only-an-example\n    subject: file:read\n";
    check(&[
        (
            record,
            "  - kind: only-an-example\n    subject: timeoff:read\n",
            "timeoff:read: the oddity `only-an-example` is recorded and no longer there",
        ),
        (
            record,
            "  - kind: without-category\n    subject: timeoff:read\n",
            "timeoff:read: the oddity `without-category` is recorded and no longer there",
        ),
        (
            record,
            "  - kind: only-an-example\n    subject: timeoff:create\n",
            "timeoff:create: the oddity `only-an-example` is recorded twice",
        ),
        (
            "    note: Its columns and those of POST /v1/custom-fields look swapped.\n",
            "    note: ' '\n",
            "GET /v1/custom-fields: the oddity `get-names-no-read` has no note",
        ),
        (
            "  - { method: POST, path: /v1/custom-fields, read: ['custom_field:read'], write: ['custom_field:write'], categories: [employments] }\n",
            "  - { method: POST, path: /v1/custom-fields, write: ['custom_field:write'], categories: [employments] }\n",
            "POST /v1/custom-fields: the oddity `change-names-read` is recorded and no longer there",
        ),
    ]);
}

#[test]
fn every_recorded_oddity_is_shown() {
    let lines = warnings(&tree()).expect("the catalogue is good");
    assert_eq!(lines.len(), 15);
    let swapped = "GET /v1/custom-fields: this GET names only a write scope. Its columns";
    assert!(
        lines.iter().any(|line| line.starts_with(swapped)),
        "{lines:#?}"
    );
}

#[test]
fn a_fault_in_the_catalogue_stops_the_whole_pipeline() {
    let changed = tree().edited(SOURCE, "version: 1", "version: 2");
    build(&changed).expect_err("the pipeline must stop");
}

#[test]
fn constants_stand_for_their_scopes_in_the_tables() {
    let module = module(&tree()).expect("the catalogue is good");
    for wanted in [
        "pub const TIMEOFF_READ: &str = \"timeoff:read\";",
        "pub const COMPANY_MANAGE: &str = \"https://gateway.remote.com/company.manage\";",
        "token: TIMEOFF_WRITE,",
        "implies: Some(TIMEOFF_READ),",
        "flows: &[Flow::AuthorizationCode, Flow::EmployeeAssertion],",
        "categories: &[COMPANY_ADMIN, COMPANY_MANAGEMENT],",
    ] {
        assert!(module.contains(wanted), "{wanted}");
    }
}
