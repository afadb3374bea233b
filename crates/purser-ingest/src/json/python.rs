//! Turns a Python value, as `str()` writes it, into JSON.
//! Invariant: what is no such value gives nothing; it is never guessed at.

/// The JSON of a Python literal: dictionaries, lists, texts, numbers, `None`, `True`, `False`.
pub(crate) fn to_json(text: &str) -> Option<String> {
    let mut json = String::with_capacity(text.len() + 8);
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '\'' | '"' => literal(rest, first, &mut json)?,
            'N' => word(rest, "None", "null", &mut json)?,
            'T' => word(rest, "True", "true", &mut json)?,
            'F' => word(rest, "False", "false", &mut json)?,
            '(' => mark('[', rest, &mut json),
            ')' => mark(']', rest, &mut json),
            '{' | '}' | '[' | ']' | ',' | ':' | ' ' | '-' | '+' | '.' | 'e' | '0'..='9' => mark(first, rest, &mut json),
            _ => return None,
        };
    }
    Some(json)
}

fn mark<'a>(written: char, rest: &'a str, json: &mut String) -> &'a str {
    json.push(written);
    &rest[1..]
}

fn word<'a>(rest: &'a str, python: &str, written: &str, json: &mut String) -> Option<&'a str> {
    json.push_str(written);
    rest.strip_prefix(python)
}

/// Reads a text that begins with `quote`; what follows it.
fn literal<'a>(text: &'a str, quote: char, json: &mut String) -> Option<&'a str> {
    json.push('"');
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            char if char == quote => {
                json.push('"');
                return Some(&text[at + 1..]);
            }
            '"' => json.push_str("\\\""),
            '\\' => match chars.next()?.1 {
                '\'' => json.push('\''),
                // Bytes by number; the texts that matter here have none.
                'x' => {
                    json.push_str("\\u00");
                    json.push(chars.next()?.1);
                    json.push(chars.next()?.1);
                }
                escaped => json.extend(['\\', escaped]),
            },
            char if char < ' ' => return None,
            char => json.push(char),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dictionary_becomes_an_object() {
        for (python, json) in [
            ("{'a': 1, 'b': None, 'c': [True, False]}", r#"{"a": 1, "b": null, "c": [true, false]}"#),
            (r#"{'say': '"hi"', "it's": 'x'}"#, r#"{"say": "\"hi\"", "it's": "x"}"#),
            (
                r"{'path': 'C:\\x', 'end': 'it\'s', 'bell': '\x07'}",
                r#"{"path": "C:\\x", "end": "it's", "bell": "\u0007"}"#,
            ),
            ("{'cost': 1e-05}", r#"{"cost": 1e-05}"#),
        ] {
            let found = to_json(python).expect("a literal");
            assert_eq!(found, json);
            assert!(serde_json::from_str::<serde_json::Value>(&found).is_ok(), "{found}");
        }
    }

    #[test]
    fn what_is_no_literal_gives_nothing() {
        for text in ["<object at 0x7f>", "{'a': Decimal('1')}", "{'open", "Nothing", "{'a': 'line\nend'}"] {
            assert_eq!(to_json(text), None, "{text}");
        }
    }
}
