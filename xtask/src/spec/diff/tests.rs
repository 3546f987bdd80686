//! What each edit of a document means, and what no document may do to the comparison.

mod hostile;
mod laws;

use serde_json::{Value, json};

use super::{Change, Class, FailOn, Report, Side, compare, judge, page, print};
use crate::generate::table::{changed, rows};
use crate::spec::read::Document;

/// A document with one of everything that callers notice.
const BASE: &str = "
openapi: 3.1.0
info: { title: Pets, version: '1' }
servers: [{ url: 'https://one.example' }, { url: 'https://two.example', description: Two }]
security: [{ basic: [] }]
paths:
  /pets/{id}:
    get:
      operationId: readPet
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
        - { name: verbose, in: query, schema: { type: boolean } }
        - { name: page, in: query, required: true, schema: { type: integer } }
      responses:
        '200':
          description: A pet.
          headers: { X-Count: { schema: { type: integer } } }
          content: { application/json: { schema: { $ref: '#/components/schemas/Pet' } } }
        '404':
          description: None.
          content: { application/json: { schema: { type: object, properties: { message: { type: string } } } } }
  /pets:
    post:
      operationId: addPet
      security: [{ oauth: [read] }, { basic: [] }]
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: { type: string, maxLength: 40 }
                kind: { type: string, enum: [cat, dog] }
                note: { type: [string, 'null'] }
                secret: { type: string, format: password }
                tags: { type: array, items: { type: string } }
      responses:
        '201': { description: Done. }
components:
  securitySchemes:
    basic: { type: http, scheme: basic }
    oauth:
      type: oauth2
      flows: { clientCredentials: { tokenUrl: 'https://one.example/token', scopes: { read: Reads., write: Writes. } } }
  schemas:
    Pet:
      type: object
      required: [id, state]
      properties:
        id: { type: string }
        state: { type: string, enum: [awake, asleep] }
        age: { type: integer, maximum: 30 }
        mother: { $ref: '#/components/schemas/Pet' }
        home:
          oneOf:
            - { type: object, properties: { kind: { const: house }, rooms: { type: integer } } }
            - { type: object, properties: { kind: { const: barn } } }
";

fn base() -> Value {
    serde_saphyr::from_str(BASE).expect("the document is YAML")
}

/// A way to put a change at some place of the base document.
type Place = fn(Value) -> Value;

const DOCUMENT: Place = |change| change;
const READ: Place = |change| json!({ "paths": { "/pets/{id}": { "get": change } } });
const ADD: Place = |change| json!({ "paths": { "/pets": { "post": change } } });
const BODY: Place = |change| {
    ADD(json!({ "requestBody": { "content": { "application/json": { "schema": change } } } }))
};
const FIELD: Place = |change| BODY(json!({ "properties": change }));
const PET: Place = |change| json!({ "components": { "schemas": { "Pet": change } } });
const PET_FIELD: Place = |change| PET(json!({ "properties": change }));
const SCHEMES: Place = |change| json!({ "components": { "securitySchemes": change } });

/// Checks rows of `change => class: sentence; class: sentence`, which lists every change.
fn check(at: Place, table: &str) {
    for (change, wanted) in rows(table) {
        let new = changed(&base(), &at(change.clone()));
        let report = compare(&base(), &new).expect("the documents can be compared");
        resolves(&report, &base(), &new);
        let found: Vec<String> = report.changes.iter().map(line).collect();
        let wanted: Vec<&str> = wanted
            .split("; ")
            .filter(|wanted| *wanted != "none")
            .collect();
        let holds = found.len() == wanted.len()
            && wanted
                .iter()
                .all(|wanted| found.iter().any(|found| found.starts_with(wanted)));
        assert!(holds, "{change}\n  gives  {found:#?}\n  wanted {wanted:#?}");
    }
}

fn line(change: &Change) -> String {
    format!("{}: {}", change.class.name(), change.what)
}

