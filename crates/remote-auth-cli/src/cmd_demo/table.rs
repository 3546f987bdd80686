//! A table for people: fixed columns, so that a row can be shown before the next one is known.

/// Space between two columns.
const GAP: &str = "  ";

/// Lays one row out under columns of the given widths, with a mark before the first line.
///
/// Cells are wrapped; the lines of a row have no blanks at their ends.
pub(super) fn row(mark: &str, widths: &[usize], cells: &[&str]) -> String {
    let columns: Vec<Vec<String>> = cells
        .iter()
        .zip(widths)
        .map(|(cell, width)| wrap(cell, *width))
        .collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    let mut text = String::new();
    for line in 0..height {
        let cells = columns.iter().zip(widths).map(|(column, width)| {
            let cell = column.get(line).map_or("", String::as_str);
            let fill = width.saturating_sub(cell.chars().count());
            format!("{cell}{}", " ".repeat(fill))
        });
        let cells = cells.collect::<Vec<_>>().join(GAP);
        let mark = if line == 0 { mark } else { " " };
        text.push_str(format!("{mark} {cells}").trim_end());
        text.push('\n');
    }
    text
}

/// Breaks text at line feeds, and at blanks where it is too wide.
///
/// Blanks at its beginning are kept on every line, as an indent.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent = &text[..text.len() - text.trim_start().len()];
    let mut lines: Vec<String> = Vec::new();
    for part in text.lines() {
        let first = lines.len();
        for word in part.split_whitespace() {
            match lines[first..].last_mut() {
                Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(format!("{indent}{word}")),
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_wrapped_under_their_columns() {
        let text = row("✓", &[6, 9, 3], &["one", "two three four", ""]);
        assert_eq!(text, "✓ one     two three\n          four\n");
    }

    #[test]
    fn indents_and_line_feeds_are_kept() {
        assert_eq!(wrap("  ab cd", 4), ["  ab", "  cd"]);
        assert_eq!(wrap("a\nb c", 9), ["a", "b c"]);
        assert!(wrap("", 4).is_empty());
    }
}
