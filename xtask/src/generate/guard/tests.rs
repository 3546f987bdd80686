use std::sync::LazyLock;

use serde_json::{Value, json};

use super::super::documents::OAUTH;
use super::super::table::{changed, rows};
use super::super::tests::tree;
use super::super::{Effective, effective};
use super::{Finding, findings};

const TOKEN: &str = "/auth/oauth2/token";

static REAL: LazyLock<Effective> =
    LazyLock::new(|| effective(&tree(), &OAUTH).expect("the real sources resolve"));

/// Puts a change where it belongs in a document.
type Place = fn(Value) -> Value;

const DOCUMENT: Place = |change| change;
const OPERATION: Place = |change| json!({ "paths": { TOKEN: { "post": change } } });
const SCHEMAS: Place = |change| json!({ "components": { "schemas": change } });
const ERROR_PROPERTIES: Place =
    |change| SCHEMAS(json!({ "ErrorResponse": { "properties": change } }));

/// Changes the code generation document row by row, and expects a finding that begins at `at` for
/// each.
fn check_lowered(place: Place, at: &str, table: &str) {
    for (change, wanted) in rows(table) {
        let lowered = changed(&REAL.lowered, &place(change.clone()));
        assert_found(
            &findings(&REAL.corrected, &lowered),
            &format!("#{at}{wanted}"),
            &change,
        );
    }
}

/// Changes the corrected document instead.
fn check_corrected(place: Place, at: &str, table: &str) {
    for (change, wanted) in rows(table) {
        let corrected = changed(&REAL.corrected, &place(change.clone()));
        assert_found(
            &findings(&corrected, &REAL.lowered),
            &format!("#{at}{wanted}"),
            &change,
        );
    }
}

fn assert_found(findings: &[Finding], wanted: &str, change: &Value) {
    let texts: Vec<String> = findings.iter().map(ToString::to_string).collect();
    let found = texts.iter().any(|text| text.starts_with(wanted));
    assert!(found, "{change}\n  gives  {texts:#?}\n  wanted {wanted}");
}

const AT_OPERATION: &str = "/paths/~1auth~1oauth2~1token/post";
const AT_SCHEMAS: &str = "/components/schemas";
const AT_ERROR_PROPERTIES: &str = "/components/schemas/ErrorResponse/properties";

#[test]
fn the_real_document_has_no_findings() {
    assert_eq!(findings(&REAL.corrected, &REAL.lowered), []);
}

#[test]
fn paths_that_the_generator_gets_wrong_are_found() {
    let table = r"
        { paths: { /auth/oauth2/token: null } } => : there is no operation to generate
        { paths: { /auth/oauth2/token: { parameters: [] } } } => /~1auth~1oauth2~1token/parameters: `parameters` of a whole path
        { paths: { /auth/oauth2/token: { servers: [{ url: 'https://a' }] } } } => /~1auth~1oauth2~1token/servers: `servers` of a whole path
        { paths: { /b: { get: { operationId: request_token, responses: {} } } } } => /~1b/get/operationId: another operation gives the same
        { paths: { /b: { get: { operationId: b, responses: {} } } } } => /~1b/get: the corrected document has no such operation
    ";
    check_lowered(DOCUMENT, "/paths", table);
}

#[test]
fn an_operation_that_the_generator_gets_wrong_is_found() {
    let table = r"
        { operationId: null } => : an operation without `operationId`
        { servers: [{ url: 'https://a' }] } => /servers: the generator ignores
        { parameters: [{ name: authorization, in: header, schema: { type: string } }] } => /parameters/0: the generator would take credentials
        { parameters: [{ name: a, in: cookie, schema: { type: string } }] } => /parameters/0: the generator does not send cookie
        { parameters: [{ name: api_key, in: query, schema: { type: string } }] } => /parameters/0/schema: `api_key` sounds like a secret
        { requestBody: { required: null } } => /requestBody: the generator sends every body
        { requestBody: { content: { application/json: {} } } } => /requestBody/content: the generator handles one media type
        { requestBody: { content: { application/x-www-form-urlencoded: null, application/json: {} } } } => /requestBody/content/application~1json/schema: an inline
        { requestBody: { content: { application/x-www-form-urlencoded: null, text/plain: {} } } } => /requestBody/content/text~1plain: only
        { requestBody: { content: { application/x-www-form-urlencoded: { schema: { $ref: null } } } } } => /requestBody/content/application~1x-www-form-urlencoded/schema: an inline
    ";
    check_lowered(OPERATION, AT_OPERATION, table);
}

