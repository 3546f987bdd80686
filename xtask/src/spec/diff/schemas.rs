//! Schemas: what is required, which types, formats and values there are, and how that is narrowed.
//!
//! Every keyword is in a table here or is reported as unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Class;
use super::constraints::BOUNDS;
use super::walk::{Context, Direction, Fate, Place, Task, Walk, is_words, joined, members, paired};
use crate::spec::shown;

/// The schema `true`, written as an object.
static ANYTHING: LazyLock<Value> = LazyLock::new(|| json!({}));

/// Keywords whose value is one schema that holds for some part of the value.
const INNER: [(&str, &str); 10] = [
    ("items", "[]"),
    ("additionalProperties", ".*"),
    ("contains", "[?]"),
    ("propertyNames", "<name>"),
    ("unevaluatedItems", "<other>"),
    ("unevaluatedProperties", "<other>"),
    ("if", "<if>"),
    ("then", "<then>"),
    ("else", "<else>"),
    ("not", "<not>"),
];

impl<'a> Walk<'a> {
    /// Compares one pair of schemas.
    pub(super) fn schema(&mut self, task: &Task<'a>) {
        if task.old.text("$ref").is_some() || task.new.text("$ref").is_some() {
            self.referred(task);
            return;
        }
        let (Some(old), Some(new)) = (self.as_object(&task.old), self.as_object(&task.new)) else {
            if task.old.value != task.new.value {
                self.say(
                    task,
                    Class::Breaking,
                    "what is valid here has been redefined",
                    &task.new,
                );
            }
            return;
        };
        let task = Task {
            old,
            new,
            context: task.context.clone(),
            path: task.path.clone(),
        };
        self.keywords(&task);
    }

    /// Returns the schema as an object, unless nothing is valid there.
    fn as_object(&mut self, place: &Place<'a>) -> Option<Place<'a>> {
        match place.value {
            Value::Object(_) => Some(place.clone()),
            Value::Bool(true) => Some(Place {
                value: &ANYTHING,
                ..place.clone()
            }),
            Value::Bool(false) => None,
            _ => {
                self.fault(
                    place,
                    "here stands a schema, which is an object or a boolean",
                );
                None
            }
        }
    }

    /// Compares a pair of which at least one is a reference.
    fn referred(&mut self, task: &Task<'a>) {
        let name = |place: &Place<'a>| {
            let target = place.text("$ref")?;
            Some(shown(target.rsplit('/').next().unwrap_or(target)))
        };
        let (was, is) = (name(&task.old), name(&task.new));
        match (&was, &is) {
            (Some(was), Some(is)) if was != is => {
                let sentence = format!(
                    "refers to `{is}` instead of `{was}`: the generated type has another name"
                );
                self.say(task, Class::Breaking, &sentence, &task.new);
            }
            (Some(was), None) => {
                let sentence = format!("says here what it referred to as `{was}`");
                self.say(task, Class::Cosmetic, &sentence, &task.new);
            }
            (None, Some(is)) => {
                let sentence = format!("refers to `{is}` for what it said here");
                self.say(task, Class::Cosmetic, &sentence, &task.new);
            }
            _ => {}
        }
        self.siblings(task);
        let old = self.hop(&task.old).unwrap_or_else(|| task.old.clone());
        let new = self.hop(&task.new).unwrap_or_else(|| task.new.clone());
        let named = is.filter(|_| new.pointer.starts_with("/components/"));
        let (context, path) = match named {
            Some(name) => (within(&task.context, &name), String::new()),
            None => (task.context.clone(), task.path.clone()),
        };
        self.compare_later(Task {
            old,
            new,
            context,
            path,
        });
    }

    /// Compares what stands beside references, where it also holds.
    fn siblings(&mut self, task: &Task<'a>) {
        match (task.old.text("$ref"), task.new.text("$ref")) {
            (Some(_), Some(_)) => self.keywords(task),
            (Some(_), None) => self.lone_siblings(task, &task.old),
            (None, _) => self.lone_siblings(task, &task.new),
        }
    }

    fn lone_siblings(&mut self, task: &Task<'a>, place: &Place<'a>) {
        for (key, member) in place.entries() {
            if key != "$ref" && !is_words(&key) {
                let sentence =
                    format!("`{key}` stands beside a reference, where it narrows what is valid");
                self.say(task, Class::Breaking, &sentence, &member);
            }
        }
    }

