//! Describes which of the four numbers (4-tuple) tell the connections of a port apart.

use crate::query::{ShownEnd, TupleDiff, TupleField};
use crate::text::phrase::Phrase;
use crate::text::units::pluralize;

/// Describes which of the four numbers are equal, which differ, and which ends are shown.
pub(crate) fn describe_tuple_diff(diff: &TupleDiff) -> Vec<Phrase> {
    let mut phrases = vec![describe_differing_fields(diff)];
    phrases.extend(describe_shown_end(diff));
    if diff.unconnected > 0 {
        phrases.push(Phrase::fact(format!(
            "{} without a peer: no connection, and nothing to compare.",
            pluralize(diff.unconnected, "more socket is", "more sockets are")
        )));
    }
    phrases
}

/// Says which ends are shown if both ends of a connection are on this machine.
fn describe_shown_end(diff: &TupleDiff) -> Option<Phrase> {
    let (shown, other) = match diff.shown_end {
        ShownEnd::Server => ("server's", "client's"),
        ShownEnd::Client => ("client's", "server's"),
    };
    let end_text = match (diff.local_connections, diff.connections) {
        (0, _) => return None,
        (1, 1) => "".to_owned(),
        (all, connections) if all == connections => " of each".to_owned(),
        (some, _) => format!(" of the {some} whose two ends are both here"),
    };
    Some(Phrase::fact(format!(
        "Shown: the {shown} end{end_text}; the {other}, its mirror image, is left out."
    )))
}

fn describe_differing_fields(diff: &TupleDiff) -> Phrase {
    let all = diff.connections;
    match all {
        0 => return Phrase::fact("No connection here: nothing to compare."),
        1 => {
            return Phrase::fact(
                "One connection: these four numbers (4-tuple) identify it; no other has the same four.",
            );
        }
        _ => {}
    }
    if diff.distinct_tuples < all {
        return Phrase::fact(format!(
            "{all} connected sockets with {} different 4-tuples: some have the same four numbers, which only \
             UDP allows.",
            diff.distinct_tuples
        ));
    }
    let (differ, same): (Vec<TupleField>, Vec<TupleField>) = TupleField::ALL
        .into_iter()
        .partition(|field| diff.differs(*field));
    let shared = match same.len() {
        0 => String::new(),
        1 => format!(" The {} is the same for all.", join_field_names(&same)),
        _ => format!(" The {} are the same for all.", join_field_names(&same)),
    };
    let unique_fields: Vec<TupleField> = differ
        .iter()
        .copied()
        .filter(|field| diff.distinct_count(*field) == all)
        .collect();
    let sentence = match (unique_fields.as_slice(), differ.as_slice()) {
        ([one], [_]) => format!("Only the {} tells these {all} apart.", one.name()),
        ([], [_, _, _, _]) => {
            format!("No single number tells these {all} apart, but no two have the same four.")
        }
        ([], _) => format!(
            "No single number tells these {all} apart, but no two have the same {} together.",
            join_field_names(&differ)
        ),
        ([one, ..], _) => format!("The {} alone tells these {all} apart.", one.name()),
    };
    Phrase::fact(format!("{sentence}{shared}"))
}

fn join_field_names(fields: &[TupleField]) -> String {
    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_for(connections: usize, distinct: [usize; 4]) -> String {
        let diff = TupleDiff {
            connections,
            distinct_tuples: connections,
            distinct,
            ..TupleDiff::default()
        };
        describe_differing_fields(&diff).text
    }

    #[test]
    fn names_the_field_that_differs() {
        assert_eq!(
            text_for(3, [1, 1, 1, 3]),
            "Only the remote port tells these 3 apart. The local address, local port and remote \
             address are the same for all."
        );
        assert_eq!(
            text_for(4, [1, 1, 2, 4]),
            "The remote port alone tells these 4 apart. The local address and local port are the \
             same for all."
        );
        assert_eq!(
            text_for(3, [1, 2, 2, 1]),
            "No single number tells these 3 apart, but no two have the same local port and remote \
             address together. The local address and remote port are the same for all."
        );
        assert!(text_for(1, [1; 4]).starts_with("One connection"));
        assert!(text_for(0, [0; 4]).starts_with("No connection"));
    }
    #[test]
    fn names_the_shown_end() {
        let end_text = |connections, mirrored, shown| {
            let diff = TupleDiff {
                connections,
                local_connections: mirrored,
                shown_end: shown,
                ..TupleDiff::default()
            };
            describe_shown_end(&diff).map(|phrase| phrase.text)
        };
        assert_eq!(end_text(3, 0, ShownEnd::Server), None);
        assert_eq!(
            end_text(3, 3, ShownEnd::Client).unwrap(),
            "Shown: the client's end of each; the server's, its mirror image, is left out."
        );
        let some = end_text(5, 2, ShownEnd::Server).unwrap();
        assert!(some.starts_with("Shown: the server's end of the 2 whose two ends are both here;"));
    }
}
