use serde_json::{Value, json};

use super::super::finding::listed;
use super::super::table::{changed, rows};
use super::to_3_0;

/// A document with one schema in it.
fn with_schema(schema: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "t", "version": "1" },
        "paths": {},
        "components": { "schemas": { "S": schema } },
    })
}

fn lowered(schema: &Value) -> Value {
    let lowered = to_3_0(&with_schema(schema)).unwrap_or_else(|found| panic!("{}", listed(&found)));
    lowered["components"]["schemas"]["S"].clone()
}

/// The one finding that a document must give.
fn refusal(document: &Value) -> String {
    let found = to_3_0(document).expect_err("the document must be refused");
    assert_eq!(found.len(), 1, "{}", listed(&found));
    found[0].to_string()
}

const TRANSLATIONS: &str = r"
    { type: object, required: [a], additionalProperties: false } => { type: object, required: [a], additionalProperties: false }
    { properties: { a: { format: uri, enum: [x], x-note: { b: 1 } } } } => { properties: { a: { format: uri, enum: [x], x-note: { b: 1 } } } }
    { $ref: '#/components/schemas/S' } => { $ref: '#/components/schemas/S' }
    { type: [string, 'null'] }         => { type: string, nullable: true }
    { type: ['null', integer] }        => { type: integer, nullable: true }
    { type: [string] }                 => { type: string }
    { const: x }                       => { enum: [x] }
    { examples: [3] }                  => { example: 3 }
    { exclusiveMinimum: 1 }            => { minimum: 1, exclusiveMinimum: true }
    { exclusiveMaximum: 9 }            => { maximum: 9, exclusiveMaximum: true }
    { oneOf: [{ type: array, items: { const: 1 } }] } => { oneOf: [{ type: array, items: { enum: [1] } }] }
";

#[test]
fn what_both_versions_say_alike_is_kept_and_the_rest_is_translated() {
    for (schema, wanted) in rows(TRANSLATIONS) {
        let wanted: Value = serde_saphyr::from_str(wanted).expect("the table is YAML");
        assert_eq!(lowered(&schema), wanted, "{schema}");
    }
}

#[test]
fn the_version_becomes_3_0_3() {
    assert_eq!(
        to_3_0(&with_schema(&json!({}))).expect("it is fine")["openapi"],
        "3.0.3"
    );
}

/// The pointers begin at the schema.
const REFUSED_SCHEMAS: &str = r#"
    { typ: string }                     => /typ: `typ` is not a known member of a schema
    { prefixItems: [] }                 => /prefixItems: `prefixItems` is new in 3.1
    { if: {} }                          => /if: `if` is new in 3.1
    { patternProperties: {} }           => /patternProperties: `patternProperties` is new in 3.1
    { contentEncoding: base64 }         => /contentEncoding: `contentEncoding` is new in 3.1
    { unevaluatedProperties: false }    => /unevaluatedProperties: `unevaluatedProperties` is new in 3.1
    { dependentRequired: {} }           => /dependentRequired: `dependentRequired` is new in 3.1
    { $defs: {} }                       => /$defs: `$defs` is new in 3.1: move the schemas into components
    { $schema: x }                      => /$schema: `$schema` names a dialect
    { nullable: true }                  => /nullable: `nullable` means nothing in 3.1
    { type: [string, integer] }         => /type: several types in one schema
    { type: 'null' }                    => /type: the type `null` alone
    { type: [] }                        => /type: the type `null` alone
    { type: text }                      => /type: `text` is not a type
    { type: 7 }                         => /type: a type is a name
    { type: array }                     => : an array without `items`
    { const: 1, enum: [1] }             => /const: `const` and `enum`
    { examples: [1, 2] }                => /examples: 3.0 has room for one example
    { examples: [1], example: 2 }       => /examples: 3.0 has room for one example
    { exclusiveMinimum: true }          => /exclusiveMinimum: `exclusiveMinimum` is a number
    { exclusiveMaximum: 1, maximum: 2 } => /exclusiveMaximum: `exclusiveMaximum` beside `maximum`
    true                                => : a schema that is only `true` or `false`
    []                                  => : here stands a schema, so this should be an object
    { items: false }                    => /items: a schema that is only `true` or `false`
    { oneOf: {} }                       => /oneOf: here stands a list, each entry a schema
    { properties: [] }                  => /properties: here stands a map of names, each to a schema
    { properties: { a/b~: { if: 1 } } } => /properties/a~1b~0/if: `if` is new in 3.1
    { $ref: '#/components/schemas/S', description: d } => /description: `description` stands beside `$ref`
    { $ref: 'other.yaml#/S' }           => : a reference that leaves the document
    { $ref: 7 }                         => : a reference that leaves the document
