//! Constraints of one schema: which types, formats and values are valid.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Class;
use super::walk::{Direction, Fate, Place, Task, Walk, paired};
use crate::spec::shown;

/// Formats of text that the generated crate keeps as text.
const PLAIN_TEXT: [&str; 8] = [
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uri",
    "uri-reference",
    "uri-template",
    "url",
];

/// What a bound does when its number grows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Growing {
    Narrows,
    Widens,
    /// It cannot be said without solving equations, so any change counts as both.
    Either,
}

pub(super) const BOUNDS: [(&str, Growing); 15] = [
    ("minimum", Growing::Narrows),
    ("exclusiveMinimum", Growing::Narrows),
    ("minLength", Growing::Narrows),
    ("minItems", Growing::Narrows),
    ("minProperties", Growing::Narrows),
    ("minContains", Growing::Narrows),
    ("maximum", Growing::Widens),
    ("exclusiveMaximum", Growing::Widens),
    ("maxLength", Growing::Widens),
    ("maxItems", Growing::Widens),
    ("maxProperties", Growing::Widens),
    ("maxContains", Growing::Widens),
    ("multipleOf", Growing::Either),
    ("pattern", Growing::Either),
    ("uniqueItems", Growing::Either),
];

impl<'a> Walk<'a> {
    pub(super) fn types(&mut self, task: &Task<'a>, fate: &Fate<'a>) {
        let (class, sentence) = match fate {
            Fate::Added(new) => (
                Class::Breaking,
                format!("the type is now {}", listed(new.value)),
            ),
            Fate::Removed(old) => (
                Class::Breaking,
                format!("the type is no longer {}", listed(old.value)),
            ),
            Fate::Kept(old, new) => {
                let (mut was, mut is) = (words(old.value), words(new.value));
                if was == is {
                    return;
                }
                let nullable = (was.remove("null"), is.remove("null"));
                let direction = task.context.direction;
                match nullable {
                    (false, true) if was == is => {
                        (direction.wider(), "`null` is valid now".to_owned())
                    }
                    (true, false) if was == is => {
                        (direction.narrower(), "`null` is no longer valid".to_owned())
                    }
                    _ => (
                        Class::Breaking,
                        format!(
                            "the type is {} instead of {}",
                            listed(new.value),
                            listed(old.value)
                        ),
                    ),
                }
            }
        };
        self.say(task, class, &sentence, fate.place());
    }

    pub(super) fn format(&mut self, task: &Task<'a>, fate: &Fate<'a>) {
        let (was, is) = (task.old.text("format"), task.new.text("format"));
        if let Fate::Kept(old, new) = fate
            && old.value == new.value
        {
            return;
        }
        let plain = |format: Option<&str>| format.is_none_or(|name| PLAIN_TEXT.contains(&name));
        let named = |format: Option<&str>| match format {
            Some(name) => format!("`{}`", shown(name)),
            None => "none".to_owned(),
        };
        let mut sentence = format!("the format is {} instead of {}", named(is), named(was));
        let class = if plain(was) && plain(is) {
            Class::Cosmetic
        } else {
            sentence.push_str(match (was, is) {
                (_, Some("password")) => {
                    ": the value is a secret now, and the generated type changes"
                }
                (Some("password"), _) => {
                    ": the value is no longer a secret, and the generated type changes"
                }
                _ => ": the generated type may change",
            });
            Class::Breaking
        };
        self.say(task, class, &sentence, fate.place());
    }

