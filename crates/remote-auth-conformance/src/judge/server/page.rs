//! A consent page, read as far as a person would answer it.

/// The form of a page: where it goes, what it carries along, and the buttons that answer it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) action: String,
    hidden: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

impl Form {
    /// Reads the first form of a page that has buttons with values.
    ///
    /// It looks for tags and their quoted attributes, and knows no more of HTML.
    pub(super) fn read(page: &str) -> Option<Self> {
        let (_, form) = page.split_once("<form")?;
        let form = form.split("</form").next()?;
        let action = attribute(form.split('>').next()?, "action")?;
        let mut read = Self {
            action,
            hidden: Vec::new(),
            buttons: Vec::new(),
        };
        for tag in form.split('<').filter_map(|tag| tag.split('>').next()) {
            let pair = attribute(tag, "name").zip(attribute(tag, "value"));
            let hides = attribute(tag, "type").as_deref() == Some("hidden");
            match pair {
                Some(pair) if tag.starts_with("input") && hides => read.hidden.push(pair),
                Some(pair) if tag.starts_with("button") => read.buttons.push(pair),
                _ => {}
            }
        }
        Some(read).filter(|form| !form.buttons.is_empty())
    }

    /// Returns what is sent when the button of this value is pressed, if there is one.
    pub(super) fn pressed(&self, value: &str) -> Option<Vec<(&str, &str)>> {
        let button = self.buttons.iter().find(|(_, says)| says == value)?;
        let pairs = self.hidden.iter().chain([button]);
        Some(
            pairs
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
        )
    }

    /// Returns the values that the form hides; a ticket may be among them.
    pub(super) fn hidden(&self) -> impl Iterator<Item = &str> {
        self.hidden.iter().map(|(_, value)| value.as_str())
    }
}

/// Finds a quoted attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    let value = value.split('"').next()?;
    let entities = [
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    let value = entities
        .iter()
        .fold(value.to_owned(), |value, (entity, text)| {
            value.replace(entity, text)
        });
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_answered_with_what_it_hides_and_the_button_that_is_pressed() {
        let page = "<h1>Connect?</h1><form method=\"post\" action=\"/consent?a=1&amp;b=2\">\
            <input type=\"hidden\" name=\"ticket\" value=\"t&quot;1\"><input name=\"note\" value=\"n\">\
            <button class=\"x\" name=\"decision\" value=\"approve\">Yes</button>\
            <button name=\"decision\" value=\"deny\">No</button></form><button name=\"z\" value=\"z\">";
        let form = Form::read(page).expect("a form");
        assert_eq!(form.action, "/consent?a=1&b=2");
        let approved = vec![("ticket", "t\"1"), ("decision", "approve")];
        assert_eq!(form.pressed("approve"), Some(approved));
        assert_eq!(form.pressed("z"), None);
        assert_eq!(form.hidden().collect::<Vec<_>>(), ["t\"1"]);
    }

    #[test]
    fn a_page_that_asks_nothing_has_no_form() {
        for page in [
            "",
            "<form action=\"/a\"></form>",
            "<button name=\"a\" value=\"b\">",
        ] {
            assert_eq!(Form::read(page), None, "{page}");
        }
    }
}
