//! Lists, a page at a time.

use serde_json::{Value, json};

use super::{Asked, wire};
use crate::{platform::wire::Refused, rule::Rule, wire::Answer};

const PAGE_SIZE_DEFAULT: usize = 20;
const PAGE_SIZE_MAX: usize = 100;

/// Answers one page of a list, or 422 where the query asks for no page that there could be.
pub(super) fn page(name: &str, all: &[Value], asked: &Asked<'_>) -> Result<Answer, Refused> {
    let sent = asked.parameters().ok();
    let rules = &asked.world.rules;
    let invalid = |name| move |rule| Refused::field(rule, name);
    let number = |name, default| {
        let number = match sent.as_ref().map(|sent| sent.get(name)) {
            None => None,
            Some(None) => Some(default),
            Some(Some(text)) => text.parse::<usize>().ok(),
        };
        let good = number.filter(|number| *number > 0);
        rules
            .find(Rule::PlatformPaging, good, || Some(default))
            .map_err(invalid(name))
    };
    let (page, page_size) = (number("page", 1)?, number("page_size", PAGE_SIZE_DEFAULT)?);
    rules
        .demand(Rule::PlatformPaging, page_size <= PAGE_SIZE_MAX)
        .map_err(invalid("page_size"))?;
    let shown: Vec<&Value> = all
        .iter()
        .skip((page - 1).saturating_mul(page_size))
        .take(page_size)
        .collect();
    Ok(wire::served(&json!({
        name: shown,
        "current_page": page,
        "total_pages": all.len().div_ceil(page_size),
        "total_count": all.len(),
    })))
}