    fn keywords(&mut self, task: &Task<'a>) {
        let (mut values, mut fields) = (false, false);
        for (key, fate) in members(Some(&task.old), Some(&task.new)) {
            match key.as_str() {
                // It has been followed, and its siblings are what is compared here.
                "$ref" => {}
                "type" => self.types(task, &fate),
                "format" => self.format(task, &fate),
                "default" => self.default_value(task, &fate),
                "readOnly" => self.access(task, &key, &fate, Direction::Sent),
                "writeOnly" => self.access(task, &key, &fate, Direction::Received),
                // Each of these pairs is one question.
                "const" | "enum" => values = true,
                "properties" | "required" => fields = true,
                "allOf" | "anyOf" | "oneOf" | "prefixItems" => self.branches(task, &key, &fate),
                "dependentSchemas" | "patternProperties" => self.named(task, &key, &fate),
                _ => self.other_keyword(task, &key, &fate),
            }
        }
        if values {
            self.values(task);
        }
        if fields {
            self.properties(task);
        }
    }

    fn other_keyword(&mut self, task: &Task<'a>, key: &str, fate: &Fate<'a>) {
        if let Some((_, sign)) = INNER.iter().find(|(name, _)| *name == key) {
            self.inner(task, key, fate, sign);
        } else if let Some((_, growing)) = BOUNDS.iter().find(|(name, _)| *name == key) {
            self.bound(task, key, fate, *growing);
        } else {
            self.unjudged(key, fate, &task.context.subject, || task.label());
        }
    }

    /// Records a difference of a pair.
    pub(super) fn say(&mut self, task: &Task<'a>, class: Class, sentence: &str, at: &Place<'a>) {
        let what = joined(&task.label(), sentence);
        self.change(class, &task.context.subject, what, at);
    }

    fn properties(&mut self, task: &Task<'a>) {
        let direction = task.context.direction;
        let (was, is) = (self.required(&task.old), self.required(&task.new));
        let old = self.object(&task.old, "properties");
        let new = self.object(&task.new, "properties");
        let mut known = BTreeSet::new();
        for (name, fate) in members(old.as_ref(), new.as_ref()) {
            let field =
                |sentence: &str| format!("`{}` {sentence}", extended(&task.path, ".", &name));
            match &fate {
                Fate::Added(new) => {
                    let (class, sentence) = match (direction, is.contains_key(&name)) {
                        (Direction::Sent, true) => (Class::Breaking, "is new and required"),
                        (Direction::Sent, false) => (Class::Additive, "is new and optional"),
                        (Direction::Received, _) => (Class::Additive, "is new"),
                    };
                    self.field(task, class, &field(sentence), new);
                }
                Fate::Removed(old) => {
                    self.field(task, Class::Breaking, &field("is gone"), old);
                }
                Fate::Kept(old, new) => {
                    self.requirement(task, &name, was.contains_key(&name), is.get(&name), new);
                    self.compare_inside(task, old, new, extended(&task.path, ".", &name));
                }
            }
            known.insert(name);
        }
        // Names that are required and described nowhere.
        for name in was
            .keys()
            .chain(is.keys())
            .filter(|name| !known.contains(*name))
        {
            let at = is.get(name).or_else(|| was.get(name));
            let at = at.expect("the name is in one of the lists").clone();
            self.requirement(task, name, was.contains_key(name), is.get(name), &at);
        }
    }

    /// Records a difference of a field; the field is named in the sentence.
    fn field(&mut self, task: &Task<'a>, class: Class, sentence: &str, at: &Place<'a>) {
        let what = joined(&task.context.part, sentence);
        self.change(class, &task.context.subject, what, at);
    }

    fn requirement(
        &mut self,
        task: &Task<'a>,
        name: &str,
        was: bool,
        is: Option<&Place<'a>>,
        field: &Place<'a>,
    ) {
        let direction = task.context.direction;
        let (class, verb, at) = match (was, is) {
            (false, Some(entry)) => (direction.narrower(), "is required now", entry),
            (true, None) => (direction.wider(), "is no longer required", field),
            _ => return,
        };
        let sentence = format!("`{}` {verb}", extended(&task.path, ".", name));
        self.field(task, class, &sentence, at);
    }

