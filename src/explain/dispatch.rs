//! Builds the explanation for a subject and a perspective.

use super::context::ExplainContext;
use super::explanation::Explanation;
use super::perspective::Perspective;
use super::port::explain_port;
use super::process::explain_process;
use super::row::explain_row;
use super::subject::ExplainSubject;
use super::{host, kernel, port_perspectives, port_zero, row, standard, syscalls, wire};
use crate::explain::socket_vs_port::comparison;
use crate::history::TrackedSocket;
use crate::net::port::Port;

/// Explains a subject from one perspective; `None` if it is not in the moment.
pub fn build_explanation(
    subject: ExplainSubject,
    perspective: Perspective,
    context: ExplainContext<'_>,
) -> Option<Explanation> {
    match subject {
        ExplainSubject::Port(Port::NONE, protocol) => Some(port_zero::explain_port_zero(protocol)),
        ExplainSubject::Port(port, protocol) => Some(match perspective {
            Perspective::Plain => explain_port(port, protocol, context),
            _ => port_perspectives::explain_port_from(port, protocol, perspective, context),
        }),
        ExplainSubject::Socket(key, slot) => {
            // In a moment that lists closed sockets, a row may have another slot.
            let here = context.moment.row(slot).filter(|row| row.key == key);
            let row = here.or_else(|| context.moment.rows().find(|row| row.key == key))?;
            Some(explain_row_from(row, perspective, context))
        }
        ExplainSubject::Process(key) => {
            let process = context.moment.directory.processes.get(&key)?;
            Some(explain_process(process, context))
        }
        ExplainSubject::NoProcess(reason) => Some(host::explain_no_process(reason, context)),
        ExplainSubject::Host(address) => host::explain_host(address, context),
        ExplainSubject::NoHost => Some(host::explain_no_host(context)),
        ExplainSubject::SocketVsPort => Some(comparison::explain_socket_vs_port(context)),
    }
}

/// Explains a socket from one perspective.
pub fn explain_row_from(
    row: &TrackedSocket,
    perspective: Perspective,
    context: ExplainContext<'_>,
) -> Explanation {
    let mut explanation = Explanation::new(super::row_text::row_title(row, context.moment));
    match perspective {
        Perspective::Plain => return explain_row(row, context),
        Perspective::Syscalls => syscalls::add_syscalls(&mut explanation, row, context),
        Perspective::Kernel => kernel::add_kernel(&mut explanation, row, context),
        Perspective::Wire => wire::add_wire(&mut explanation, row, context.moment),
        Perspective::Standard => standard::add_standard(&mut explanation, row, context),
    }
    explanation.commands = row::related_commands(&row.socket);
    explanation
}
