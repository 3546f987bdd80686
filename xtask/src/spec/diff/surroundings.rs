//! What stands around the operations: information, servers and security.

use std::collections::{BTreeMap, BTreeSet};

use super::Class;
use super::walk::{Fate, Place, Walk, members, paired};
use crate::spec::shown;

const SERVERS: &str = "servers";
const SECURITY: &str = "security";

/// How many ways to authenticate are compared, each with each.
const ALTERNATIVES_MAX: usize = 64;

/// What one of the accepted ways to authenticate asks for: schemes and their scopes.
type Demands = BTreeSet<(String, String)>;

impl<'a> Walk<'a> {
    pub(super) fn surroundings(&mut self, old: &Place<'a>, new: &Place<'a>) {
        self.information(old, new);
        self.servers(old.member("servers"), new.member("servers"), SERVERS);
        self.security(old, new, old, new, SECURITY);
        let schemes = |place: &Place<'a>| place.member("components")?.member("securitySchemes");
        for (name, fate) in members(schemes(old).as_ref(), schemes(new).as_ref()) {
            self.scheme(&name, &fate);
        }
        const JUDGED: [&str; 7] = [
            "openapi",
            "info",
            "servers",
            "security",
            "paths",
            "webhooks",
            "components",
        ];
        self.rest(old, new, &JUDGED, "the document", "");
    }

    fn information(&mut self, old: &Place<'a>, new: &Place<'a>) {
        if let Some(fate) = Fate::of(old.member("openapi"), new.member("openapi"))
            && old.value.get("openapi") != new.value.get("openapi")
        {
            let what = "`openapi` reads differently";
            self.change(Class::Cosmetic, "the document", what, fate.place());
        }
        let (old, new) = (old.member("info"), new.member("info"));
        for (key, fate) in members(old.as_ref(), new.as_ref()) {
            if let Fate::Kept(old, new) = &fate
                && old.value == new.value
            {
                continue;
            }
            let what = match &fate {
                Fate::Kept(old, new) if key == "version" => format!(
                    "the version is {} instead of {}",
                    shown(&new.value.to_string()),
                    shown(&old.value.to_string())
                ),
                _ => format!("`info.{}` reads differently", shown(&key)),
            };
            self.change(Class::Cosmetic, "the document", what, fate.place());
        }
    }

    /// Compares lists of servers by their addresses.
    pub(super) fn servers(
        &mut self,
        old: Option<Place<'a>>,
        new: Option<Place<'a>>,
        subject: &str,
    ) {
        let listed = |place: &Option<Place<'a>>| {
            let entries = place.as_ref().map(Place::entries).unwrap_or_default();
            let entries = entries.into_iter().map(|(_, server)| {
                let url = server.text("url").unwrap_or_default().to_owned();
                (url, server)
            });
            entries.collect::<Vec<_>>()
        };
        let (was, is) = (listed(&old), listed(&new));
        let order = |list: &[(String, Place<'a>)]| {
            list.iter().map(|(url, _)| url.clone()).collect::<Vec<_>>()
        };
        let (was_order, is_order) = (order(&was), order(&is));
        for (url, fate) in paired(was, is) {
            let url = shown(&url);
            match &fate {
                Fate::Added(new) => {
                    self.change(Class::Additive, subject, format!("{url} is new"), new);
                }
                Fate::Removed(old) => {
                    self.change(Class::Breaking, subject, format!("{url} is gone"), old);
                }
                Fate::Kept(old, new) => {
                    self.rest(old, new, &["url"], subject, &url);
                }
            }
        }
        let sorted = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        if let Some(new) = new
            && was_order != is_order
            && sorted(&was_order) == sorted(&is_order)
        {
            let what = "the servers are listed in another order";
            self.change(Class::Cosmetic, subject, what, &new);
        }
    }

    /// Compares what an operation asks for, if it does not leave that to the document.
    pub(super) fn operation_security(&mut self, old: &Place<'a>, new: &Place<'a>, subject: &str) {
        if old.member("security").is_some() || new.member("security").is_some() {
            let (old_top, new_top) = (self.top(old.side), self.top(new.side));
            let own = |place: &Place<'a>, top: Place<'a>| {
                if place.member("security").is_some() {
                    place.clone()
                } else {
                    top
                }
            };
            let (from, to) = (own(old, old_top), own(new, new_top));
            self.security(&from, &to, old, new, subject);
        }
    }

    /// Compares the alternatives that `from` and `to` list; a list that is not there stands for the
    /// places `old` and `new`.
    fn security(
        &mut self,
        from: &Place<'a>,
        to: &Place<'a>,
        old: &Place<'a>,
        new: &Place<'a>,
        subject: &str,
    ) {
        let was = self.alternatives(from, old);
        let is = self.alternatives(to, new);
        for (demands, place) in &was {
            // Whoever brings more than is asked for is let in.
            if !is.keys().any(|other| other.is_subset(demands)) {
                let what = format!("{} is no longer enough", spoken(demands));
                self.change(Class::Breaking, subject, what, place);
            } else if !is.contains_key(demands) {
                let what = format!("less than {} is enough", spoken(demands));
                self.change(Class::Additive, subject, what, place);
            }
        }
        for (demands, place) in &is {
            if !was.contains_key(demands) {
                let what = format!("{} is accepted now", spoken(demands));
                self.change(Class::Additive, subject, what, place);
            }
        }
    }

