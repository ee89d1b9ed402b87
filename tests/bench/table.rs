//! The printed table.

use std::io::{self, Write};
use std::time::Duration;

use crate::stopwatch::Laps;

/// Rows of measures, with a column for each size.
#[derive(Default)]
pub(crate) struct ReportTable {
    sizes: Vec<usize>,
    rows: Vec<ReportRow>,
    notes: Vec<String>,
}

struct ReportRow {
    label: &'static str,
    cells: Vec<(usize, String)>,
}

/// The figure not to be exceeded, by number of sockets.
pub(crate) type Goals = &'static [(usize, f64)];

impl ReportTable {
    /// Begins the column of a size.
    pub(crate) fn begin_column(&mut self, size: usize) {
        self.sizes.push(size);
    }

    /// Adds a note below the table.
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    /// Fills in a cell of the current column.
    pub(crate) fn cell(&mut self, label: &'static str, text: String) {
        let Some(&size) = self.sizes.last() else {
            return;
        };
        match self.rows.iter_mut().find(|row| row.label == label) {
            Some(row) => row.cells.push((size, text)),
            None => self.rows.push(ReportRow {
                label,
                cells: vec![(size, text)],
            }),
        }
    }

    /// Fills in a median CPU time.
    pub(crate) fn laps(&mut self, label: &'static str, laps: &Laps) {
        let (median, spread) = laps.median();
        let text = format!("{} ±{:.0}%", duration(median), spread * 100.0);
        self.cell(label, text);
    }

    /// Fills in a median wall-clock time, for work that several threads do.
    pub(crate) fn wall_laps(&mut self, label: &'static str, laps: &Laps) {
        let (median, spread) = laps.median_wall();
        let text = format!("{} ±{:.0}%", duration(median), spread * 100.0);
        self.cell(label, text);
    }

    /// Fills in a figure that has a goal.
    pub(crate) fn goal(&mut self, label: &'static str, value: f64, unit: &str, goals: Goals) {
        let size = self.sizes.last();
        let goal = goals
            .iter()
            .find(|(column_size, _)| Some(column_size) == size);
        let text = match goal {
            Some((_, most)) if value > *most => format!("{value:.2} {unit} >{most} !"),
            Some((_, most)) => format!("{value:.2} {unit} ≤{most}  "),
            None => format!("{value:.2} {unit}"),
        };
        self.cell(label, text);
    }

    /// Prints the table and the notes.
    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "\n{:44}", "sockets")?;
        for size in &self.sizes {
            write!(out, "{size:>22}")?;
        }
        writeln!(out)?;
        for row in &self.rows {
            write!(out, "{:44}", row.label)?;
            for size in &self.sizes {
                let cell = row
                    .cells
                    .iter()
                    .find(|(column_size, _)| column_size == size);
                write!(out, "{:>22}", cell.map_or("", |(_, text)| text))?;
            }
            writeln!(out)?;
        }
        for note in &self.notes {
            writeln!(out, "{note}")?;
        }
        out.flush()
    }
}

fn duration(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        ..1000.0 => format!("{us:.1} µs"),
        _ => format!("{:.2} ms", us / 1e3),
    }
}