#[test]
fn a_response_that_the_generator_gets_wrong_is_found() {
    let other = "{ description: d, content: { application/json: { schema: { $ref: '#/components/schemas/TokenResponse' } } } }";
    let table = r"
        { '400': { content: { application/json: { schema: { $ref: null } } } } } => /400/content/application~1json/schema: an inline
        { '200': { content: null } } => /200/content: a body without content
        { '200': null } => : an operation has a success status, and this one has none
        { '201': ERROR } => : an operation has one success type, and this one has several
        { '403': OTHER } => : an operation has one error type
        { '302': { description: d } } => /302: the generator invents a success
        { '4XX': OTHER } => /4XX: only single statuses
        { default: OTHER } => /default: only single statuses
    ";
    let error = other.replace("TokenResponse", "ErrorResponse");
    let table = table.replace("OTHER", other).replace("ERROR", &error);
    check_lowered(
        |change| OPERATION(json!({ "responses": change })),
        &format!("{AT_OPERATION}/responses"),
        &table,
    );
}

#[test]
fn a_schema_that_the_generator_gets_wrong_is_found() {
    let table = r"
        { extra: { anyOf: [] } } => /extra/anyOf: the generator merges
        { extra: { not: {} } } => /extra/not: the generator does not check
        { extra: { discriminator: {} } } => /extra/discriminator: the generator ignores
        { extra: { xml: {} } } => /extra/xml: the generator ignores
        { extra: { nullable: true } } => /extra/nullable: the generator drops
        { extra: { x-rust-type: {} } } => /extra/x-rust-type: a type named in the document
        { extra: { type: string, format: uuid } } => /extra/format: nobody has decided what the format `uuid`
        { extra: { type: string, format: date-time } } => /extra/format: nobody has decided what the format `date-time`
        { extra: { type: integer, format: password } } => /extra/format: `password` is only mapped for the type `string`
        { extra: { type: string, format: lifetime-seconds } } => /extra/format: `lifetime-seconds` is only mapped for the type `integer`
        { extra: { type: object, properties: {} } } => /extra: an inline object gets an invented name
        { extra: { type: string, madeUp: 1 } } => /extra/madeUp: the generator's parser drops this in silence
    ";
    check_lowered(ERROR_PROPERTIES, AT_ERROR_PROPERTIES, table);
}

#[test]
fn a_document_that_the_parser_refuses_is_found() {
    let table = "{ info: { title: null } } => : the generator's parser refuses the document";
    check_lowered(DOCUMENT, "", table);
}

#[test]
fn an_answer_that_breaks_when_a_server_says_more_or_less_is_found() {
    let table = r"
        { ErrorResponse: { properties: { extra: { type: string, enum: [a] } } } } => /ErrorResponse/properties/extra/enum: a closed list
        { TokenResponse: { required: [scope] } } => /TokenResponse/required: a required key
        { TokenResponse: { additionalProperties: false } } => /TokenResponse/additionalProperties: an answer may have
        { TokenResponse: { properties: { inner: { $ref: '#/components/schemas/Inner' } } }, Inner: { type: object, required: [a] } } => /Inner/required: a required key
        { TokenResponse: { properties: { list: { type: array, items: { $ref: '#/components/schemas/Inner' } } } }, Inner: { type: string, enum: [a] } } => /Inner/enum: a closed list
    ";
    check_lowered(SCHEMAS, AT_SCHEMAS, table);
}

#[test]
fn a_name_that_sounds_secret_needs_the_password_format() {
    let names = [
        "token",
        "id_token",
        "access_Token",
        "clientSecret",
        "password",
        "assertion",
        "code",
        "api_key",
        "jwt",
        "code_verifier",
        "credentials",
    ];
    for name in names {
        let table =
            format!("{{ {name}: {{ type: string }} }} => /{name}: `{name}` sounds like a secret");
        check_lowered(ERROR_PROPERTIES, AT_ERROR_PROPERTIES, &table);
    }
    let table = "{ TokenResponse: { properties: { access_token: { format: null } } } } => /TokenResponse/properties/access_token: `access_token` sounds";
    check_lowered(SCHEMAS, AT_SCHEMAS, table);
    let table = "{ New: { properties: { secret: { type: string } } } } => /New/properties/secret: `secret` sounds";
    check_corrected(SCHEMAS, AT_SCHEMAS, table);
}

#[test]
fn one_answer_type_for_several_statuses_is_no_finding() {
    let same = REAL.lowered["paths"][TOKEN]["post"]["responses"]["200"].clone();
    let change = OPERATION(json!({ "responses": { "201": same } }));
    let lowered = changed(&REAL.lowered, &change);
    assert_eq!(findings(&REAL.corrected, &lowered), []);
}