fn resolves(report: &Report, old: &Value, new: &Value) {
    for change in &report.changes {
        let document = match change.side {
            Side::Old => old,
            Side::New => new,
        };
        assert!(
            document.pointer(&change.pointer).is_some(),
            "{change:?} leads nowhere"
        );
    }
}

// --- The table -----------------------------------------------------------------------------------

#[test]
fn operations_are_judged_by_place_and_name() {
    let table = r"
        { paths: { /pets: null } } => breaking: the operation is gone
        { paths: { /new: { get: { responses: {} } } } } => additive: the operation is new
        { paths: { /pets: { put: { operationId: put } } } } => additive: the operation is new
        { paths: { /pets: null, /animals: { post: { operationId: addPet, security: [{ oauth: [read] }, { basic: [] }], requestBody: { $ref: '#/paths/~1pets~1%7Bid%7D/get/x-body' }, responses: { '201': { description: Done. } } } }, '/pets/{id}': { get: { x-body: { required: true, content: { application/json: {} } } } } } } => breaking: the operation is gone: by its name, it stands at POST /animals now; additive: the operation is new: by its name, it stood at POST /pets before; breaking: request: it is no longer described; cosmetic: `x-body` is new
    ";
    check(DOCUMENT, table);
    let table = r"
        { operationId: getPet } => breaking: the operation is called
        { operationId: null } => breaking: the operation has lost its name
        { deprecated: true } => cosmetic: `deprecated` is new
        { summary: Reads. } => cosmetic: `summary` is new
        { brandNew: 1 } => breaking: `brandNew` is new, and this comparison does not know
    ";
    check(READ, table);
}

#[test]
fn a_path_is_known_without_the_names_of_its_parameters() {
    let mut new = base();
    let paths = new["paths"].as_object_mut().expect("paths are an object");
    let mut item = paths.remove("/pets/{id}").expect("the path is there");
    item["get"]["parameters"][0]["name"] = json!("pet_id");
    paths.insert("/pets/{pet_id}".to_owned(), item);
    let report = compare(&base(), &new).expect("the documents can be compared");
    let found: Vec<String> = report.changes.iter().map(line).collect();
    let wanted = "cosmetic: the path parameter `pet_id` was the path parameter `id` before; callers do not see the name";
    assert_eq!(found, [wanted]);
}

const ID: &str = "{ name: id, in: path, required: true, schema: { type: string } }";
const VERBOSE: &str = "{ name: verbose, in: query, schema: { type: boolean } }";
const PAGE: &str = "{ name: page, in: query, required: true, schema: { type: integer } }";

#[test]
fn parameters_are_judged_by_what_a_call_must_say() {
    let cases = [
        (
            vec![ID, VERBOSE],
            "breaking: the query parameter `page` is gone",
        ),
        (
            vec![ID, VERBOSE, PAGE, "{ name: x, in: query, required: true }"],
            "breaking: the query parameter `x` is new and required",
        ),
        (
            vec![ID, VERBOSE, PAGE, "{ name: x, in: header }"],
            "additive: the header parameter `x` is new and optional",
        ),
        (
            vec![
                ID,
                PAGE,
                "{ name: verbose, in: query, required: true, schema: { type: boolean } }",
            ],
            "breaking: the query parameter `verbose` is required now",
        ),
        (
            vec![
                ID,
                VERBOSE,
                "{ name: page, in: query, schema: { type: integer } }",
            ],
            "additive: the query parameter `page` is no longer required",
        ),
        (
            vec![
                ID,
                PAGE,
                "{ name: verbose, in: header, schema: { type: boolean } }",
            ],
            "breaking: the header parameter `verbose` was the query parameter `verbose` before",
        ),
        (
            vec![
                ID,
                PAGE,
                "{ name: verbose, in: query, schema: { type: string } }",
            ],
            "breaking: the query parameter `verbose`: the type is `string` instead of `boolean`",
        ),
        (
            vec![
                ID,
                PAGE,
                "{ name: verbose, in: query, style: form, schema: { type: boolean } }",
            ],
            "breaking: the query parameter `verbose`: `style` is new, and this comparison",
        ),
        (
            vec![
                ID,
                PAGE,
                "{ name: verbose, in: query, description: d, schema: { type: boolean } }",
            ],
            "cosmetic: the query parameter `verbose`: `description` is new",
        ),
    ];
    for (parameters, wanted) in cases {
        let table = format!("{{ parameters: [{}] }} => {wanted}", parameters.join(", "));
        check(READ, &table);
    }
}