    /// Compares closed lists of values.
    pub(super) fn values(&mut self, task: &Task<'a>) {
        let (old, new) = (self.closed_list(&task.old), self.closed_list(&task.new));
        let (old, new) = match (old, new) {
            (None, None) => return,
            (None, Some((new, _))) => {
                let sentence = "only listed values are valid now: the generated type changes";
                return self.say(task, Class::Breaking, sentence, &new);
            }
            (Some((old, _)), None) => {
                let sentence = "any value is valid now: the generated type changes";
                return self.say(task, Class::Breaking, sentence, &old);
            }
            (Some((_, old)), Some((_, new))) => (old, new),
        };
        for (value, fate) in paired(old, new) {
            let value = shown(&value);
            match (&fate, task.context.direction) {
                (Fate::Kept(..), _) => {}
                (Fate::Added(new), Direction::Sent) => {
                    self.say(
                        task,
                        Class::Additive,
                        &format!("the value {value} is new"),
                        new,
                    );
                }
                (Fate::Added(new), Direction::Received) => {
                    let sentence = format!(
                        "the value {value} is new, and those who read a closed list do not know it"
                    );
                    self.say(task, Class::Breaking, &sentence, new);
                }
                (Fate::Removed(old), _) => {
                    self.say(
                        task,
                        Class::Breaking,
                        &format!("the value {value} is gone"),
                        old,
                    );
                }
            }
        }
    }

    /// Returns the values that `const` or `enum` lists, and where.
    fn closed_list(&mut self, place: &Place<'a>) -> Option<(Place<'a>, Vec<(String, Place<'a>)>)> {
        if let Some(only) = place.member("const") {
            let values = vec![(only.value.to_string(), only.clone())];
            return Some((only, values));
        }
        let list = self.list(place, "enum")?;
        let values = list
            .entries()
            .into_iter()
            .map(|(_, value)| (value.value.to_string(), value))
            .collect();
        Some((list, values))
    }

    pub(super) fn bound(&mut self, task: &Task<'a>, key: &str, fate: &Fate<'a>, growing: Growing) {
        let direction = task.context.direction;
        let (class, sentence) = match fate {
            Fate::Added(new) => (
                direction.narrower(),
                format!("`{key}` is {} now", brief(new)),
            ),
            Fate::Removed(_) => (direction.wider(), format!("`{key}` is gone")),
            Fate::Kept(old, new) => {
                let (was, is) = (old.value.as_f64(), new.value.as_f64());
                let class = match (growing, was.zip(is)) {
                    _ if old.value == new.value => return,
                    (_, Some((was, is))) if was == is => return,
                    (Growing::Narrows, Some((was, is))) if is > was => direction.narrower(),
                    (Growing::Narrows, Some(_)) => direction.wider(),
                    (Growing::Widens, Some((was, is))) if is > was => direction.wider(),
                    (Growing::Widens, Some(_)) => direction.narrower(),
                    (Growing::Either, _) | (_, None) => Class::Breaking,
                };
                (
                    class,
                    format!("`{key}` is {} instead of {}", brief(new), brief(old)),
                )
            }
        };
        self.say(task, class, &sentence, fate.place());
    }

    pub(super) fn default_value(&mut self, task: &Task<'a>, fate: &Fate<'a>) {
        if let Fate::Kept(old, new) = fate
            && old.value == new.value
        {
            return;
        }
        let (class, sentence) = match task.context.direction {
            Direction::Sent => (
                Class::Breaking,
                "`default` has changed: a request that leaves this out means something else",
            ),
            Direction::Received => (Class::Cosmetic, "`default` has changed"),
        };
        self.say(task, class, sentence, fate.place());
    }

    /// Compares a flag that takes a field away from one direction.
    pub(super) fn access(&mut self, task: &Task<'a>, key: &str, fate: &Fate<'a>, from: Direction) {
        let class = match (task.old.flag(key), task.new.flag(key)) {
            (was, is) if was == is => {
                if matches!(fate, Fate::Kept(..)) {
                    return;
                }
                Class::Cosmetic
            }
            _ if task.context.direction != from => Class::Cosmetic,
            (_, true) => Class::Breaking,
            (_, false) => Class::Additive,
        };
        self.say(task, class, &format!("`{key}` has changed"), fate.place());
    }
}

fn words(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().map(word).collect(),
        other => BTreeSet::from([word(other)]),
    }
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn listed(value: &Value) -> String {
    let words = words(value);
    let quoted = words.iter().map(|word| format!("`{}`", shown(word)));
    quoted.collect::<Vec<_>>().join(" or ")
}

fn brief(place: &Place<'_>) -> String {
    shown(&place.value.to_string())
}
