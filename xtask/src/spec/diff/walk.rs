//! Walks two documents at the same time and collects what differs.
//!
//! Schemas wait in a queue instead of being entered at once, and each pair of schemas is compared once
//! for each direction.
//! So references in a circle end, a schema that many operations share is reported once, and no
//! document can exhaust the stack; the number of pairs is bounded.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::rc::Rc;

use anyhow::{Result, bail};
use serde_json::Value;

use super::references::{self, HOPS_MAX};
use super::{Change, Class, Report, Side};
use crate::generate::child;
use crate::spec::shown;

/// How many pairs of schemas are compared before the documents count as too different.
///
/// A document of the largest size has fewer schemas; more pairs only come from references that are
/// made to multiply.
const PAIRS_MAX: usize = 50_000;
/// How many faults of the documents an error lists.
const FAULTS_SHOWN: usize = 10;

/// Members that only people read.
const WORDS: [&str; 12] = [
    "$comment",
    "$defs",
    "contact",
    "deprecated",
    "description",
    "example",
    "examples",
    "externalDocs",
    "license",
    "summary",
    "tags",
    "title",
];

/// One place in one of the documents.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) side: Side,
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl<'a> Place<'a> {
    /// Returns the place of a member, if it is there.
    pub(super) fn member(&self, key: &str) -> Option<Self> {
        let value = self.value.as_object()?.get(key)?;
        Some(Self {
            side: self.side,
            pointer: child(&self.pointer, key),
            value,
        })
    }

    /// Returns the places of all members, or of all entries of a list.
    pub(super) fn entries(&self) -> Vec<(String, Self)> {
        let at = |key: String, value: &'a Value| {
            let pointer = child(&self.pointer, &key);
            let side = self.side;
            (
                key,
                Self {
                    side,
                    pointer,
                    value,
                },
            )
        };
        match self.value {
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| at(key.clone(), value))
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, value)| at(index.to_string(), value))
                .collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.value.get(key)?.as_str()
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.value
            .get(key)
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }
}

/// What became of one thing.
#[derive(Clone, Debug)]
pub(super) enum Fate<'a> {
    Added(Place<'a>),
    Removed(Place<'a>),
    Kept(Place<'a>, Place<'a>),
}

impl<'a> Fate<'a> {
    /// Returns what became of something, unless it never was.
    pub(super) fn of(old: Option<Place<'a>>, new: Option<Place<'a>>) -> Option<Self> {
        match (old, new) {
            (None, None) => None,
            (None, Some(new)) => Some(Self::Added(new)),
            (Some(old), None) => Some(Self::Removed(old)),
            (Some(old), Some(new)) => Some(Self::Kept(old, new)),
        }
    }

    /// Returns where it is now, or was.
    pub(super) fn place(&self) -> &Place<'a> {
        match self {
            Self::Added(place) | Self::Removed(place) | Self::Kept(_, place) => place,
        }
    }
}

/// Pairs two lists of named places by name.
pub(super) fn paired<'a>(
    old: Vec<(String, Place<'a>)>,
    new: Vec<(String, Place<'a>)>,
) -> Vec<(String, Fate<'a>)> {
    let mut all: BTreeMap<String, (Option<Place<'a>>, Option<Place<'a>>)> = BTreeMap::new();
    for (name, place) in old {
        all.entry(name).or_default().0 = Some(place);
    }
    for (name, place) in new {
        all.entry(name).or_default().1 = Some(place);
    }
    all.into_iter()
        .filter_map(|(name, (old, new))| Some((name, Fate::of(old, new)?)))
        .collect()
}

/// Pairs the members of two objects, either of which may be missing.
pub(super) fn members<'a>(
    old: Option<&Place<'a>>,
    new: Option<&Place<'a>>,
) -> Vec<(String, Fate<'a>)> {
    let entries = |place: Option<&Place<'a>>| place.map(Place::entries).unwrap_or_default();
    paired(entries(old), entries(new))
}

/// Who writes a value, as seen by the program that uses the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// The program writes it, so asking for more breaks.
    Sent,
    /// The program reads it, so promising less breaks.
    Received,
}