#[test]
fn a_request_may_be_asked_for_less_and_not_for_more() {
    let table = r"
        { requestBody: null } => breaking: the request body is gone
        { requestBody: { required: null } } => additive: the request body is no longer required
        { requestBody: { content: { application/xml: {} } } } => additive: request: application/xml is a new media type
        { requestBody: { content: { application/json: null, text/plain: {} } } } => breaking: request: the media type application/json is gone; additive: request: text/plain is a new
    ";
    check(ADD, table);
    let table = r"
        { requestBody: { required: true, content: {} } } => breaking: a request body is new and required
        { requestBody: { content: {} } } => additive: a request body is new and optional
    ";
    check(READ, table);
    let table = r"
        { required: [name, kind] } => breaking: request: `kind` is required now
        { required: null } => additive: request: `name` is no longer required
        { required: [name, born], properties: { born: { type: string } } } => breaking: request: `born` is new and required
        { properties: { born: { type: string } } } => additive: request: `born` is new and optional
        { properties: { kind: null } } => breaking: request: `kind` is gone
        { additionalProperties: false } => breaking: request: `additionalProperties` allows nothing now
        { additionalProperties: true } => cosmetic: request: `additionalProperties` says in other words
        { madeUp: 1 } => breaking: request: `madeUp` is new, and this comparison does not know
    ";
    check(BODY, table);
    let table = r#"
        { kind: { enum: [cat, dog, cow] } } => additive: request, `kind`: the value "cow" is new
        { kind: { enum: [cat] } } => breaking: request, `kind`: the value "dog" is gone
        { kind: { enum: null } } => breaking: request, `kind`: any value is valid now
        { name: { type: integer } } => breaking: request, `name`: the type is `integer` instead of `string`
        { name: { type: [string, 'null'] } } => additive: request, `name`: `null` is valid now
        { note: { type: string } } => breaking: request, `note`: `null` is no longer valid
        { name: { maxLength: 50 } } => additive: request, `name`: `maxLength` is 50 instead of 40
        { name: { maxLength: 30 } } => breaking: request, `name`: `maxLength` is 30 instead of 40
        { name: { maxLength: 40.0 } } => none
        { name: { minLength: 1 } } => breaking: request, `name`: `minLength` is 1 now
        { name: { pattern: a } } => breaking: request, `name`: `pattern`
        { name: { default: Tom } } => breaking: request, `name`: `default` has changed
        { name: { readOnly: true } } => breaking: request, `name`: `readOnly` has changed
        { name: { writeOnly: true } } => cosmetic: request, `name`: `writeOnly` has changed
        { name: { format: password } } => breaking: request, `name`: the format is `password` instead of none: the value is a secret now
        { secret: { format: null } } => breaking: request, `secret`: the format is none instead of `password`: the value is no longer a secret
        { name: { format: uri } } => cosmetic: request, `name`: the format is `uri` instead of none
        { name: { format: uuid } } => breaking: request, `name`: the format is `uuid` instead of none
        { tags: { items: { type: integer } } } => breaking: request, `tags[]`: the type is `integer`
        { name: { not: { enum: [Tom] } } } => breaking: request, `name`: `not` describes now
        { name: { description: d } } => cosmetic: request, `name`: `description` is new
    "#;
    check(FIELD, table);
}

