//! Which members an object of each kind may have, and what happens to each on the way from 3.1 to
//! 3.0.
//!
//! This is data; the walk over a document stands beside it.

/// What happens to one member of an object.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// 3.0 and 3.1 agree on the whole value.
    Keep,
    /// One object of a kind, a list of them, or a map from names to them.
    One(Kind),
    List(Kind),
    Map(Kind),
    /// Known, and not to be expressed in 3.0 or not handled: the words finish "`member` …".
    Refuse(&'static str),
}

/// The kinds of objects in an OpenAPI document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Document,
    Info,
    License,
    Server,
    Components,
    PathItem,
    Operation,
    Parameter,
    RequestBody,
    MediaType,
    Response,
    Header,
    Example,
    SecurityScheme,
    Tag,
    Schema,
}

/// The members of one kind of object, each with its rule.
type Members = &'static [(&'static str, Rule)];

pub(super) const NEW_IN_31: &str = "is new in 3.1 and has no counterpart in 3.0";
const NOT_HANDLED: &str = "is not handled here: teach the pipeline before the document uses it";

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Document => "the document",
            Self::Info => "an info object",
            Self::License => "a licence",
            Self::Server => "a server",
            Self::Components => "components",
            Self::PathItem => "a path item",
            Self::Operation => "an operation",
            Self::Parameter => "a parameter",
            Self::RequestBody => "a request body",
            Self::MediaType => "a media type",
            Self::Response => "a response",
            Self::Header => "a header",
            Self::Example => "an example",
            Self::SecurityScheme => "a security scheme",
            Self::Tag => "a tag",
            Self::Schema => "a schema",
        }
    }

    /// The members that an object of this kind may have.
    pub(super) const fn members(self) -> Members {
        match self {
            Self::Document => DOCUMENT,
            Self::Info => INFO,
            Self::License => LICENSE,
            Self::Server => SERVER,
            Self::Tag => TAG,
            Self::Components => COMPONENTS,
            Self::PathItem => PATH_ITEM,
            Self::Operation => OPERATION,
            Self::Parameter => PARAMETER,
            // A header is a parameter whose name and place stand outside of it.
            Self::Header => PARAMETER.split_at(2).1,
            Self::RequestBody => REQUEST_BODY,
            Self::MediaType => MEDIA_TYPE,
            Self::Response => RESPONSE,
            Self::Example => EXAMPLE,
            Self::SecurityScheme => SECURITY_SCHEME,
            Self::Schema => SCHEMA,
        }
    }
}

const DOCUMENT: Members = &[
    ("openapi", Rule::Keep),
    ("info", Rule::One(Kind::Info)),
    ("servers", Rule::List(Kind::Server)),
    ("tags", Rule::List(Kind::Tag)),
    ("paths", Rule::Map(Kind::PathItem)),
    ("components", Rule::One(Kind::Components)),
    ("security", Rule::Keep),
    ("externalDocs", Rule::Keep),
    ("webhooks", Rule::Refuse(NEW_IN_31)),
    ("jsonSchemaDialect", Rule::Refuse(NEW_IN_31)),
];

const INFO: Members = &[
    ("title", Rule::Keep),
    ("description", Rule::Keep),
    ("termsOfService", Rule::Keep),
    ("contact", Rule::Keep),
    ("license", Rule::One(Kind::License)),
    ("version", Rule::Keep),
    ("summary", Rule::Refuse(NEW_IN_31)),
];

const LICENSE: Members = &[
    ("name", Rule::Keep),
    ("url", Rule::Keep),
    ("identifier", Rule::Refuse(NEW_IN_31)),
];

const SERVER: Members = &[
    ("url", Rule::Keep),
    ("description", Rule::Keep),
    ("variables", Rule::Keep),
];

const TAG: Members = &[
    ("name", Rule::Keep),
    ("description", Rule::Keep),
    ("externalDocs", Rule::Keep),
];

const COMPONENTS: Members = &[
    ("schemas", Rule::Map(Kind::Schema)),
    ("responses", Rule::Map(Kind::Response)),
    ("parameters", Rule::Map(Kind::Parameter)),
    ("examples", Rule::Map(Kind::Example)),
    ("requestBodies", Rule::Map(Kind::RequestBody)),
    ("headers", Rule::Map(Kind::Header)),
    ("securitySchemes", Rule::Map(Kind::SecurityScheme)),
    ("links", Rule::Refuse(NOT_HANDLED)),
    ("callbacks", Rule::Refuse(NOT_HANDLED)),
    ("pathItems", Rule::Refuse(NEW_IN_31)),
];

const PATH_ITEM: Members = &[
    ("summary", Rule::Keep),
    ("description", Rule::Keep),
    ("servers", Rule::List(Kind::Server)),
    ("parameters", Rule::List(Kind::Parameter)),
    ("get", Rule::One(Kind::Operation)),
    ("put", Rule::One(Kind::Operation)),
    ("post", Rule::One(Kind::Operation)),
    ("delete", Rule::One(Kind::Operation)),
    ("options", Rule::One(Kind::Operation)),
    ("head", Rule::One(Kind::Operation)),
    ("patch", Rule::One(Kind::Operation)),
    ("trace", Rule::One(Kind::Operation)),
];

const OPERATION: Members = &[
    ("tags", Rule::Keep),
    ("summary", Rule::Keep),
    ("description", Rule::Keep),
    ("externalDocs", Rule::Keep),
    ("operationId", Rule::Keep),
    ("parameters", Rule::List(Kind::Parameter)),
    ("requestBody", Rule::One(Kind::RequestBody)),
    ("responses", Rule::Map(Kind::Response)),
    ("deprecated", Rule::Keep),
    ("security", Rule::Keep),
    ("servers", Rule::List(Kind::Server)),
    ("callbacks", Rule::Refuse(NOT_HANDLED)),
];

