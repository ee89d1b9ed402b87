//! Portolan: a live chart of this machine's ports, and of every socket that shares them.
//!
//! # Data flow
//!
//! ```text
//!  operating system                                                                    terminal
//!        │                                                                                ▲
//!        ▼        Snapshot          Moment       QueryResult    phrases      Screen       │
//!     collect ────────────▶ history ──────▶ query ────────▶ explain ────▶ tui::view ──▶ tui::widgets
//!     sockets, owners,      what changed,   which sockets,  what it        which text
//!     names: facts only     since when,     under which     means, in      at which
//!                           whose, side     port, in what   sentences      place
//!                                           order
//!                                             └──▶ output: plain text, CSV, JSON
//! ```
//!
//! # Layers, first to last
//!
//! A layer imports itself and the layers earlier in this list. `tests/architecture.rs` holds the
//! same list, checks every import, and prints the import circles (there should be none).
//!
//! 1. `text`: sanitising foreign bytes, width in cells, wrapping, units, phrases.
//! 2. [`net`]: the nouns: port, endpoint, socket, process, snapshot, services.
//! 3. [`collect`]: the operating system → a [`net::snapshot::Snapshot`]. Two traits:
//!    [`collect::Source`] lists sockets, [`collect::Owners`] finds their processes. **A new data
//!    source goes here.**
//! 4. [`recording`]: snapshots to a file and back, with redaction.
//! 5. `history`: one snapshot after another → one `history::Moment` after another.
//! 6. [`fields`]: one table of what a socket has: how each field is read, filtered, printed, sorted.
//!    **A new field is a row of [`fields::FIELDS`] and an accessor.**
//! 7. [`filter`]: the filter language: text → [`filter::Filter`] → which rows match.
//! 8. `query`: a moment and a `query::Query` → a `query::QueryResult`: rows filtered, grouped,
//!    sorted, and the lines they make.
//! 9. `findings`: what is stuck or unusual. **A new finding is a row of `findings::RULES`.**
//! 10. `explain`: rows, ports, processes, hosts in sentences.
//! 11. `lessons`: lessons as data, grading, and the lab that runs them on real sockets.
//!     **A new lesson is a file in `lessons/catalog`.**
//! 12. `output`: query results and events → plain text, CSV, JSON. (The table that `list` prints by
//!     default is drawn by `tui::view`, like the dashboard.)
//! 13. `tui`: the dashboard without threads: state, update, keys, view, widgets. **A new key is a
//!     row of `tui::keys::KEY_BINDINGS`.**
//! 14. `runtime`: threads, terminal, signals, files. `runtime::messages` is the type of everything
//!     the event loop receives.
//! 15. `commands`: the command line, the configuration, a file for each subcommand.
//!
//! What has to change for a new field, key, finding, lesson or source is listed in
//! `.github/CONTRIBUTING.md`.
//!
//! # What always holds, and what keeps it so
//!
//! * A layer imports only layers before it; no file imports in a circle. *`tests/architecture.rs`.*
//! * Each library that meets the outside has its place: netstat2 and sysinfo in [`collect::portable`],
//!   crossterm and ratatui in a few files of `tui` and `runtime`, nix in one file of the lab, clap in
//!   `commands`. No `unsafe`. *The table in `tests/architecture.rs`; `unsafe_code = "forbid"`.*
//! * Only [`collect`], the lab, `runtime` and `commands` read a clock, a file or a socket, and
//!   one file of [`recording`] opens files: after sampling, time is the snapshot's own
//!   ([`net::snapshot::Snapshot::elapsed`]). *`tests/architecture.rs`.*
//! * Applying a snapshot and running a query cannot fail. What could not be seen is a
//!   [`net::snapshot::Gap`] and is shown. *`history::History::apply` and `query::run()` return no
//!   `Result`.*
//! * A fact that could not be seen is `None`, never zero. *The fields of [`net::socket::Socket`].*
//! * An owner is stated only where a descriptor was seen; where there is none, the reason is.
//!   *`history::Ownership`; `tests/live.rs` compares every pid with `ss`.*
//! * A row is identified by what it is, never by an index, a text or a state; a process is a pid and
//!   its start time. *[`net::socket::SocketKey`], [`net::process::ProcessKey`].*
//! * Every source gives the same rows for the same sockets. *`tests/sources.rs`, `tests/live.rs`.*
//! * Moments, results and screens never change once made, so any thread may hold one.
//!   *They are shared as `Arc` or by reference.*
//! * The thread that draws does no work in proportion to the number of sockets.
//!   *It gets an `Arc<QueryResult>`; `query::VisibleLines` finds lines by binary search.*
//! * Text from outside is sanitised by `text::sanitize()` before anything shows it.
//!   *[`net::process::Process`]; `tests/cli.rs`, `tests/live.rs`.*
//! * What Tab, `=` and `!` write is a filter, and matches what it was offered for.
//!   *`tests/properties/complete.rs`.*
//! * A finding counts all sockets of its port, whatever a filter shows; each rule is tested below, at
//!   and above its threshold. *`findings::RULES`.*
//! * A call that a lesson shows is the value that its lab executes; what it says of the rows is
//!   checked against them. *`lessons`; `portolan learn --check`, `tests/lessons.rs`.*
//!
//! # Public API
//!
//! `net`, `collect`, `recording`, `fields` and `filter` are a library for reading the socket table,
//! replaying recordings and filtering rows; every item in them is documented. The other modules are the program:
//! public for its tests and benchmarks only, and hidden from the documentation.

#[warn(missing_docs)]
pub mod collect;
#[warn(missing_docs)]
pub mod fields;
#[warn(missing_docs)]
pub mod filter;
#[warn(missing_docs)]
pub mod net;
#[warn(missing_docs)]
pub mod recording;

#[doc(hidden)]
pub mod commands;
#[doc(hidden)]
pub mod explain;
#[doc(hidden)]
pub mod findings;
#[doc(hidden)]
pub mod history;
#[doc(hidden)]
pub mod lessons;
#[doc(hidden)]
pub mod output;
#[doc(hidden)]
pub mod query;
#[doc(hidden)]
pub mod runtime;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod tui;