#[test]
fn an_answer_may_promise_more_and_not_less() {
    let table = r"
        { responses: { '404': null } } => breaking: answer 404 is no longer declared
        { responses: { '429': { description: Slow down. } } } => additive: answer 429 is declared now
        { responses: { '200': { content: null } } } => breaking: answer 200: the media type application/json is gone
        { responses: { '200': { headers: { X-Next: {} } } } } => additive: answer 200, header `x-next` is declared now
        { responses: { '200': { headers: null } } } => breaking: answer 200, header `x-count` is no longer declared
        { responses: { '200': { headers: { X-Count: { required: true } } } } } => additive: answer 200, header `x-count` is required now
        { responses: { '200': { description: One pet. } } } => cosmetic: answer 200: `description` reads differently
        { responses: { '404': { content: { application/json: { schema: { properties: { message: { type: object } } } } } } } } => breaking: answer 404, `message`: the type is `object`
    ";
    check(READ, table);
    let table = "{ responses: { '201': { content: { application/json: {} } } } } => breaking: answer 201: there is a body now";
    check(ADD, table);
    let table = r"
        { required: [id] } => breaking: `state` is no longer required
        { required: [id, state, age] } => additive: `age` is required now
        { properties: { born: { type: string } } } => additive: `born` is new
        { properties: { age: null } } => breaking: `age` is gone
        { additionalProperties: false } => additive: `additionalProperties` allows nothing now
    ";
    check(PET, table);
    let table = r#"
        { state: { enum: [awake, asleep, dead] } } => breaking: `state`: the value "dead" is new, and those who read a closed list
        { state: { enum: [awake] } } => breaking: `state`: the value "asleep" is gone
        { id: { type: [string, 'null'] } } => breaking: `id`: `null` is valid now
        { age: { maximum: 40 } } => breaking: `age`: `maximum` is 40 instead of 30
        { age: { maximum: 20 } } => additive: `age`: `maximum` is 20 instead of 30
        { age: { maximum: null } } => breaking: `age`: `maximum` is gone
        { age: { default: 3 } } => cosmetic: `age`: `default` has changed
        { id: { format: password } } => breaking: `id`: the format is `password`
        { id: { readOnly: true } } => cosmetic: `id`: `readOnly` has changed
    "#;
    check(PET_FIELD, table);
}

#[test]
fn variants_are_known_by_what_tells_them_apart() {
    const HOUSE: &str =
        "{ type: object, properties: { kind: { const: house }, rooms: { type: integer } } }";
    const BARN: &str = "{ type: object, properties: { kind: { const: barn } } }";
    let cases = [
        (vec![BARN, HOUSE], "none"),
        (
            vec![
                "{ type: object, properties: { kind: { const: tent } } }",
                HOUSE,
                BARN,
            ],
            "breaking: `home`: `oneOf` has the new branch kind=tent",
        ),
        (
            vec![HOUSE],
            "breaking: `home`: `oneOf` has lost the branch kind=barn",
        ),
        (
            vec![
                BARN,
                "{ type: object, properties: { kind: { const: house }, rooms: { type: string } } }",
            ],
            "breaking: `home<kind=house>.rooms`: the type is `string`",
        ),
    ];
    for (branches, wanted) in cases {
        let table = format!(
            "{{ home: {{ oneOf: [{}] }} }} => {wanted}",
            branches.join(", ")
        );
        check(PET_FIELD, &table);
    }
}

