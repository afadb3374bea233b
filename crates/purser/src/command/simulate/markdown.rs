//! A report as GitHub-flavoured Markdown, for a comment on a pull request.
//! Invariant: what a plan names stands in code spans, so that no name becomes markup, a link or a mention.

use std::fmt::Write;

use super::report::{Column, Report, Section};

/// The report; its later sections are folded.
pub(crate) fn text(report: &Report) -> String {
    let mut text = format!("### {}\n", escaped(&report.headline));
    for section in &report.sections {
        match section.title {
            Some(title) if section.is_detail => {
                let _ = write!(text, "\n<details><summary>{title}</summary>\n{}\n</details>\n", table(section));
            }
            Some(title) => {
                let _ = write!(text, "\n**{title}**\n{}", table(section));
            }
            None => text.push_str(&table(section)),
        }
    }
    if !report.notes.is_empty() {
        let notes: Vec<String> = report.notes.iter().map(|note| escaped(note)).collect();
        let _ = write!(text, "\n<sub>{}</sub>\n", notes.join("<br>"));
    }
    text.truncate(text.trim_end().len());
    text
}

fn table(section: &Section) -> String {
    let mut text = String::from("\n|");
    for column in &section.columns {
        let (Column::Text(title) | Column::Name(title) | Column::Number(title)) = column;
        let _ = write!(text, " {title} |");
    }
    text.push_str("\n|");
    for column in &section.columns {
        text.push_str(if matches!(column, Column::Number(_)) { "--:|" } else { "---|" });
    }
    text.push('\n');
    for row in &section.rows {
        text.push('|');
        for (cell, column) in row.iter().zip(&section.columns) {
            let cell = if matches!(column, Column::Name(_)) { code(cell) } else { escaped(cell) };
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text
}

/// A name in a code span; what would end the span or the cell is replaced.
fn code(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let name = name.replace('`', "'").replace('|', "\\|");
    format!("`{}`", name.replace(char::is_control, " "))
}

/// Words with everything escaped that Markdown or HTML would read as markup.
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for sign in words.chars() {
        match sign {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            // A mention needs its sign right before the name.
            '@' => text.push_str("@\u{200b}"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '!' => text.extend(['\\', sign]),
            sign if sign.is_control() => text.push(' '),
            sign => text.push(sign),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        for (name, expected) in
            [("ask", "`ask`"), ("a|b", "`a\\|b`"), ("`<b>@all", "`'<b>@all`"), ("a\nb", "`a b`"), ("", "")]
        {
            assert_eq!(code(name), expected, "{name}");
        }
        for (words, expected) in [
            ("cost $0.05, 10 % less", "cost $0.05, 10 % less"),
            ("<script> & [x](y) @all", "&lt;script&gt; &amp; \\[x\\](y) @\u{200b}all"),
            ("a|b*c_d", "a\\|b\\*c\\_d"),
        ] {
            assert_eq!(escaped(words), expected, "{words}");
        }
    }

    #[test]
    fn details_are_folded_and_numbers_stand_to_the_right() {
        let section = |title, is_detail| Section {
            title,
            columns: vec![Column::Name("Node"), Column::Number("Mean")],
            rows: vec![vec!["ask".to_owned(), "$1.00".to_owned()]],
            is_detail,
        };
        let report = Report {
            headline: "plan.yaml: feasible".to_owned(),
            sections: vec![section(None, false), section(Some("Drivers"), true)],
            notes: vec!["10,000 draws".to_owned()],
        };
        let table = "\n| Node | Mean |\n|---|--:|\n| `ask` | $1.00 |\n";
        let expected = format!(
            "### plan.yaml: feasible\n{table}\n<details><summary>Drivers</summary>\n{table}\n</details>\n\n<sub>10,000 draws</sub>"
        );
        assert_eq!(text(&report), expected);
    }
}