    fn required(&mut self, place: &Place<'a>) -> BTreeMap<String, Place<'a>> {
        let list = self.list(place, "required");
        let entries = list.map(|list| list.entries()).unwrap_or_default();
        entries
            .into_iter()
            .filter_map(|(_, entry)| Some((entry.value.as_str()?.to_owned(), entry)))
            .collect()
    }

    fn inner(&mut self, task: &Task<'a>, key: &str, fate: &Fate<'a>, sign: &str) {
        let openness = |place: &Place<'a>| match place.value {
            Value::Bool(open) => Some(*open),
            Value::Object(members) if members.is_empty() => Some(true),
            _ => None,
        };
        // Without the keyword, anything is valid.
        let (was, is) = match fate {
            Fate::Added(new) => (Some(true), openness(new)),
            Fate::Removed(old) => (openness(old), Some(true)),
            Fate::Kept(old, new) => (openness(old), openness(new)),
        };
        let direction = if key == "not" {
            task.context.direction.reversed()
        } else {
            task.context.direction
        };
        let (class, sentence) = match (was, is, fate) {
            (Some(was), Some(is), _) if was != is => {
                let class = if is {
                    direction.wider()
                } else {
                    direction.narrower()
                };
                let verb = if is {
                    "allows anything now"
                } else {
                    "allows nothing now"
                };
                (class, format!("`{key}` {verb}"))
            }
            (Some(_), Some(_), Fate::Kept(..)) => return,
            (Some(_), Some(_), _) => (
                Class::Cosmetic,
                format!("`{key}` says in other words that anything is valid"),
            ),
            (_, _, Fate::Kept(old, new)) => {
                return self.compare_later(Task {
                    old: old.clone(),
                    new: new.clone(),
                    context: Context {
                        direction,
                        ..task.context.clone()
                    },
                    path: extended(&task.path, sign, ""),
                });
            }
            (_, _, Fate::Added(_)) => (
                Class::Breaking,
                format!("`{key}` describes now what could be anything: the generated type changes"),
            ),
            (_, _, Fate::Removed(_)) => (
                Class::Breaking,
                format!("`{key}` is gone, so anything is valid: the generated type changes"),
            ),
        };
        self.say(task, class, &sentence, fate.place());
    }

    fn branches(&mut self, task: &Task<'a>, key: &str, fate: &Fate<'a>) {
        let verb = match fate {
            Fate::Added(_) => "is new",
            Fate::Removed(_) => "is gone",
            Fate::Kept(old, new) => return self.each_branch(task, key, old, new),
        };
        let sentence = format!("`{key}` {verb}: the generated type changes");
        self.say(task, Class::Breaking, &sentence, fate.place());
    }