"#;

#[test]
fn an_unknown_schema_construct_stops_with_its_pointer_and_a_sentence() {
    for (schema, wanted) in rows(REFUSED_SCHEMAS) {
        let refusal = refusal(&with_schema(&schema));
        let wanted = format!("#/components/schemas/S{wanted}");
        assert!(
            refusal.starts_with(&wanted),
            "{schema}\n  gives  {refusal}\n  wanted {wanted}"
        );
    }
}

/// Each row changes a document that is otherwise fine.
const REFUSED_DOCUMENTS: &str = r#"
    { openapi: 3.0.3 }         => #/openapi: the document says OpenAPI "3.0.3"
    { openapi: 3.1 }           => #/openapi: the document says OpenAPI ""
    { paths: null }            => #: a document without `paths`
    { webhooks: {} }           => #/webhooks: `webhooks` is new in 3.1
    { jsonSchemaDialect: x }   => #/jsonSchemaDialect: `jsonSchemaDialect` is new in 3.1
    { pathes: {} }             => #/pathes: `pathes` is not a known member of the document
    { info: { summary: s } }   => #/info/summary: `summary` is new in 3.1
    { info: { license: { identifier: MIT } } } => #/info/license/identifier: `identifier` is new
    { components: { pathItems: {} } } => #/components/pathItems: `pathItems` is new in 3.1
    { components: { links: {} } }     => #/components/links: `links` is not handled here
    { components: { securitySchemes: { T: { type: mutualTLS } } } } => #/components/securitySchemes/T/type: `mutualTLS` is new
    { paths: { /p: { $ref: '#/x' } } } => #/paths/~1p: a path item that is a reference
    { paths: { /p: { query: {} } } }   => #/paths/~1p/query: `query` is not a known member of a path
    { paths: { /p: { post: {} } } }    => #/paths/~1p/post: an operation without `responses`
    { paths: { /p: { post: { responses: {}, callbacks: {} } } } } => #/paths/~1p/post/callbacks: `callbacks` is not handled
    { paths: { /p: { post: { responses: { '200': { links: {} } } } } } } => #/paths/~1p/post/responses/200/links: `links` is not
    { paths: { /p: { post: { responses: { '200': { headers: { h: { in: header } } } } } } } } => #/paths/~1p/post/responses/200/headers/h/in: `in` is not
    { paths: { /p: { post: { responses: {}, requestBody: { content: { a/b: { encoding: {} } } } } } } } => #/paths/~1p/post/requestBody/content/a~1b/encoding: `encoding` is not
"#;

#[test]
fn an_unknown_construct_outside_a_schema_stops_with_its_pointer_and_a_sentence() {
    for (change, wanted) in rows(REFUSED_DOCUMENTS) {
        let refusal = refusal(&changed(&with_schema(&json!({})), &change));
        assert!(
            refusal.starts_with(wanted),
            "{change}\n  gives  {refusal}\n  wanted {wanted}"
        );
    }
}

#[test]
fn everything_that_stands_in_the_way_is_listed_at_once() {
    let schema = json!({ "if": {}, "properties": { "a": { "type": "null" } } });
    let found = to_3_0(&with_schema(&schema)).expect_err("it is refused");
    assert_eq!(found.len(), 2, "{}", listed(&found));
}