impl Direction {
    pub(super) const fn reversed(self) -> Self {
        match self {
            Self::Sent => Self::Received,
            Self::Received => Self::Sent,
        }
    }

    /// The class of a change after which fewer values are valid.
    pub(super) const fn narrower(self) -> Class {
        match self {
            Self::Sent => Class::Breaking,
            Self::Received => Class::Additive,
        }
    }

    /// The class of a change after which more values are valid.
    pub(super) const fn wider(self) -> Class {
        self.reversed().narrower()
    }
}

/// Where a pair of schemas stands, for a person.
#[derive(Clone, Debug)]
pub(super) struct Context {
    pub(super) direction: Direction,
    pub(super) subject: Rc<str>,
    /// The part of the operation; empty inside of a named schema.
    pub(super) part: Rc<str>,
    /// The operation, also inside of a named schema.
    pub(super) operation: Rc<str>,
}

impl Context {
    pub(super) fn new(subject: &str, part: &str, direction: Direction) -> Self {
        Self {
            direction,
            subject: subject.into(),
            part: part.into(),
            operation: subject.into(),
        }
    }
}

/// A pair of schemas that waits to be compared.
pub(super) struct Task<'a> {
    pub(super) old: Place<'a>,
    pub(super) new: Place<'a>,
    pub(super) context: Context,
    /// The way from the part to this schema, such as `data.id`.
    pub(super) path: String,
}

impl Task<'_> {
    /// Returns what a sentence about this pair begins with.
    pub(super) fn label(&self) -> String {
        match (&*self.context.part, self.path.as_str()) {
            (part, "") => part.to_owned(),
            ("", path) => format!("`{path}`"),
            (part, path) => format!("{part}, `{path}`"),
        }
    }
}