    fn each_branch(&mut self, task: &Task<'a>, key: &str, old: &Place<'a>, new: &Place<'a>) {
        let by_position = key == "prefixItems";
        let mut named = |list: &Place<'a>| {
            self.expect_list(list);
            if by_position {
                list.entries()
            } else {
                self.branch_names(list)
            }
        };
        let (old, new) = (named(old), named(new));
        for (name, fate) in paired(old, new) {
            match &fate {
                Fate::Kept(old, new) => {
                    let sign = format!("<{name}>");
                    self.compare_inside(task, old, new, extended(&task.path, "", &sign));
                }
                Fate::Added(new) => {
                    // One more variant to choose from, or one more demand.
                    let class = if key == "oneOf" || key == "anyOf" {
                        task.context.direction.wider()
                    } else {
                        task.context.direction.narrower()
                    };
                    let sentence = format!("`{key}` has the new branch {}", shown(&name));
                    self.say(task, class, &sentence, new);
                }
                Fate::Removed(old) => {
                    let sentence = format!("`{key}` has lost the branch {}", shown(&name));
                    self.say(task, Class::Breaking, &sentence, old);
                }
            }
        }
    }

    /// Puts a part of a pair in the queue.
    fn compare_inside(&mut self, task: &Task<'a>, old: &Place<'a>, new: &Place<'a>, path: String) {
        self.compare_later(Task {
            old: old.clone(),
            new: new.clone(),
            context: task.context.clone(),
            path,
        });
    }

    /// Names branches after what they are, so that one more in front does not rename the others.
    fn branch_names(&mut self, list: &Place<'a>) -> Vec<(String, Place<'a>)> {
        let mut taken: BTreeMap<String, usize> = BTreeMap::new();
        let mut named = Vec::new();
        for (_, branch) in list.entries() {
            let target = self.resolve(&branch);
            let reference = branch
                .text("$ref")
                .and_then(|target| target.rsplit('/').next());
            let name = discriminator(&target)
                .or_else(|| reference.map(str::to_owned))
                .or_else(|| branch.text("title").map(str::to_owned))
                .or_else(|| branch.text("type").map(str::to_owned))
                .unwrap_or_else(|| "unnamed".to_owned());
            let count = taken.entry(name.clone()).or_default();
            *count += 1;
            let name = if *count == 1 {
                name
            } else {
                format!("{name}, number {count}")
            };
            named.push((name, branch));
        }
        named
    }

    fn named(&mut self, task: &Task<'a>, key: &str, fate: &Fate<'a>) {
        let (old, new) = match fate {
            Fate::Added(new) => (None, Some(new)),
            Fate::Removed(old) => (Some(old), None),
            Fate::Kept(old, new) => (Some(old), Some(new)),
        };
        for (name, fate) in members(old, new) {
            if let Fate::Kept(old, new) = &fate {
                self.compare_inside(task, old, new, extended(&task.path, ".", &name));
            } else {
                let sentence = format!("`{key}` says something else about {}", shown(&name));
                self.say(task, Class::Breaking, &sentence, fate.place());
            }
        }
    }

    /// Compares what no operation refers to: nobody who calls the API notices.
    pub(super) fn unused(&mut self, old: Option<Place<'a>>, new: Option<Place<'a>>) {
        for (kind, fate) in members(old.as_ref(), new.as_ref()) {
            if kind == "securitySchemes" || kind.starts_with("x-") {
                continue;
            }
            let (old, new) = match fate {
                Fate::Added(new) => (None, Some(new)),
                Fate::Removed(old) => (Some(old), None),
                Fate::Kept(old, new) => (Some(old), Some(new)),
            };
            for (name, fate) in members(old.as_ref(), new.as_ref()) {
                let verb = match &fate {
                    Fate::Kept(old, new) if self.is_reached(old) || self.is_reached(new) => {
                        continue;
                    }
                    Fate::Kept(old, new) if old.value == new.value => continue,
                    Fate::Added(place) | Fate::Removed(place) if self.is_reached(place) => continue,
                    Fate::Kept(..) => "has changed",
                    Fate::Added(_) => "is new",
                    Fate::Removed(_) => "is gone",
                };
                let sentence = format!("`{}` {verb}, and no operation refers to it", shown(&name));
                self.change(
                    Class::Cosmetic,
                    &format!("components, {}", shown(&kind)),
                    sentence,
                    fate.place(),
                );
            }
        }
    }
}

/// Returns the context inside of a named schema.
fn within(context: &Context, name: &str) -> Context {
    let verb = match context.direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    let subject = format!(
        "schema `{name}`, {verb} (first met at {})",
        context.operation
    );
    Context {
        subject: subject.into(),
        part: "".into(),
        ..context.clone()
    }
}

/// Returns the value that tells a branch from its siblings, such as `grant_type=refresh_token`.
fn discriminator(branch: &Place<'_>) -> Option<String> {
    let properties = branch.value.get("properties")?.as_object()?;
    properties.iter().find_map(|(name, schema)| {
        let values = schema.get("enum").and_then(Value::as_array);
        let single = values
            .filter(|values| values.len() == 1)
            .map(|values| &values[0]);
        let only = schema.get("const").or(single)?.as_str()?;
        Some(format!("{name}={only}"))
    })
}

/// Returns the way to an inner schema; a way that nobody would read is cut.
fn extended(path: &str, sign: &str, name: &str) -> String {
    const BYTES_MAX: usize = 200;
    let sign = if path.is_empty() && sign == "." {
        ""
    } else {
        sign
    };
    if path.len() > BYTES_MAX {
        return path.to_owned();
    }
    format!("{path}{sign}{}", shown(name))
}
