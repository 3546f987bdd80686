//! Which version comes next.

use std::fmt;

use crate::spec::diff::Class;

/// A step from one version to the next, by the rules of Cargo: before 1.0.0, the second number stands
/// for what the first stands for later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Advice {
    class: Class,
    from: [u64; 3],
    to: [u64; 3],
}

impl Advice {
    /// Advises on the version that follows `version` (three numbers) after a change of this class.
    pub(super) fn on(version: &str, class: Class) -> Self {
        let release = version.split(['-', '+']).next().unwrap_or_default();
        let mut numbers = release
            .split('.')
            .map(|number| number.parse().unwrap_or_default());
        let from = [(); 3].map(|()| numbers.next().unwrap_or_default());
        let [major, minor, patch] = from;
        let to = match (class, major) {
            (Class::Breaking, 0) => [0, minor + 1, 0],
            (Class::Breaking, _) => [major + 1, 0, 0],
            (Class::Additive, 1..) => [major, minor + 1, 0],
            (Class::Additive | Class::Cosmetic, _) => [major, minor, patch + 1],
        };
        Self { class, from, to }
    }

    /// Names the number that grows.
    const fn step(&self) -> &'static str {
        if self.to[0] > self.from[0] {
            "major"
        } else if self.to[1] > self.from[1] {
            "minor"
        } else {
            "patch"
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dotted = |numbers: &[u64; 3]| numbers.map(|number| number.to_string()).join(".");
        write!(
            out,
            "Version: the gravest change is {}, so the next release is a {} one at least: {} to {}",
            self.class.name(),
            self.step(),
            dotted(&self.from),
            dotted(&self.to)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_that_grows_depends_on_the_class_and_on_the_first_number() {
        let cases = [
            (
                "0.1.0",
                Class::Breaking,
                "a minor one at least: 0.1.0 to 0.2.0",
            ),
            (
                "0.1.7",
                Class::Additive,
                "a patch one at least: 0.1.7 to 0.1.8",
            ),
            (
                "0.1.7",
                Class::Cosmetic,
                "a patch one at least: 0.1.7 to 0.1.8",
            ),
            (
                "1.4.2",
                Class::Breaking,
                "a major one at least: 1.4.2 to 2.0.0",
            ),
            (
                "1.4.2",
                Class::Additive,
                "a minor one at least: 1.4.2 to 1.5.0",
            ),
            (
                "1.4.2",
                Class::Cosmetic,
                "a patch one at least: 1.4.2 to 1.4.3",
            ),
            (
                "0.3.0-rc.1",
                Class::Breaking,
                "a minor one at least: 0.3.0 to 0.4.0",
            ),
        ];
        for (version, class, wanted) in cases {
            let advice = Advice::on(version, class).to_string();
            assert!(advice.ends_with(wanted), "{advice}\n  wanted {wanted}");
        }
    }
}