    fn alternatives(
        &mut self,
        holder: &Place<'a>,
        otherwise: &Place<'a>,
    ) -> BTreeMap<Demands, Place<'a>> {
        let list = self.list(holder, "security");
        let entries = list.as_ref().map(Place::entries).unwrap_or_default();
        if entries.is_empty() {
            return BTreeMap::from([(Demands::new(), list.unwrap_or_else(|| otherwise.clone()))]);
        }
        if entries.len() > ALTERNATIVES_MAX {
            let at = list.as_ref().unwrap_or(otherwise).clone();
            self.fault(
                &at,
                "here stand more ways to authenticate than can be compared",
            );
            return BTreeMap::new();
        }
        let demands = |place: &Place<'a>| {
            let schemes = place.entries().into_iter();
            let demands = schemes.flat_map(|(scheme, scopes)| {
                let scopes = scopes.entries().into_iter();
                let scopes: Vec<String> = scopes
                    .filter_map(|(_, scope)| scope.value.as_str().map(str::to_owned))
                    .collect();
                let bare = (scheme.clone(), String::new());
                let scoped = scopes.into_iter().map(move |scope| (scheme.clone(), scope));
                std::iter::once(bare).chain(scoped)
            });
            demands.collect()
        };
        entries
            .into_iter()
            .map(|(_, place)| (demands(&place), place))
            .collect()
    }

    fn scheme(&mut self, name: &str, fate: &Fate<'a>) {
        let subject = format!("security scheme `{}`", shown(name));
        match fate {
            Fate::Added(new) => self.change(Class::Additive, &subject, "it is new", new),
            Fate::Removed(old) => self.change(Class::Breaking, &subject, "it is gone", old),
            Fate::Kept(old, new) => {
                let (old, new) = (self.resolve(old), self.resolve(new));
                self.flows(&old, &new, &subject);
                for (key, fate) in members(Some(&old), Some(&new)) {
                    let same = matches!(&fate, Fate::Kept(old, new) if old.value == new.value);
                    if key == "flows" || same {
                        continue;
                    }
                    let only_words = key == "description" || key.starts_with("x-");
                    let class = if only_words {
                        Class::Cosmetic
                    } else {
                        Class::Breaking
                    };
                    let what = format!("`{}` has changed", shown(&key));
                    self.change(class, &subject, what, fate.place());
                }
            }
        }
    }

    fn flows(&mut self, old: &Place<'a>, new: &Place<'a>, subject: &str) {
        let (old, new) = (self.object(old, "flows"), self.object(new, "flows"));
        for (flow, fate) in members(old.as_ref(), new.as_ref()) {
            let flow = shown(&flow);
            match &fate {
                Fate::Added(new) => {
                    let what = format!("the flow `{flow}` is new");
                    self.change(Class::Additive, subject, what, new);
                }
                Fate::Removed(old) => {
                    let what = format!("the flow `{flow}` is gone");
                    self.change(Class::Breaking, subject, what, old);
                }
                Fate::Kept(old, new) => {
                    let part = format!("the flow `{flow}`");
                    self.scopes(old, new, subject, &part);
                    self.addresses(old, new, subject, &part);
                    let judged = ["scopes", "authorizationUrl", "tokenUrl", "refreshUrl"];
                    self.rest(old, new, &judged, subject, &part);
                }
            }
        }
    }

    fn scopes(&mut self, old: &Place<'a>, new: &Place<'a>, subject: &str, part: &str) {
        let (old, new) = (self.object(old, "scopes"), self.object(new, "scopes"));
        for (scope, fate) in members(old.as_ref(), new.as_ref()) {
            let (class, verb) = match &fate {
                Fate::Added(_) => (Class::Additive, "is new"),
                Fate::Removed(_) => (Class::Breaking, "is gone"),
                Fate::Kept(old, new) if old.value == new.value => continue,
                Fate::Kept(..) => (Class::Cosmetic, "is described differently"),
            };
            let what = format!("{part}: the scope `{}` {verb}", shown(&scope));
            self.change(class, subject, what, fate.place());
        }
    }

    fn addresses(&mut self, old: &Place<'a>, new: &Place<'a>, subject: &str, part: &str) {
        for key in ["authorizationUrl", "tokenUrl", "refreshUrl"] {
            let Some(fate) = Fate::of(old.member(key), new.member(key)) else {
                continue;
            };
            let same = matches!(&fate, Fate::Kept(old, new) if old.value == new.value);
            if !same {
                let what = format!("{part}: `{key}` has changed");
                self.change(Class::Breaking, subject, what, fate.place());
            }
        }
    }
}

fn spoken(demands: &Demands) -> String {
    if demands.is_empty() {
        return "no authentication".to_owned();
    }
    let words = demands.iter().map(|(scheme, scope)| {
        if scope.is_empty() {
            format!("`{}`", shown(scheme))
        } else {
            format!("its scope `{}`", shown(scope))
        }
    });
    words.collect::<Vec<_>>().join(" with ")
}
