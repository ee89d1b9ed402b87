//! The description of one field.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use super::column::{Column, ColumnWriter, CsvPlace, Quoting};
use super::kind::{
    EndSelector, FieldKind, Number, NumberField, NumberReader, TextField, TextMatching, TextReader,
    Unit,
};
use super::socket_view::SocketView;
use crate::net::endpoint::AddressScope;
use crate::net::port::Port;

/// Something that can be said of a socket.
#[derive(Debug)]
pub struct Field {
    /// Its name: what stands before the colon in a filter.
    pub name: &'static str,
    /// Other names for it, in filters and in options.
    pub aliases: &'static [&'static str],
    /// What it looks at.
    pub kind: FieldKind,
    /// What it is, in words.
    pub description: &'static str,
    /// Whether filters have it.
    pub filter: FilterUse,
    /// Whether it is a column.
    pub print: PrintUse,
    /// Whether sockets can be sorted by it.
    pub sort: SortUse,
    /// Where JSON has it.
    pub json: JsonUse,
    /// The heading of its column in the dashboard; empty where it has none or needs none.
    pub heading: &'static str,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}

impl Hash for Field {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Whether filters have a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterUse {
    /// They have, and this is how it is used.
    Example(&'static str),
    /// They have not, for this reason.
    No(&'static str),
}

/// Whether a field is a column of `list`.
#[derive(Clone, Copy, Debug)]
pub enum PrintUse {
    /// It is.
    Column(Column),
    /// It is not, for this reason.
    No(&'static str),
}

/// Whether sockets can be sorted by a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortUse {
    /// They can.
    Sorts,
    /// They can in the dashboard and in `watch`; `list` takes one sample, which does not show it.
    OverTime,
    /// They cannot, for this reason.
    No(&'static str),
}

/// Where JSON has a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonUse {
    /// At this path below the socket, in a structure with a shape of its own.
    At(&'static str),
    /// Written from this table under this name, with these words of documentation.
    Value(&'static str, &'static str),
    /// Nowhere, for this reason.
    No(&'static str),
}

/// A value to sort by. Unknown values come last, whichever way the column is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SortValue<'a> {
    /// Nothing is known.
    Unknown,
    /// A number, or the place of a word in its order.
    Number(u64),
    /// A measurement.
    Measured(f64),
    /// A name, to be compared without case.
    Text(&'a str),
    /// An address, and a port where there is one to compare.
    Address(IpAddr, Port),
}

/// `proto:`
const PROTOCOLS: [&str; 2] = ["tcp", "udp"];
/// `family:`
const FAMILIES: [&str; 2] = ["ipv4", "ipv6"];
/// `side:`
const SIDES: [&str; 3] = ["listening", "serving", "outgoing"];
/// `reach:`
const REACHES: [&str; 2] = ["everyone", "this-machine"];
/// `state:`, as they are printed.
const STATES: [&str; 11] = [
    "established",
    "listen",
    "syn-sent",
    "syn-received",
    "fin-wait-1",
    "fin-wait-2",
    "close-wait",
    "closing",
    "last-ack",
    "time-wait",
    "closed",
];

impl Field {
    /// Returns its name and its aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.name].into_iter().chain(self.aliases.iter().copied())
    }

    /// Returns whether filters have it.
    pub const fn is_filter(&self) -> bool {
        matches!(self.filter, FilterUse::Example(_))
    }

    /// Returns how a filter uses it; empty where none does.
    pub const fn example(&self) -> &'static str {
        match self.filter {
            FilterUse::Example(example) => example,
            FilterUse::No(_) => "",
        }
    }

    /// Returns its column of `list`.
    pub const fn column(&self) -> Option<&Column> {
        match &self.print {
            PrintUse::Column(column) => Some(column),
            PrintUse::No(_) => None,
        }
    }

    /// Returns the values it takes, where they are few and known without looking at the rows.
    pub const fn values(&self) -> &'static [&'static str] {
        match self.kind {
            FieldKind::Protocol => &PROTOCOLS,
            FieldKind::Family => &FAMILIES,
            FieldKind::State => &STATES,
            FieldKind::Side => &SIDES,
            FieldKind::Reach => &REACHES,
            FieldKind::Text(TextField {
                matching: TextMatching::Words(words),
                ..
            }) => words,
            _ => &[],
        }
    }

    /// Returns what may stand between the field and its value in a filter.
    pub const fn operators(&self) -> &'static [&'static str] {
        match self.kind {
            FieldKind::Port(_) | FieldKind::Number(_) => &[":", ">", ">=", "<", "<="],
            FieldKind::Host | FieldKind::Text(_) => &[":", "~"],
            _ => &[":"],
        }
    }

