//! Query parameters, in place of the generator's own serializer.

use std::borrow::Cow;
use std::num::NonZeroU32;

use serde::{Serialize, Serializer};

/// Writes one query parameter, or nothing where its value is `None`.
#[doc(hidden)]
#[derive(Debug)]
pub struct QueryParam<'a, T> {
    name: &'a str,
    value: &'a T,
}

impl<'a, T: QueryValue> QueryParam<'a, T> {
    #[doc(hidden)]
    pub fn new(name: &'a str, value: &'a T) -> Self {
        Self { name, value }
    }
}

impl<T: QueryValue> Serialize for QueryParam<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.value.text().map(|text| (self.name, text)))
    }
}

/// Names the types that a query parameter may have.
///
/// A secret is none of them, so a document that puts one into an address gives code that does not compile.
#[doc(hidden)]
pub trait QueryValue {
    /// Returns the text of the value, or `None` to leave the parameter out.
    fn text(&self) -> Option<Cow<'_, str>>;
}

impl QueryValue for &str {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl QueryValue for NonZeroU32 {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

impl<T: QueryValue> QueryValue for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref().and_then(T::text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<T: QueryValue>(value: T) -> String {
        serde_urlencoded::to_string(QueryParam::new("a b", &value)).expect("it is written")
    }

    #[test]
    fn a_value_is_encoded_and_a_missing_one_leaves_nothing_behind() {
        let cases = [
            (written("x"), "a+b=x"),
            (written("x y&z=1"), "a+b=x+y%26z%3D1"),
            (written(Some("")), "a+b="),
            (written(None::<&str>), ""),
            (written(NonZeroU32::new(20)), "a+b=20"),
        ];
        for (found, wanted) in cases {
            assert_eq!(found, wanted);
        }
    }
}
