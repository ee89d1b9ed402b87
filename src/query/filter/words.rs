//! Every spelling in use of a TCP state: RFC 9293, ss, netstat, lsof, Windows.

use crate::socket::TcpState;

/// The state a word names, whatever its case and whether it joins its parts by `-`, `_` or nothing.
pub(super) fn state(word: &str) -> Option<TcpState> {
    let plain: String = word
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    Some(match plain.as_str() {
        "established" | "estab" | "est" => TcpState::Established,
        "synsent" => TcpState::SynSent,
        "synreceived" | "synrecv" | "synrcvd" | "synrcv" => TcpState::SynReceived,
        "finwait1" => TcpState::FinWait1,
        "finwait2" => TcpState::FinWait2,
        "timewait" | "tw" => TcpState::TimeWait,
        "closed" => TcpState::Closed,
        "closewait" | "cw" => TcpState::CloseWait,
        "lastack" => TcpState::LastAck,
        "listen" | "listening" => TcpState::Listen,
        "closing" => TcpState::Closing,
        _ => return None,
    })
}