    /// Returns the value by which a socket is sorted.
    pub fn sort_value<'a>(&self, view: SocketView<'a>) -> SortValue<'a> {
        let socket = &view.row.socket;
        let rank = |number: u32| SortValue::Number(number.into());
        let known = |value: Option<SortValue<'a>>| value.unwrap_or(SortValue::Unknown);
        let port = |port: Port| match port {
            Port::NONE => SortValue::Unknown,
            port => rank(port.0.into()),
        };
        match self.kind {
            FieldKind::Port(EndSelector::Either) => port(view.row.port_key().port),
            FieldKind::Port(EndSelector::Local) => port(socket.local.port),
            FieldKind::Port(EndSelector::Remote) => port(socket.remote_port()),
            FieldKind::Address(EndSelector::Remote) | FieldKind::Host => known(
                socket
                    .remote
                    .map(|end| SortValue::Address(end.canonical_ip(), Port::NONE)),
            ),
            FieldKind::Address(_) => SortValue::Address(socket.local.canonical_ip(), Port::NONE),
            FieldKind::Endpoint(EndSelector::Remote) => known(
                socket
                    .remote
                    .map(|end| SortValue::Address(end.canonical_ip(), end.port)),
            ),
            FieldKind::Endpoint(_) => {
                SortValue::Address(socket.local.canonical_ip(), socket.local.port)
            }
            FieldKind::Protocol => rank(socket.protocol() as u32),
            FieldKind::Family => rank(socket.family() as u32),
            FieldKind::State => known(socket.tcp_state().map(|state| {
                let place = STATES
                    .iter()
                    .position(|name| name.eq_ignore_ascii_case(state.name()));
                SortValue::Number(place.unwrap_or(STATES.len()) as u64)
            })),
            FieldKind::Side => rank(view.row.side as u32),
            FieldKind::Reach if !socket.is_listening() => SortValue::Unknown,
            // From the nearest to the widest.
            FieldKind::Reach => rank(match (socket.interface, socket.local.scope()) {
                (None, AddressScope::Loopback) => 0,
                (Some(_), _) => 1,
                (None, AddressScope::Unspecified) => 3,
                (None, _) => 2,
            }),
            FieldKind::Text(text) => {
                let mut first = None;
                text.read.for_each(view, |name| {
                    first.get_or_insert(name);
                });
                known(first.map(SortValue::Text))
            }
            FieldKind::Number(number) => match number.read {
                NumberReader::Socket(read) => known(read(view).map(|number| match number {
                    Number::Exact(number) | Number::AtLeast(number) => SortValue::Number(number),
                    Number::Measured(number) => SortValue::Measured(number),
                })),
                NumberReader::Process(read) => {
                    let mut keys = view.processes();
                    let first = keys.find_map(|key| read(key, view.process_info(key)));
                    known(first.map(SortValue::Number))
                }
            },
        }
    }
}

