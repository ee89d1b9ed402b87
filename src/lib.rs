//! Portolan: a live chart of this machine's ports, and of every socket that shares them.
//!
//! # The way of the data
//!
//! ```text
//!  operating system                                                                    terminal
//!        │                                                                                ▲
//!        ▼        Snapshot          Moment         Answer        words        Screen      │
//!     collect ────────────▶ history ──────▶ query ────────▶ teach ─────▶ view ──────▶ widgets
//!     sockets, owners,      what changed,   which sockets,  what it     which text   which cell,
//!     names: facts only     since when,     under which     means, in   stands       which colour
//!                           whose, which    port, in what   words       where
//!                           side            order
//!                                     app starts, paces, asks and ends them all
//! ```
//!
//! **Nouns are files at the root of `src`. Stages are directories. The alphabet puts the stages in
//! the order the data passes through them.** So a listing of `src` is the picture.
//!
//! # The stages
//!
//! 1. [`collect`]: the operating system → a [`snapshot::Snapshot`]. Two doors, each a trait:
//!    [`collect::SourceFile`] lists sockets (`sock_diag`, `procfs`, `netstat2`), [`collect::OwnerRecords`]
//!    finds the processes that have them. Ground facts; nothing is inferred.
//! 2. [`history`]: one snapshot after another → one [`history::Moment`] after another. Follows each
//!    socket by identity: since when, through which states, who had it, which of its two ports is
//!    the shared one, which row is its other end. Keeps, within bounds, what has ended and the
//!    moments before ([`history::Past`]).
//! 3. [`query`]: a moment and a [`query::Query`] → an [`query::QueryResult`]: rows filtered, grouped and
//!    ordered, and the lines they make.
//! 4. [`report`]: an answer, or what happened → plain lines, CSV and JSON for programs. Here the way
//!    to a pipe ends; the way to eyes goes on.
//! 5. [`teach`]: facts → sentences. What is seen and what is concluded are told apart. Here is also
//!    judged what is stuck or odd ([`teach::findings`]), by rules that are rows of one table. The
//!    fourteen lessons are data here; the lab that plays them on real sockets is in [`app`].
//! 6. [`view`]: answer and words → a [`view::Screen`]: plain text with tones, no terminal library.
//!    Only the rows that show are built. [`view::page`] is the same for a list on paper.
//! 7. [`widgets`]: a screen → cells of a terminal.
//!
//! [`app`] wires them: arguments, threads, the loop, the terminal, the printed list, the exit
//! status. It is the one stage that imports any other, and stands outside of the order.
//!
//! # The nouns
//!
//! [`port`] (a number, per protocol) · [`endpoint`] (address and port) · [`socket`] (one kernel
//! object, one row) · [`destroyed`] (its end, as the kernel announces it) · [`process`] (a pid and
//! its start; who holds what) · [`snapshot`] (all that one look gave, and what it could not see) ·
//! [`services`] (what a port is usually used for) · [`quantity`] (times, sizes and rates as people
//! read them) · [`text`] (bytes of strangers, made
//! safe to show) · [`wish`] (a port somebody would like to have).
//!
//! # What always holds, and what keeps it so
//!
//! * A stage imports nouns and the stages before it, nothing else; nouns import no stage.
//!   *`tests/architecture.rs`.*
//! * One library, one door: netstat2 in [`collect::netstat2`], sysinfo behind [`collect::owners`],
//!   crossterm in [`app`], ratatui in [`widgets`] and [`app`], nix in one file of [`app`]'s lab. No
//!   `unsafe`.
//!   *`tests/architecture.rs`; `unsafe_code = "forbid"`.*
//! * Only [`collect`] and [`app`] read a clock, a file or a socket: after collecting, time is the
//!   snapshot's own ([`snapshot::Snapshot::elapsed`]). *`tests/architecture.rs`.*
//! * From [`history`] on nothing fails. What could not be seen is a [`snapshot::Gap`] and is shown.
//!   *[`history::History::apply`] and [`query::answer()`] return no `Result`.*
//! * A fact that could not be seen is `None`, never zero. *The fields of [`socket::SocketRecord`].*
//! * An owner is stated only where a descriptor was seen; where there is none, why.
//!   *[`history::Ownership`]; `tests/live.rs` compares every pid with `ss`.*
//! * A row is identified by what it is, never by an index, a text or a state; a process is a pid
//!   and its start. *[`socket::SocketKey`], [`process::ProcessKey`].*
//! * Every source tells the same story of the same sockets. *`tests/sources.rs`, `tests/live.rs`.*
//! * Moments, answers and screens are never changed once made, so any thread may hold one.
//!   *They are handed on as `Arc` or by shared reference.*
//! * The thread that draws does no work in proportion to the number of sockets.
//!   *It gets an `Arc<QueryResult>`; [`query::Lines`] looks lines up by binary search.*
//! * Text from outside goes through [`text::readable`] before anything shows it.
//!   *[`process::Process`]; `tests/cli.rs`, `tests/live.rs`.*
//! * What Tab, `=` and `!` write is a filter, and finds what it was offered for.
//!   *`tests/properties/complete.rs`.*
//! * A finding counts all sockets of its port, whatever a filter shows; each of its rules is tested
//!   below, at and above its threshold. *[`teach::findings::RULES`].*
//! * What a lesson shows as a call is the value that its lab carries out; what it says of the rows is
//!   checked against them. *[`teach::lessons`]; `portolan learn --check`, `tests/lessons.rs`.*
//! * Every key is one row of one table that the loop, the help and the footer read.
//!   *[`view::keys::KEY_BINDINGS`].*

pub mod app;
pub mod collect;
pub mod history;
pub mod query;
pub mod report;
pub mod teach;
pub mod view;
pub mod widgets;

pub mod destroyed;
pub mod endpoint;
pub mod port;
pub mod process;
pub mod quantity;
pub mod services;
pub mod snapshot;
pub mod socket;
pub mod text;
pub mod wish;