#[test]
fn an_object_that_sounds_secret_is_asked_for_its_members() {
    let inner = json!({ "type": "object", "properties": { "plain": { "type": "string" } } });
    let tokens = json!({ "tokens": { "$ref": "#/components/schemas/Inner" } });
    let change = SCHEMAS(json!({ "ErrorResponse": { "properties": tokens }, "Inner": inner }));
    let lowered = changed(&REAL.lowered, &change);
    assert_eq!(findings(&REAL.corrected, &lowered), []);
    let table = "{ ErrorResponse: { properties: { tokens: { $ref: '#/components/schemas/Inner' } } }, Inner: { type: object, properties: { a_token: { type: string } } } } => /Inner/properties/a_token: `a_token` sounds";
    check_lowered(SCHEMAS, AT_SCHEMAS, table);
}

#[test]
fn a_reference_that_leads_nowhere_or_in_a_circle_is_found() {
    let table = r"
        { A: { $ref: '#/components/schemas/Gone' } } => /A: the reference #/components/schemas/Gone leads nowhere
        { A: { $ref: '#/components/schemas/B' }, B: { $ref: '#/components/schemas/A' } } => /A: the reference #/components/schemas/B leads back to itself
        { ErrorResponse: { properties: { cause: { $ref: '#/components/schemas/ErrorResponse' } } } } => /ErrorResponse/properties/cause: the reference #/components/schemas/ErrorResponse leads back
        { ErrorResponse: { properties: { all: { $ref: '#' } } } } => /ErrorResponse/properties/all: the reference # leads back
        { ErrorResponse: { properties: { all: { $ref: '#/components/schemas/TokenResponse', title: t } } } } => /ErrorResponse/properties/all/title: `title` stands beside
        { Unused: { type: string } } => /Unused: nothing refers to this schema
    ";
    check_lowered(SCHEMAS, AT_SCHEMAS, table);
}

#[test]
fn many_references_to_one_place_are_walked_once() {
    let mut chain = json!({});
    for step in 0..64 {
        let next = json!({ "$ref": format!("#/components/schemas/C{}", step + 1) });
        chain[format!("C{step}")] = json!({ "properties": { "a": next, "b": next } });
    }
    chain["C64"] = json!({ "type": "string" });
    check_lowered(
        SCHEMAS,
        AT_SCHEMAS,
        &format!("{chain} => /C0: nothing refers to this schema"),
    );
}

#[test]
fn a_request_field_that_overlay_20_loses_or_invents_is_found() {
    const FORM: Place = |change| {
        OPERATION(
            json!({ "requestBody": { "content": { "application/x-www-form-urlencoded": { "schema": change } } } }),
        )
    };
    let at =
        format!("{AT_OPERATION}/requestBody/content/application~1x-www-form-urlencoded/schema");
    let table = r#"
        { properties: { resource: { type: string } } } => /properties/resource: no variant of the request in overlay 20 has the field
        { properties: { scope: { maxLength: 9 } } } => /properties/scope: overlay 20 says something else about the field `scope`
        { properties: { redirect_uri: null } } => : overlay 20 invents the field `redirect_uri`
        { required: [grant_type, scope] } => /required: a variant of the request in overlay 20 does not require `scope`
        { properties: { grant_type: { enum: [other] } } } => /properties/grant_type: no variant of the request in overlay 20 has the value "other"
        { properties: { grant_type: { enum: [other] } } } => /properties/grant_type: overlay 20 invents the value "refresh_token"
    "#;
    check_corrected(FORM, &at, table);
}

#[test]
fn an_answer_that_overlay_20_loses_is_found() {
    let table = r"
        { '200': { content: { application/json: { schema: { properties: { id: {} } } } } } } => /200/content/application~1json/schema/properties/id: overlay 20 loses `id`
        { '403': { content: { application/json: { schema: { type: object } } } } } => /403/content/application~1json/schema: this answer is lost
    ";
    check_corrected(
        |change| OPERATION(json!({ "responses": change })),
        &format!("{AT_OPERATION}/responses"),
        table,
    );
}

#[test]
fn two_variants_with_one_grant_type_are_found() {
    let mut lowered = REAL.lowered.clone();
    let variants = lowered
        .pointer_mut("/components/schemas/TokenRequest/oneOf")
        .expect("the variants exist");
    let variants = variants.as_array_mut().expect("they are a list");
    variants.push(variants[0].clone());
    let wanted = "two variants in overlay 20 have the value \"authorization_code\" of `grant_type`";
    let texts: Vec<String> = findings(&REAL.corrected, &lowered)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        texts.iter().any(|text| text.ends_with(wanted)),
        "{texts:#?}"
    );
}