const REQUEST_BODY: Members = &[
    ("description", Rule::Keep),
    ("content", Rule::Map(Kind::MediaType)),
    ("required", Rule::Keep),
];

const MEDIA_TYPE: Members = &[
    ("schema", Rule::One(Kind::Schema)),
    ("example", Rule::Keep),
    ("examples", Rule::Map(Kind::Example)),
    ("encoding", Rule::Refuse(NOT_HANDLED)),
];

const RESPONSE: Members = &[
    ("description", Rule::Keep),
    ("headers", Rule::Map(Kind::Header)),
    ("content", Rule::Map(Kind::MediaType)),
    ("links", Rule::Refuse(NOT_HANDLED)),
];

const EXAMPLE: Members = &[
    ("summary", Rule::Keep),
    ("description", Rule::Keep),
    ("value", Rule::Keep),
    ("externalValue", Rule::Keep),
];

const SECURITY_SCHEME: Members = &[
    ("type", Rule::Keep),
    ("description", Rule::Keep),
    ("name", Rule::Keep),
    ("in", Rule::Keep),
    ("scheme", Rule::Keep),
    ("bearerFormat", Rule::Keep),
    ("flows", Rule::Keep),
    ("openIdConnectUrl", Rule::Keep),
];

const PARAMETER: Members = &[
    ("name", Rule::Keep),
    ("in", Rule::Keep),
    ("description", Rule::Keep),
    ("required", Rule::Keep),
    ("deprecated", Rule::Keep),
    ("allowEmptyValue", Rule::Keep),
    ("style", Rule::Keep),
    ("explode", Rule::Keep),
    ("allowReserved", Rule::Keep),
    ("schema", Rule::One(Kind::Schema)),
    ("content", Rule::Map(Kind::MediaType)),
    ("example", Rule::Keep),
    ("examples", Rule::Map(Kind::Example)),
];

/// `type`, `const`, `examples` and the exclusive bounds are translated before this table is asked.
const SCHEMA: Members = &[
    ("title", Rule::Keep),
    ("description", Rule::Keep),
    ("type", Rule::Keep),
    ("format", Rule::Keep),
    ("enum", Rule::Keep),
    ("default", Rule::Keep),
    ("example", Rule::Keep),
    ("deprecated", Rule::Keep),
    ("readOnly", Rule::Keep),
    ("writeOnly", Rule::Keep),
    ("discriminator", Rule::Keep),
    ("xml", Rule::Keep),
    ("externalDocs", Rule::Keep),
    ("required", Rule::Keep),
    ("pattern", Rule::Keep),
    ("minLength", Rule::Keep),
    ("maxLength", Rule::Keep),
    ("minimum", Rule::Keep),
    ("maximum", Rule::Keep),
    ("exclusiveMinimum", Rule::Keep),
    ("exclusiveMaximum", Rule::Keep),
    ("multipleOf", Rule::Keep),
    ("minItems", Rule::Keep),
    ("maxItems", Rule::Keep),
    ("uniqueItems", Rule::Keep),
    ("minProperties", Rule::Keep),
    ("maxProperties", Rule::Keep),
    ("nullable", Rule::Keep),
    ("properties", Rule::Map(Kind::Schema)),
    ("additionalProperties", Rule::One(Kind::Schema)),
    ("items", Rule::One(Kind::Schema)),
    ("allOf", Rule::List(Kind::Schema)),
    ("oneOf", Rule::List(Kind::Schema)),
    ("anyOf", Rule::List(Kind::Schema)),
    ("not", Rule::One(Kind::Schema)),
    (
        "$schema",
        Rule::Refuse("names a dialect, and 3.0 has only its own"),
    ),
    ("$id", Rule::Refuse(NEW_IN_31)),
    ("$anchor", Rule::Refuse(NEW_IN_31)),
    (
        "$defs",
        Rule::Refuse("is new in 3.1: move the schemas into components"),
    ),
    ("$dynamicRef", Rule::Refuse(NEW_IN_31)),
    ("$dynamicAnchor", Rule::Refuse(NEW_IN_31)),
    ("$comment", Rule::Refuse(NEW_IN_31)),
    ("if", Rule::Refuse(NEW_IN_31)),
    ("then", Rule::Refuse(NEW_IN_31)),
    ("else", Rule::Refuse(NEW_IN_31)),
    ("prefixItems", Rule::Refuse(NEW_IN_31)),
    ("contains", Rule::Refuse(NEW_IN_31)),
    ("minContains", Rule::Refuse(NEW_IN_31)),
    ("maxContains", Rule::Refuse(NEW_IN_31)),
    ("patternProperties", Rule::Refuse(NEW_IN_31)),
    ("propertyNames", Rule::Refuse(NEW_IN_31)),
    ("unevaluatedItems", Rule::Refuse(NEW_IN_31)),
    ("unevaluatedProperties", Rule::Refuse(NEW_IN_31)),
    ("dependentRequired", Rule::Refuse(NEW_IN_31)),
    ("dependentSchemas", Rule::Refuse(NEW_IN_31)),
    ("contentEncoding", Rule::Refuse(NEW_IN_31)),
    ("contentMediaType", Rule::Refuse(NEW_IN_31)),
    ("contentSchema", Rule::Refuse(NEW_IN_31)),
];
