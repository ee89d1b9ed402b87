//! Edits a filter: adds a condition, or excludes what it matches.

use super::ast::{Condition, Filter, Node, NodeKind};

/// What to do with the rows a condition matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterEdit {
    /// Show only these.
    Include,
    /// Hide these.
    Exclude,
}

/// The result of [`edit_filter`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditedFilter {
    /// The filter already has the condition, printed here.
    Unchanged(String),
    /// The text of the new filter, which parses.
    Text(String),
}

/// Adds a condition to the active filter with `and`. `typed` is the text in the filter line; it is
/// kept verbatim if it parses to `filter`, else the normal form of `filter` is used.
pub fn edit_filter(
    typed: &str,
    filter: &Filter,
    condition: Condition,
    edit: FilterEdit,
) -> EditedFilter {
    let kind = match edit {
        FilterEdit::Include => NodeKind::Condition(condition),
        FilterEdit::Exclude => {
            NodeKind::Not(Box::new(unspanned_node(NodeKind::Condition(condition))))
        }
    };
    let added = unspanned_node(kind);
    let Some(tree) = filter.root() else {
        return EditedFilter::Text(added.to_string());
    };
    let is_present = match &tree.kind {
        NodeKind::And(children) => children.contains(&added),
        _ => *tree == added,
    };
    if is_present {
        return EditedFilter::Unchanged(added.to_string());
    }
    let active = match Filter::parse(typed) {
        Ok(written) if written == *filter => typed.trim().to_owned(),
        _ => filter.to_string(),
    };
    EditedFilter::Text(match tree.kind {
        NodeKind::Or(_) => format!("({active}) and {added}"),
        _ => format!("{active} and {added}"),
    })
}

/// Builds a node that was not parsed from text.
const fn unspanned_node(kind: NodeKind) -> Node {
    Node { span: 0..0, kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::EndSelector;
    use crate::filter::ast::exactly;
    use crate::net::port::Port;

    fn port(number: u16) -> Condition {
        Condition::Port(EndSelector::Either, exactly(Port(number).number().into()))
    }

    fn edited(typed: &str, edit: FilterEdit) -> String {
        let filter = Filter::parse(typed).unwrap();
        match edit_filter(typed, &filter, port(443), edit) {
            EditedFilter::Unchanged(text) => format!("already {text}"),
            EditedFilter::Text(text) => {
                Filter::parse(&text).unwrap();
                text
            }
        }
    }

    #[test]
    fn condition_is_appended_to_the_typed_text() {
        use FilterEdit::{Exclude, Include};
        for (typed, edit, expected) in [
            ("", Include, "port:443"),
            ("", Exclude, "not port:443"),
            ("  NGINX ", Include, "NGINX and port:443"),
            ("a b", Exclude, "a b and not port:443"),
            ("a or b", Include, "(a or b) and port:443"),
            ("a or b", Exclude, "(a or b) and not port:443"),
            ("(a or b)", Include, "((a or b)) and port:443"),
            ("not (a b)", Include, "not (a b) and port:443"),
            ("443", Include, "already port:443"),
            ("tcp and port:443", Include, "already port:443"),
            ("tcp -443", Exclude, "already not port:443"),
            ("443 or tcp", Include, "(443 or tcp) and port:443"),
            ("not 443", Include, "not 443 and port:443"),
        ] {
            assert_eq!(edited(typed, edit), expected, "{typed}");
        }
    }

    #[test]
    fn condition_is_appended_to_the_active_filter_not_to_invalid_text() {
        let filter = Filter::parse("tcp").unwrap();
        let text = edit_filter("tcp prot:", &filter, port(443), FilterEdit::Include);
        assert_eq!(text, EditedFilter::Text("proto:tcp and port:443".into()));
    }
}
