//! What tells the connections of a port apart, in a sentence.

use crate::quantity::count;
use crate::query::{Quarter, Shown, Survey};
use crate::teach::Phrase;

/// Which of the four numbers are the same, and which tell the connections apart.
pub fn say_survey(survey: &Survey) -> Vec<Phrase> {
    let mut said = vec![names(survey)];
    said.extend(whose(survey));
    if survey.waiting > 0 {
        said.push(Phrase::fact(format!(
            "{} without a remote end: no connection, and nothing to compare.",
            count(survey.waiting, "more socket is", "more sockets are")
        )));
    }
    said
}

/// Whose ends are shown, where both are there.
fn whose(survey: &Survey) -> Option<Phrase> {
    let (shown, other) = match survey.shown {
        Shown::Server => ("server's", "client's"),
        Shown::Client => ("client's", "server's"),
    };
    let of = match (survey.mirrored, survey.connections) {
        (0, _) => return None,
        (1, 1) => "".to_owned(),
        (all, connections) if all == connections => " of each".to_owned(),
        (some, _) => format!(" of the {some} whose two ends are both here"),
    };
    Some(Phrase::fact(format!(
        "Shown: the {shown} end{of}; the {other}, its mirror image, is left out."
    )))
}

fn names(survey: &Survey) -> Phrase {
    let all = survey.connections;
    match all {
        0 => return Phrase::fact("No connection here: there is nothing to tell apart."),
        1 => {
            return Phrase::fact(
                "One connection: these four numbers are its name, and no other has the same four.",
            );
        }
        _ => {}
    }
    if survey.names < all {
        return Phrase::fact(format!(
            "{all} connected sockets with {} names: some have the same four numbers, which only UDP \
             allows.",
            survey.names
        ));
    }
    let (differ, same): (Vec<Quarter>, Vec<Quarter>) =
        Quarter::ALL.into_iter().partition(|q| survey.differs(*q));
    let shared = match same.len() {
        0 => String::new(),
        1 => format!(" The {} is the same for all.", listed(&same)),
        _ => format!(" The {} are the same for all.", listed(&same)),
    };
    let alone: Vec<Quarter> = differ
        .iter()
        .copied()
        .filter(|q| survey.distinct(*q) == all)
        .collect();
    let told = match (alone.as_slice(), differ.as_slice()) {
        ([one], [_]) => format!("Only the {} tells these {all} apart.", one.name()),
        ([], [_, _, _, _]) => {
            format!("No single number tells these {all} apart, but no two have the same four.")
        }
        ([], _) => format!(
            "No single number tells these {all} apart, but no two have the same {} together.",
            listed(&differ)
        ),
        ([one, ..], _) => format!("The {} alone tells these {all} apart.", one.name()),
    };
    Phrase::fact(format!("{told}{shared}"))
}

fn listed(quarters: &[Quarter]) -> String {
    let names: Vec<&str> = quarters.iter().map(|q| q.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(connections: usize, distinct: [usize; 4]) -> String {
        let survey = Survey {
            connections,
            names: connections,
            distinct,
            ..Survey::default()
        };
        names(&survey).text
    }

    #[test]
    fn the_number_that_tells_them_apart_is_named() {
        assert_eq!(
            said(3, [1, 1, 1, 3]),
            "Only the remote port tells these 3 apart. The local address, local port and remote \
             address are the same for all."
        );
        assert_eq!(
            said(4, [1, 1, 2, 4]),
            "The remote port alone tells these 4 apart. The local address and local port are the \
             same for all."
        );
        assert_eq!(
            said(3, [1, 2, 2, 1]),
            "No single number tells these 3 apart, but no two have the same local port and remote \
             address together. The local address and remote port are the same for all."
        );
        assert!(said(1, [1; 4]).starts_with("One connection"));
        assert!(said(0, [0; 4]).starts_with("No connection"));
    }
    #[test]
    fn whose_end_is_shown_is_said() {
        let of = |connections, mirrored, shown| {
            let survey = Survey {
                connections,
                mirrored,
                shown,
                ..Survey::default()
            };
            whose(&survey).map(|phrase| phrase.text)
        };
        assert_eq!(of(3, 0, Shown::Server), None);
        assert_eq!(
            of(3, 3, Shown::Client).unwrap(),
            "Shown: the client's end of each; the server's, its mirror image, is left out."
        );
        let some = of(5, 2, Shown::Server).unwrap();
        assert!(some.starts_with("Shown: the server's end of the 2 whose two ends are both here;"));
    }
}