pub(super) struct Walk<'a> {
    old: &'a Value,
    new: &'a Value,
    changes: BTreeSet<Change>,
    faults: BTreeSet<String>,
    queue: VecDeque<Task<'a>>,
    pairs: HashSet<(String, String, Direction)>,
    /// Places that a reference has led to.
    reached: HashSet<(Side, String)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(old: &'a Value, new: &'a Value) -> Self {
        Self {
            old,
            new,
            changes: BTreeSet::new(),
            faults: BTreeSet::new(),
            queue: VecDeque::new(),
            pairs: HashSet::new(),
            reached: HashSet::new(),
        }
    }

    /// Compares everything.
    pub(super) fn document(&mut self) {
        let old = self.top(Side::Old);
        let new = self.top(Side::New);
        self.references(&old);
        self.references(&new);
        if !self.faults.is_empty() {
            return;
        }
        self.surroundings(&old, &new);
        self.paths(old.member("paths"), new.member("paths"));
        self.webhooks(old.member("webhooks"), new.member("webhooks"));
        while let Some(task) = self.queue.pop_front() {
            self.schema(&task);
        }
        // Only now is it known what something refers to.
        self.unused(old.member("components"), new.member("components"));
    }

    pub(super) fn finish(self) -> Result<Report> {
        if !self.faults.is_empty() {
            let more = self.faults.len().saturating_sub(FAULTS_SHOWN);
            let mut listed: Vec<String> = self.faults.into_iter().take(FAULTS_SHOWN).collect();
            if more > 0 {
                listed.push(format!("and {more} more"));
            }
            bail!(
                "the documents cannot be compared:\n  {}",
                listed.join("\n  ")
            );
        }
        Ok(Report {
            changes: self.changes.into_iter().collect(),
        })
    }

    pub(super) fn top(&self, side: Side) -> Place<'a> {
        let value = self.root(side);
        Place {
            side,
            pointer: String::new(),
            value,
        }
    }

    pub(super) fn root(&self, side: Side) -> &'a Value {
        match side {
            Side::Old => self.old,
            Side::New => self.new,
        }
    }

    /// Records a difference.
    pub(super) fn change(
        &mut self,
        class: Class,
        subject: &str,
        what: impl Into<String>,
        at: &Place<'a>,
    ) {
        self.changes.insert(Change {
            class,
            subject: subject.to_owned(),
            what: what.into(),
            pointer: at.pointer.clone(),
            side: at.side,
        });
    }

    /// Records a reason not to compare the documents at all.
    pub(super) fn fault(&mut self, at: &Place<'a>, sentence: &str) {
        let side = match at.side {
            Side::Old => "old",
            Side::New => "new",
        };
        self.faults
            .insert(format!("{side} #{}: {sentence}", shown(&at.pointer)));
    }

    /// Puts a pair of schemas in the queue.
    pub(super) fn compare_later(&mut self, task: Task<'a>) {
        let key = (
            task.old.pointer.clone(),
            task.new.pointer.clone(),
            task.context.direction,
        );
        if self.pairs.len() >= PAIRS_MAX {
            self.fault(
                &task.new,
                "from here on, the references multiply beyond what can be compared",
            );
            self.queue.clear();
        } else if self.pairs.insert(key) {
            self.queue.push_back(task);
        }
    }

    /// Follows references until a value stands there.
    pub(super) fn resolve(&mut self, place: &Place<'a>) -> Place<'a> {
        let mut reached = place.clone();
        // A circle is a fault that has been recorded before.
        for _ in 0..HOPS_MAX {
            match self.hop(&reached) {
                Some(next) => reached = next,
                None => break,
            }
        }
        reached
    }

    /// Follows one reference.
    pub(super) fn hop(&mut self, place: &Place<'a>) -> Option<Place<'a>> {
        let next = references::target(self.root(place.side), place)?.ok()?;
        self.reached.insert((next.side, next.pointer.clone()));
        Some(next)
    }

    pub(super) fn is_reached(&self, place: &Place<'a>) -> bool {
        self.reached.contains(&(place.side, place.pointer.clone()))
    }

    /// Returns a member that has to be an object.
    pub(super) fn object(&mut self, place: &Place<'a>, key: &str) -> Option<Place<'a>> {
        let member = place.member(key)?;
        if !member.value.is_object() {
            self.fault(&member, "here stands an object with names");
        }
        Some(member)
    }

    /// Returns a member that has to be a list.
    pub(super) fn list(&mut self, place: &Place<'a>, key: &str) -> Option<Place<'a>> {
        let member = place.member(key)?;
        self.expect_list(&member);
        Some(member)
    }

    pub(super) fn expect_list(&mut self, place: &Place<'a>) {
        if !place.value.is_array() {
            self.fault(place, "here stands a list");
        }
    }

    /// Compares the members that no other comparison has looked at: words are cosmetic, extensions
    /// too, and what nobody knows is breaking.
    pub(super) fn rest(
        &mut self,
        old: &Place<'a>,
        new: &Place<'a>,
        judged: &[&str],
        subject: &str,
        part: &str,
    ) {
        for (key, fate) in members(Some(old), Some(new)) {
            if judged.contains(&key.as_str()) {
                continue;
            }
            self.unjudged(&key, &fate, subject, || part.to_owned());
        }
    }

    /// Compares one member that no other comparison has looked at.
    pub(super) fn unjudged(
        &mut self,
        key: &str,
        fate: &Fate<'a>,
        subject: &str,
        part: impl FnOnce() -> String,
    ) {
        let verb = match fate {
            Fate::Kept(old, new) if old.value == new.value => return,
            Fate::Kept(..) => "reads differently",
            Fate::Added(_) => "is new",
            Fate::Removed(_) => "is gone",
        };
        let (class, doubt) = if is_words(key) {
            (Class::Cosmetic, "")
        } else {
            (
                Class::Breaking,
                ", and this comparison does not know what it means",
            )
        };
        let what = joined(&part(), &format!("`{}` {verb}{doubt}", shown(key)));
        self.change(class, subject, what, fate.place());
    }
}

/// Whether only people read a member.
pub(super) fn is_words(key: &str) -> bool {
    WORDS.contains(&key) || key.starts_with("x-")
}

/// Puts a sentence behind the part that it is about.
pub(super) fn joined(part: &str, sentence: &str) -> String {
    if part.is_empty() {
        sentence.to_owned()
    } else {
        format!("{part}: {sentence}")
    }
}