/// Writing a row of the table: a field, and then one call for each of its uses.
impl Field {
    pub(super) const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self {
            name,
            aliases: &[],
            kind,
            description: "",
            filter: FilterUse::No(""),
            print: PrintUse::No(""),
            sort: SortUse::Sorts,
            json: JsonUse::No(""),
            heading: "",
        }
    }

    pub(super) const fn number(number: NumberField) -> Self {
        Self::new(number.name, FieldKind::Number(number))
    }

    /// A number of the socket.
    pub(super) const fn socket_number(
        name: &'static str,
        unit: Unit,
        read: fn(SocketView<'_>) -> Option<Number>,
    ) -> Self {
        let read = NumberReader::Socket(read);
        Self::number(NumberField { name, unit, read })
    }

    pub(super) const fn text(text: TextField) -> Self {
        Self::new(text.name, FieldKind::Text(text))
    }

    /// A name of which a filter gives a part.
    pub(super) const fn part_of_text(name: &'static str, read: TextReader) -> Self {
        let matching = TextMatching::Part;
        Self::text(TextField {
            name,
            matching,
            read,
        })
    }

    pub(super) const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn filters(
        mut self,
        example: &'static str,
        description: &'static str,
    ) -> Self {
        self.filter = FilterUse::Example(example);
        self.description = description;
        self
    }

    pub(super) const fn not_filtered(mut self, reason: &'static str) -> Self {
        self.filter = FilterUse::No(reason);
        self
    }

    /// Makes it a column under its own name that shows the number or the name as it is, in at least so
    /// many cells, described as it is for filters.
    pub(super) const fn prints(self, min_width: usize) -> Self {
        let writer = match self.kind {
            FieldKind::Number(number) => ColumnWriter::Number(number),
            FieldKind::Text(text) => ColumnWriter::Text(text),
            _ => panic!("only a number or a name is printed as it is"),
        };
        let (name, description) = (self.name, self.description);
        self.prints_with(name, min_width, description, writer)
    }

    /// The same with other words in the help of columns.
    pub(super) const fn prints_called(self, min_width: usize, description: &'static str) -> Self {
        let mut field = self.prints(min_width);
        if let PrintUse::Column(column) = &mut field.print {
            column.description = description;
        }
        field
    }

    /// Makes it a column with a heading of its own, which is one of its names, and a text of its own.
    pub(super) const fn prints_as(
        self,
        heading: &'static str,
        min_width: usize,
        description: &'static str,
        write: fn(SocketView<'_>, &mut String),
    ) -> Self {
        self.prints_with(heading, min_width, description, ColumnWriter::As(write))
    }

    const fn prints_with(
        mut self,
        heading: &'static str,
        min_width: usize,
        description: &'static str,
        writer: ColumnWriter,
    ) -> Self {
        if self.description.is_empty() {
            self.description = description;
        }
        self.print = PrintUse::Column(Column {
            name: heading,
            min_width,
            description,
            quoting: Quoting::Whole,
            csv: CsvPlace::First,
            writer,
        });
        self
    }

    /// The names in the column are quoted one by one.
    pub(super) const fn with_parts_quoted(mut self) -> Self {
        if let PrintUse::Column(column) = &mut self.print {
            column.quoting = Quoting::Parts;
        }
        self
    }

    /// The column comes after those of an earlier version, or only on request.
    pub(super) const fn in_csv(mut self, csv: CsvPlace) -> Self {
        if let PrintUse::Column(column) = &mut self.print {
            column.csv = csv;
        }
        self
    }

    pub(super) const fn not_printed(mut self, reason: &'static str) -> Self {
        self.print = PrintUse::No(reason);
        self
    }

    pub(super) const fn headed(mut self, heading: &'static str) -> Self {
        self.heading = heading;
        self
    }

    pub(super) const fn sorts_over_time(mut self) -> Self {
        self.sort = SortUse::OverTime;
        self
    }

    pub(super) const fn not_sorted(mut self, reason: &'static str) -> Self {
        self.sort = SortUse::No(reason);
        self
    }

    pub(super) const fn json_at(mut self, path: &'static str) -> Self {
        self.json = JsonUse::At(path);
        self
    }

    pub(super) const fn json_value(
        mut self,
        name: &'static str,
        description: &'static str,
    ) -> Self {
        self.json = JsonUse::Value(name, description);
        self
    }

    pub(super) const fn no_json(mut self, reason: &'static str) -> Self {
        self.json = JsonUse::No(reason);
        self
    }
}
