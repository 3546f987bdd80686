//! Operations: where they are, what they take and what they answer.
//!
//! An operation is known by its method and by its path without the names of the path's parameters.
//! Webhooks and callbacks are operations that the program serves, so who sends and who receives is
//! the other way round there.

use std::collections::BTreeMap;

use super::Class;
use super::walk::{Context, Direction, Fate, Place, Task, Walk, joined, members, paired};
use crate::spec::shown;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// An operation and the path item that it stands in.
#[derive(Clone)]
struct Operation<'a> {
    name: String,
    path: String,
    item: Place<'a>,
    place: Place<'a>,
}

/// What a body, a parameter or an answer belongs to.
#[derive(Clone, Copy)]
struct Owner<'s> {
    subject: &'s str,
    /// Who writes the request.
    requests: Direction,
}

impl<'a> Walk<'a> {
    pub(super) fn paths(&mut self, old: Option<Place<'a>>, new: Option<Place<'a>>) {
        self.operations(old, new, "", Direction::Sent);
    }

    pub(super) fn webhooks(&mut self, old: Option<Place<'a>>, new: Option<Place<'a>>) {
        self.operations(old, new, "webhook ", Direction::Received);
    }

    /// Compares two maps from path to path item.
    fn operations(
        &mut self,
        old: Option<Place<'a>>,
        new: Option<Place<'a>>,
        prefix: &str,
        requests: Direction,
    ) {
        let old = self.listed_operations(old, prefix);
        let new = self.listed_operations(new, prefix);
        let mut added: BTreeMap<_, _> = new
            .iter()
            .filter(|(key, _)| !old.contains_key(*key))
            .collect();
        let by_identifier: BTreeMap<&str, _> = added
            .iter()
            .filter_map(|(key, is)| Some((is.place.text("operationId")?, *key)))
            .collect();
        for (key, was) in &old {
            if let Some(is) = new.get(key) {
                self.operation(was, is, requests);
                continue;
            }
            let identifier = was.place.text("operationId");
            let moved = identifier
                .and_then(|identifier| by_identifier.get(identifier))
                .and_then(|key| added.remove(*key));
            let Some(is) = moved else {
                self.change(
                    Class::Breaking,
                    &was.name,
                    "the operation is gone",
                    &was.place,
                );
                continue;
            };
            let gone = format!(
                "the operation is gone: by its name, it stands at {} now",
                is.name
            );
            self.change(Class::Breaking, &was.name, gone, &was.place);
            let new = format!(
                "the operation is new: by its name, it stood at {} before",
                was.name
            );
            self.change(Class::Additive, &is.name, new, &is.place);
            self.operation(was, is, requests);
        }
        for is in added.into_values() {
            self.change(Class::Additive, &is.name, "the operation is new", &is.place);
        }
    }