#[test]
fn servers_and_security_are_judged_by_what_still_works() {
    let table = r#"
        { servers: [{ url: 'https://one.example' }] } => breaking: https://two.example is gone
        { servers: [{ url: 'https://one.example' }, { url: 'https://two.example', description: Two }, { url: 'https://three.example' }] } => additive: https://three.example is new
        { servers: [{ url: 'https://two.example', description: Two }, { url: 'https://one.example' }] } => cosmetic: the servers are listed in another order
        { servers: [{ url: 'https://one.example' }, { url: 'https://two.example' }] } => cosmetic: https://two.example: `description` is gone
        { security: [] } => additive: less than `basic` is enough; additive: no authentication is accepted now
        { security: [{ basic: [] }, {}] } => additive: no authentication is accepted now
        { security: [{ oauth: [] }] } => breaking: `basic` is no longer enough; additive: `oauth` is accepted now
        { info: { version: '2' } } => cosmetic: the version is "2" instead of
        { info: { contact: { name: n } } } => cosmetic: `info.contact` reads differently
        { tags: [{ name: t }] } => cosmetic: `tags` is new
        { webhooks: { gone: { post: {} } } } => additive: the operation is new
        { components: { schemas: { Unused: {} } } } => cosmetic: `Unused` is new, and no operation refers to it
    "#;
    check(DOCUMENT, table);
    let table = r"
        { security: [{ oauth: [read, write] }, { basic: [] }] } => breaking: `oauth` with its scope `read` is no longer enough; additive: `oauth` with its scope `read` with its scope `write` is accepted now
        { security: [{ oauth: [] }, { basic: [] }] } => additive: less than `oauth` with its scope `read` is enough; additive: `oauth` is accepted now
        { security: null } => breaking: `oauth` with its scope `read` is no longer enough
    ";
    check(ADD, table);
    let table = r"
        { basic: null } => breaking: it is gone
        { extra: { type: http, scheme: bearer } } => additive: it is new
        { basic: { scheme: bearer } } => breaking: `scheme` has changed
        { basic: { description: d } } => cosmetic: `description` has changed
        { oauth: { flows: { clientCredentials: { tokenUrl: 'https://two.example/token' } } } } => breaking: the flow `clientCredentials`: `tokenUrl` has changed
        { oauth: { flows: { clientCredentials: { scopes: { write: null } } } } } => breaking: the flow `clientCredentials`: the scope `write` is gone
        { oauth: { flows: { clientCredentials: { scopes: { all: All. } } } } } => additive: the flow `clientCredentials`: the scope `all` is new
        { oauth: { flows: { implicit: {} } } } => additive: the flow `implicit` is new
    ";
    check(SCHEMES, table);
}

#[test]
fn what_a_webhook_brings_is_received_and_not_sent() {
    let with = |schema: Value| {
        let body = json!({ "content": { "application/json": { "schema": schema } } });
        let hook = json!({ "webhooks": { "changed": { "post": { "requestBody": body } } } });
        changed(&base(), &hook)
    };
    let old = with(json!({ "type": "object", "required": ["a"], "properties": { "a": {} } }));
    let new = with(json!({ "type": "object", "properties": { "a": {}, "b": {} } }));
    let report = compare(&old, &new).expect("the documents can be compared");
    let found: Vec<String> = report.changes.iter().map(line).collect();
    assert_eq!(
        found,
        [
            "breaking: request: `a` is no longer required",
            "additive: request: `b` is new"
        ]
    );
}

// --- References ----------------------------------------------------------------------------------