    fn listed_operations(
        &mut self,
        paths: Option<Place<'a>>,
        prefix: &str,
    ) -> BTreeMap<(String, String), Operation<'a>> {
        let mut found = BTreeMap::new();
        let entries = paths.map(|paths| paths.entries()).unwrap_or_default();
        for (path, item) in entries {
            if path.starts_with("x-") {
                continue;
            }
            let item = self.resolve(&item);
            for method in METHODS {
                let Some(place) = item.member(method) else {
                    continue;
                };
                let operation = Operation {
                    name: format!("{prefix}{} {}", method.to_uppercase(), shown(&path)),
                    path: path.clone(),
                    item: item.clone(),
                    place: place.clone(),
                };
                let key = (method.to_owned(), without_names(&path));
                if found.insert(key, operation).is_some() {
                    self.fault(
                        &place,
                        "another path is the same but for the names of its parameters",
                    );
                }
            }
        }
        found
    }

    fn operation(&mut self, was: &Operation<'a>, is: &Operation<'a>, requests: Direction) {
        let owner = Owner {
            subject: &is.name,
            requests,
        };
        self.identifier(was, is);
        self.parameters(was, is, owner);
        let (old, new) = (&was.place, &is.place);
        self.request_body(old, new, owner);
        self.responses(old, new, owner);
        self.callbacks(old, new, owner);
        self.operation_security(old, new, &is.name);
        for (old, new) in [(old, new), (&was.item, &is.item)] {
            self.servers(old.member("servers"), new.member("servers"), &is.name);
        }
        const JUDGED: [&str; 7] = [
            "operationId",
            "parameters",
            "requestBody",
            "responses",
            "callbacks",
            "security",
            "servers",
        ];
        self.rest(old, new, &JUDGED, &is.name, "");
        let judged: Vec<&str> = METHODS
            .into_iter()
            .chain(["parameters", "servers", "$ref"])
            .collect();
        self.rest(&was.item, &is.item, &judged, &is.name, "its path");
    }

    fn identifier(&mut self, was: &Operation<'a>, is: &Operation<'a>) {
        let (old, new) = (
            was.place.member("operationId"),
            is.place.member("operationId"),
        );
        match Fate::of(old, new) {
            Some(Fate::Kept(old, new)) if old.value != new.value => {
                let sentence = format!(
                    "the operation is called {} instead of {}, and so is the generated method",
                    shown(&new.value.to_string()),
                    shown(&old.value.to_string())
                );
                self.change(Class::Breaking, &is.name, sentence, &new);
            }
            Some(Fate::Removed(old)) => {
                let sentence = "the operation has lost its name, and the generated method too";
                self.change(Class::Breaking, &is.name, sentence, &old);
            }
            Some(Fate::Added(new)) => {
                self.change(
                    Class::Additive,
                    &is.name,
                    "the operation has a name now",
                    &new,
                );
            }
            Some(Fate::Kept(..)) | None => {}
        }
    }

    // --- Parameters ------------------------------------------------------------------------------

    fn parameters(&mut self, was: &Operation<'a>, is: &Operation<'a>, owner: Owner<'_>) {
        let old = self.listed_parameters(was);
        let mut new = self.listed_parameters(is);
        let mut elsewhere: BTreeMap<String, _> = new
            .keys()
            .filter(|key| !old.contains_key(*key))
            .map(|key| (key.1.clone(), key.clone()))
            .collect();
        for (key, place) in &old {
            let same = new.remove(key);
            let moved = || new.remove(&elsewhere.remove(&key.1)?);
            match same.or_else(moved) {
                Some(now) => self.parameter(place, &now, owner),
                None => {
                    let what = format!("{} is gone", called(place));
                    self.change(Class::Breaking, owner.subject, what, place);
                }
            }
        }
        for place in new.values() {
            let (class, kind) = if place.flag("required") {
                (owner.requests.narrower(), "required")
            } else {
                (Class::Additive, "optional")
            };
            let what = format!("{} is new and {kind}", called(place));
            self.change(class, owner.subject, what, place);
        }
    }

    /// Lists the parameters of an operation and of its path by location and name; those in the path
    /// are known by their position.
    fn listed_parameters(
        &mut self,
        operation: &Operation<'a>,
    ) -> BTreeMap<(String, String), Place<'a>> {
        let mut found = BTreeMap::new();
        // The operation's own come last and take the place of the path's.
        for holder in [&operation.item, &operation.place] {
            let list = self.list(holder, "parameters");
            for (_, place) in list.map(|list| list.entries()).unwrap_or_default() {
                let place = self.resolve(&place);
                let (Some(location), Some(name)) = (place.text("in"), place.text("name")) else {
                    self.fault(&place, "here stands a parameter, which has `in` and `name`");
                    continue;
                };
                let name = match location {
                    "header" => name.to_lowercase(),
                    "path" => position(&operation.path, name),
                    _ => name.to_owned(),
                };
                found.insert((location.to_owned(), name), place);
            }
        }
        found
    }

    fn parameter(&mut self, old: &Place<'a>, new: &Place<'a>, owner: Owner<'_>) {
        let part = called(new);
        let direction = owner.requests;
        if old.text("in") != new.text("in") {
            let what = format!("{part} was {} before", called(old));
            self.change(Class::Breaking, owner.subject, what, new);
        } else if old.text("name") != new.text("name") {
            let what = format!(
                "{part} was {} before; callers do not see the name",
                called(old)
            );
            self.change(Class::Cosmetic, owner.subject, what, new);
        }
        self.obligation(old, new, &part, direction, owner.subject);
        self.shape(old, new, &part, direction, owner.subject);
        const JUDGED: [&str; 6] = ["in", "name", "required", "schema", "content", "$ref"];
        self.rest(old, new, &JUDGED, owner.subject, &part);
    }

    /// Compares the flag `required` of a parameter, a body or a header.
    fn obligation(
        &mut self,
        old: &Place<'a>,
        new: &Place<'a>,
        part: &str,
        direction: Direction,
        subject: &str,
    ) {
        let (class, verb) = match (old.flag("required"), new.flag("required")) {
            (false, true) => (direction.narrower(), "is required now"),
            (true, false) => (direction.wider(), "is no longer required"),
            _ => return,
        };
        self.change(class, subject, format!("{part} {verb}"), new);
    }

    /// Compares the schema or the content of a parameter or a header.
    fn shape(
        &mut self,
        old: &Place<'a>,
        new: &Place<'a>,
        part: &str,
        direction: Direction,
        subject: &str,
    ) {
        let context = Context::new(subject, part, direction);
        self.only_schema(old, new, &context);
        self.content(old, new, &context);
    }

    // --- Bodies ----------------------------------------------------------------------------------

    fn request_body(&mut self, old: &Place<'a>, new: &Place<'a>, owner: Owner<'_>) {
        let (old, new) = (old.member("requestBody"), new.member("requestBody"));
        match Fate::of(old, new) {
            None => {}
            Some(Fate::Added(new)) => {
                let (class, kind) = if self.resolve(&new).flag("required") {
                    (owner.requests.narrower(), "required")
                } else {
                    (Class::Additive, "optional")
                };
                let what = format!("a request body is new and {kind}");
                self.change(class, owner.subject, what, &new);
            }
            Some(Fate::Removed(old)) => {
                let what = "the request body is gone";
                self.change(Class::Breaking, owner.subject, what, &old);
            }
            Some(Fate::Kept(old, new)) => {
                let (old, new) = (self.resolve(&old), self.resolve(&new));
                self.obligation(
                    &old,
                    &new,
                    "the request body",
                    owner.requests,
                    owner.subject,
                );
                let context = Context::new(owner.subject, "request", owner.requests);
                self.content(&old, &new, &context);
                let judged = ["required", "content", "$ref"];
                self.rest(&old, &new, &judged, owner.subject, "request");
            }
        }
    }

    /// Compares the media types of a body.
    fn content(&mut self, old: &Place<'a>, new: &Place<'a>, context: &Context) {
        let (old, new) = (self.object(old, "content"), self.object(new, "content"));
        let empty =
            |content: &Option<Place<'a>>| content.iter().all(|place| place.entries().is_empty());
        let first = empty(&old) && context.direction == Direction::Received;
        for (media_type, fate) in members(old.as_ref(), new.as_ref()) {
            let media_type = shown(&media_type);
            let (class, sentence) = match &fate {
                Fate::Added(_) if first => (
                    Class::Breaking,
                    format!("there is a body now, as {media_type}: the generated type changes"),
                ),
                Fate::Added(_) => (Class::Additive, format!("{media_type} is a new media type")),
                Fate::Removed(_) => (
                    Class::Breaking,
                    format!("the media type {media_type} is gone"),
                ),
                Fate::Kept(old, new) => {
                    self.only_schema(old, new, context);
                    let (subject, part) = (&context.subject, &context.part);
                    self.rest(old, new, &["schema"], subject, part);
                    continue;
                }
            };
            let what = joined(&context.part, &sentence);
            self.change(class, &context.subject, what, fate.place());
        }
    }

    /// Compares the schema that stands in a media type, a parameter or a header.
    fn only_schema(&mut self, old: &Place<'a>, new: &Place<'a>, context: &Context) {
        let (class, sentence, place) = match Fate::of(old.member("schema"), new.member("schema")) {
            None => return,
            Some(Fate::Kept(old, new)) => {
                return self.compare_later(Task {
                    old,
                    new,
                    context: context.clone(),
                    path: String::new(),
                });
            }
            Some(Fate::Added(new)) => (Class::Breaking, "is described by a schema now", new),
            Some(Fate::Removed(old)) => {
                (Class::Breaking, "is no longer described by a schema", old)
            }
        };
        let what = joined(
            &context.part,
            &format!("it {sentence}: the generated type changes"),
        );
        self.change(class, &context.subject, what, &place);
    }

    // --- Answers ---------------------------------------------------------------------------------

    fn responses(&mut self, old: &Place<'a>, new: &Place<'a>, owner: Owner<'_>) {
        let (old, new) = (self.object(old, "responses"), self.object(new, "responses"));
        for (status, fate) in members(old.as_ref(), new.as_ref()) {
            if status.starts_with("x-") {
                continue;
            }
            let part = format!("answer {}", shown(&status));
            match &fate {
                Fate::Added(new) => {
                    let what = format!("{part} is declared now");
                    self.change(Class::Additive, owner.subject, what, new);
                }
                Fate::Removed(old) => {
                    let what = format!("{part} is no longer declared, so it has no type any more");
                    self.change(Class::Breaking, owner.subject, what, old);
                }
                Fate::Kept(old, new) => {
                    let (old, new) = (self.resolve(old), self.resolve(new));
                    self.response(&old, &new, &part, owner);
                }
            }
        }
    }

    fn response(&mut self, old: &Place<'a>, new: &Place<'a>, part: &str, owner: Owner<'_>) {
        let direction = owner.requests.reversed();
        let context = Context::new(owner.subject, part, direction);
        self.content(old, new, &context);
        let lower = |place: Option<Place<'a>>| {
            let entries = place.map(|place| place.entries()).unwrap_or_default();
            let entries = entries.into_iter();
            entries
                .map(|(name, place)| (name.to_lowercase(), place))
                .collect()
        };
        let (old_headers, new_headers) = (self.object(old, "headers"), self.object(new, "headers"));
        for (name, fate) in paired(lower(old_headers), lower(new_headers)) {
            let header = format!("{part}, header `{}`", shown(&name));
            match &fate {
                Fate::Added(new) => {
                    let what = format!("{header} is declared now");
                    self.change(Class::Additive, owner.subject, what, new);
                }
                Fate::Removed(old) => {
                    let what = format!("{header} is no longer declared");
                    self.change(Class::Breaking, owner.subject, what, old);
                }
                Fate::Kept(old, new) => {
                    let (old, new) = (self.resolve(old), self.resolve(new));
                    self.obligation(&old, &new, &header, direction, owner.subject);
                    self.shape(&old, &new, &header, direction, owner.subject);
                    let judged = ["required", "schema", "content", "$ref"];
                    self.rest(&old, &new, &judged, owner.subject, &header);
                }
            }
        }
        let judged = ["content", "headers", "$ref"];
        self.rest(old, new, &judged, owner.subject, part);
    }

    /// Compares the requests that the server makes in return.
    fn callbacks(&mut self, old: &Place<'a>, new: &Place<'a>, owner: Owner<'_>) {
        let (old, new) = (self.object(old, "callbacks"), self.object(new, "callbacks"));
        for (name, fate) in members(old.as_ref(), new.as_ref()) {
            let (old, new) = match fate {
                Fate::Added(new) => (None, Some(new)),
                Fate::Removed(old) => (Some(old), None),
                Fate::Kept(old, new) => (Some(old), Some(new)),
            };
            let old = old.map(|place| self.resolve(&place));
            let new = new.map(|place| self.resolve(&place));
            let prefix = format!("{}, callback `{}`: ", owner.subject, shown(&name));
            self.operations(old, new, &prefix, owner.requests.reversed());
        }
    }
}

/// Returns how a parameter is spoken of.
fn called(parameter: &Place<'_>) -> String {
    let text = |key| shown(parameter.text(key).unwrap_or_default());
    format!("the {} parameter `{}`", text("in"), text("name"))
}

/// Returns a path with the names of its parameters taken out.
fn without_names(path: &str) -> String {
    let mut kept = String::with_capacity(path.len());
    let mut inside = false;
    for character in path.chars() {
        inside &= character != '}';
        if !inside {
            kept.push(character);
        }
        inside |= character == '{';
    }
    kept
}

/// Returns the position of a parameter in a path, or its name if it is not there.
fn position(path: &str, name: &str) -> String {
    let place = path.find(&format!("{{{name}}}"));
    place.map_or_else(
        || name.to_owned(),
        |place| path[..place].matches('{').count().to_string(),
    )
}