#[test]
fn a_reference_means_what_it_refers_to() {
    let mut inlined = base();
    let pet = inlined["components"]["schemas"]["Pet"].clone();
    inlined["paths"]["/pets/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] =
        pet;
    let report = compare(&base(), &inlined).expect("the documents can be compared");
    let found: Vec<String> = report.changes.iter().map(line).collect();
    assert_eq!(
        found,
        ["cosmetic: answer 200: says here what it referred to as `Pet`"]
    );

    let mut renamed: Value =
        serde_saphyr::from_str(&BASE.replace("Pet'", "Animal'")).expect("it is YAML");
    let schemas = renamed["components"]["schemas"]
        .as_object_mut()
        .expect("an object");
    let pet = schemas.remove("Pet").expect("it is there");
    schemas.insert("Animal".to_owned(), pet);
    let report = compare(&base(), &renamed).expect("the documents can be compared");
    let wanted = "breaking: answer 200: refers to `Animal` instead of `Pet`: the generated type has another name";
    assert!(
        report.changes.iter().any(|change| line(change) == wanted),
        "{report:#?}"
    );
}

#[test]
fn a_schema_that_many_operations_share_is_reported_once() {
    let shared = |text: &str| {
        let mut document = base();
        let operation = document["paths"]["/pets/{id}"]["get"].clone();
        for index in 0..20 {
            document["paths"][format!("/other{index}")]["get"] = operation.clone();
        }
        document["components"]["schemas"]["Pet"]["properties"]["id"]["type"] = json!(text);
        document
    };
    let report = compare(&shared("string"), &shared("integer")).expect("they can be compared");
    assert_eq!(report.changes.len(), 1, "{report:#?}");
    let subject = &report.changes[0].subject;
    assert_eq!(subject, "schema `Pet`, received (first met at GET /other0)");
}

// --- What a person sees --------------------------------------------------------------------------

fn two() -> (Document, Document, Report) {
    let old = Document::parse("old.yml", BASE.as_bytes().to_vec()).expect("it is read");
    let text = BASE
        .replace("version: '1'", "version: '2'")
        .replace("[name]", "[name, kind]")
        .replace("[awake, asleep]", "[awake, asleep, dead]")
        .replace(
            "        age: {",
            "        born: { type: string }\n        age: {",
        );
    let new = Document::parse("new.yml", text.into_bytes()).expect("it is read");
    let report = compare(&old.value, &new.value).expect("the documents can be compared");
    (old, new, report)
}

#[test]
fn the_page_groups_changes_by_class_and_subject() {
    let (old, new, report) = two();
    let wanted = "\
old  Pets 1 (old.yml)
new  Pets 2 (new.yml)

Breaking (2)
  POST /pets
    request: `kind` is required now
      #/paths/~1pets/post/requestBody/content/application~1json/schema/required/1
  schema `Pet`, received (first met at GET /pets/{id})
    `state`: the value \"dead\" is new, and those who read a closed list do not know it
      #/components/schemas/Pet/properties/state/enum/2

Additive (1)
  schema `Pet`, received (first met at GET /pets/{id})
    `born` is new
      #/components/schemas/Pet/properties/born

Cosmetic (1)
  the document
    the version is \"2\" instead of \"1\"
      #/info/version
";
    assert_eq!(page(&old, &new, &report), wanted);
}

#[test]
fn programs_get_the_same_changes_as_json() {
    let (old, new, report) = two();
    let json: Value = serde_json::from_str(&print::json(&old, &new, &report)).expect("it is JSON");
    assert_eq!(
        json["summary"],
        json!({ "breaking": 2, "additive": 1, "cosmetic": 1 })
    );
    assert_eq!(json["new"]["version"], "2");
    let wanted = json!({
        "class": "additive",
        "subject": "schema `Pet`, received (first met at GET /pets/{id})",
        "what": "`born` is new",
        "pointer": "/components/schemas/Pet/properties/born",
        "document": "new",
    });
    assert_eq!(json["changes"][2], wanted);
}

#[test]
fn the_command_fails_only_for_the_class_that_was_asked_for() {
    let report = |class: Option<Class>| {
        let change = class.map(|class| Change {
            class,
            subject: String::new(),
            what: String::new(),
            pointer: String::new(),
            side: Side::New,
        });
        Report {
            changes: change.into_iter().collect(),
        }
    };
    let fails = |fail_on: FailOn| {
        [
            None,
            Some(Class::Cosmetic),
            Some(Class::Additive),
            Some(Class::Breaking),
        ]
        .map(|class| judge(&report(class), fail_on).is_err())
    };
    assert_eq!(fails(FailOn::Never), [false, false, false, false]);
    assert_eq!(fails(FailOn::Breaking), [false, false, false, true]);
    assert_eq!(fails(FailOn::Additive), [false, false, true, true]);
}
