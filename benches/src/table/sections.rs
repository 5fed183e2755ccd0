//! The groups of benchmarks as tables: what is a row, and what a column.

use std::collections::BTreeSet;

use crate::figures::Figure;

use super::read::{Results, in_group};

/// A unit to show figures in.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Its name.
    pub name: &'static str,
    /// How many of the figures' own unit it is.
    pub size: f64,
}

/// Of nanoseconds.
pub const NS: Scale = Scale {
    name: "ns",
    size: 1.0,
};
/// Of nanoseconds.
pub const US: Scale = Scale {
    name: "µs",
    size: 1e3,
};
/// Of counts.
pub const INSTRUCTIONS: Scale = Scale {
    name: "instructions",
    size: 1.0,
};
/// Of bytes.
pub const MIB: Scale = Scale {
    name: "MiB",
    size: 1024.0 * 1024.0,
};

/// What becomes a column; the rest of an id becomes a row.
#[derive(Clone, Copy, Debug)]
enum Columns {
    /// Each of these groups, under a heading.
    Groups(&'static [(&'static str, &'static str)]),
    /// In one group, each last part of an id.
    LastPart(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// By the first column.
    Cheapest,
    /// As the results come.
    Given,
}

/// One table.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// What is measured.
    pub what: &'static str,
    /// The unit of its times or bytes.
    pub scale: Scale,
    /// What its columns count, if they are headed by numbers.
    pub by: Option<&'static str>,
    /// The row that the others are a part of.
    pub plain: Option<&'static str>,
    columns: Columns,
    order: Order,
}

/// Of a group with one table for each number of threads, or the like.
const fn by_threads(
    title: &'static str,
    what: &'static str,
    plain: &'static str,
    groups: &'static [(&'static str, &'static str)],
) -> Section {
    Section {
        title,
        what,
        scale: NS,
        by: None,
        plain: Some(plain),
        columns: Columns::Groups(groups),
        order: Order::Cheapest,
    }
}

const fn span_instructions(
    title: &'static str,
    what: &'static str,
    groups: &'static [(&'static str, &'static str)],
) -> Section {
    Section {
        scale: INSTRUCTIONS,
        ..by_threads(title, what, RIVAL, groups)
    }
}

const fn by_shards(group: &'static str, what: &'static str) -> Section {
    Section {
        title: group,
        what,
        scale: US,
        by: Some("shards"),
        plain: None,
        columns: Columns::LastPart(group),
        order: Order::Given,
    }
}

/// Increments of a counter.
pub const COUNTER: Section = by_threads(
    "counter",
    "One increment of a counter without labels.",
    "fetch_add",
    &[
        ("1 thread", "counter_1_thread"),
        ("2 threads", "counter_2_threads"),
        ("4 threads", "counter_4_threads"),
    ],
);

/// Values into a histogram.
pub const HISTOGRAM: Section = by_threads(
    "histogram",
    "One value into a histogram. `hdrhistogram` is the thread's own, which no \
     other can read.",
    "hdrhistogram",
    &[
        ("1 thread", "histogram_1_thread"),
        ("2 threads", "histogram_2_threads"),
        ("4 threads", "histogram_4_threads"),
    ],
);

/// One record beside many other series, and other threads' shards.
pub const SERIES: Section = Section {
    title: "series",
    what: "One increment where the thread has recorded into N counters (`series/N`), or N \
           threads into one (`shards/N`).",
    scale: NS,
    by: None,
    plain: Some("series/1"),
    columns: Columns::Groups(&[("ns", "series")]),
    order: Order::Given,
};

/// A flush, as far as the core takes it.
pub const HARVEST: Section = by_shards(
    "harvest",
    "One `Registry::flush` of so many counters + histograms, of which all or a tenth were \
     recorded into since the last.",
);

/// All tables, in their order.
pub const SECTIONS: [Section; 21] = [
    COUNTER,
    by_threads(
        "labelled",
        "One increment of a counter with labels.",
        "prometheus_look_up",
        &[
            ("1 thread", "labelled_1_thread"),
            ("2 threads", "labelled_2_threads"),
            ("4 threads", "labelled_4_threads"),
        ],
    ),
    by_threads(
        "named",
        "One record by name, one of twenty.",
        "prometheus_look_up",
        &[
            ("1 thread", "named_1_thread"),
            ("2 threads", "named_2_threads"),
            ("4 threads", "named_4_threads"),
        ],
    ),
    HISTOGRAM,
    by_threads(
        "up_down",
        "One increment of a sum that may fall.",
        "fetch_add",
        &[
            ("1 thread", "up_down_1_thread"),
            ("2 threads", "up_down_2_threads"),
            ("4 threads", "up_down_4_threads"),
        ],
    ),
    by_threads(
        "gauge",
        "One setting of a gauge.",
        "store",
        &[
            ("1 thread", "gauge_1_thread"),
            ("2 threads", "gauge_2_threads"),
            ("4 threads", "gauge_4_threads"),
        ],
    ),
    by_threads(
        "timer",
        "A timer's start and stop with the record of what lies between.",
        "instant",
        &[
            ("1 thread", "timer_1_thread"),
            ("2 threads", "timer_2_threads"),
            ("4 threads", "timer_4_threads"),
        ],
    ),
    SERIES,
    Section {
        by: Some("distinct values"),
        plain: Some("opentelemetry_exponential"),
        order: Order::Cheapest,
        ..by_shards(
            "against_opentelemetry",
            "One flush of 1,000 counters and 100 histograms to OTLP JSON; the values from 1 on, \
             `spread` 1 % apart, where no two share a cache line.",
        )
    },
    HARVEST,
    by_shards(
        "harvest_and_json",
        "The same, accumulated and encoded as OTLP JSON.",
    ),
    by_shards(
        "snapshot",
        "The same harvest, accumulated, and the snapshot for people.",
    ),
    Section {
        title: "disturbance",
        what: "From one reading of the clock to the next with one record in between (with \
               `clock`, nothing), while another thread flushes this registry or, the \
               neighbours, its own.",
        scale: NS,
        by: None,
        plain: None,
        columns: Columns::LastPart("disturbance"),
        order: Order::Given,
    },
    Section {
        title: "thread_life",
        what: "A thread from spawn to join, and its first records, in a registry of the default \
               capacity and in one of 10,000 counters.",
        scale: US,
        by: None,
        plain: None,
        columns: Columns::Groups(&[
            ("default", "thread_life"),
            ("10,000 counters", "thread_life_10k"),
        ]),
        order: Order::Cheapest,
    },
    Section {
        title: "memory",
        what: "Resident memory of 1,000 counters and 20 histograms, recorded into by all threads.",
        scale: MIB,
        by: None,
        plain: None,
        columns: Columns::Groups(&[
            ("1 thread", "memory/1_threads"),
            ("16 threads", "memory/16_threads"),
            ("64 threads", "memory/64_threads"),
        ]),
        order: Order::Given,
    },
    Section {
        title: "memory, unused",
        what: "One registry that nobody records into, empty and with those series registered.",
        scale: MIB,
        by: None,
        plain: None,
        columns: Columns::Groups(&[("MiB", "memory/unused")]),
        order: Order::Given,
    },
    by_threads(
        "span",
        "One span of three fields, entered and exited, the first of its trace: on the thread that \
         records it, while nothing is encoded and while another thread does; and all in, until it \
         is encoded as OTLP protobuf, of all threads' spans together. `registry` is the floor that `tracing` sets; `fastrace` has macros of its own.",
        RIVAL,
        &[
            ("recording, 1 thread", "span_recording_1_thread"),
            ("2 threads", "span_recording_2_threads"),
            ("while encoding", "span_while_encoding_1_thread"),
            ("all in, 1 thread", "span_all_in_1_thread"),
            ("all in, 2 threads", "span_all_in_2_threads"),
        ],
    ),
    by_threads(
        "span, with a child",
        "The same of two spans, of which one is the other's parent: half of both.",
        RIVAL,
        &[
            ("recording, 1 thread", "span_child_recording_1_thread"),
            ("2 threads", "span_child_recording_2_threads"),
            ("while encoding", "span_child_while_encoding_1_thread"),
            ("all in, 1 thread", "span_child_all_in_1_thread"),
            ("all in, 2 threads", "span_child_all_in_2_threads"),
        ],
    ),
    by_threads(
        "span, with an event",
        "The same of one span, with an event in it, which has a message and a field.",
        RIVAL,
        &[
            ("recording, 1 thread", "span_event_recording_1_thread"),
            ("2 threads", "span_event_recording_2_threads"),
            ("while encoding", "span_event_while_encoding_1_thread"),
            ("all in, 1 thread", "span_event_all_in_1_thread"),
            ("all in, 2 threads", "span_event_all_in_2_threads"),
        ],
    ),
    span_instructions(
        "span, instructions of its thread",
        "As `scripts/guard --spans` has counted them last.",
        &[
            ("a span", "instructions/span_thread"),
            ("with a child", "instructions/span_child_thread"),
            ("with an event", "instructions/span_event_thread"),
        ],
    ),
    span_instructions(
        "span, instructions of the process",
        "The same of all threads, until it is encoded.",
        &[
            ("a span", "instructions/span_process"),
            ("with a child", "instructions/span_child_process"),
            ("with an event", "instructions/span_event_process"),
        ],
    ),
];

/// What spans are a part of.
const RIVAL: &str = "tracing-opentelemetry";

/// A section with its figures.
#[derive(Debug)]
pub struct Table<'a> {
    /// The columns' headings.
    pub headings: Vec<&'a str>,
    /// The rows: a name, and a cell for each column.
    pub rows: Vec<Row<'a>>,
}

/// One row of a [`Table`].
#[derive(Debug)]
pub struct Row<'a> {
    /// Its name.
    pub name: &'a str,
    /// A figure for each column that has one.
    pub cells: Vec<Option<&'a Figure>>,
}

impl Section {
    /// Its figures out of `results`.
    pub fn table<'a>(&self, results: &'a Results) -> Table<'a> {
        let mut table = Table {
            headings: Vec::new(),
            rows: Vec::new(),
        };
        match self.columns {
            Columns::Groups(groups) => {
                table.headings = groups.iter().map(|(heading, _)| *heading).collect();
                for (heading, group) in groups {
                    for (row, figure) in results.of_group(group) {
                        table.set(row, heading, figure);
                    }
                }
            }
            Columns::LastPart(group) => {
                for (rest, figure) in results.of_group(group) {
                    if let Some((row, column)) = rest.rsplit_once('/') {
                        table.set(row, column, figure);
                    }
                }
            }
        }
        if self.order == Order::Cheapest {
            let cost = |row: &Row<'_>| row.cells[0].map_or(f64::INFINITY, |cell| cell.value);
            table.rows.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        }
        table
    }

    fn has(&self, id: &str) -> bool {
        match self.columns {
            Columns::Groups(groups) => groups
                .iter()
                .any(|(_, group)| in_group(id, group).is_some()),
            Columns::LastPart(group) => in_group(id, group).is_some(),
        }
    }
}

impl<'a> Table<'a> {
    /// Adds the row or the column if it is new.
    fn set(&mut self, row: &'a str, heading: &'a str, figure: &'a Figure) {
        let known = self.headings.iter().position(|known| *known == heading);
        let column = known.unwrap_or_else(|| {
            self.headings.push(heading);
            for row in &mut self.rows {
                row.cells.push(None);
            }
            self.headings.len() - 1
        });
        let known = self.rows.iter().position(|known| known.name == row);
        let row = known.unwrap_or_else(|| {
            self.rows.push(Row {
                name: row,
                cells: vec![None; self.headings.len()],
            });
            self.rows.len() - 1
        });
        self.rows[row].cells[column] = Some(figure);
    }

    /// The row of that name.
    pub fn row(&self, name: &str) -> Option<&Row<'a>> {
        self.rows.iter().find(|row| row.name == name)
    }
}

/// Groups that no table shows: those of another version of the benches, or a
/// new one that was forgotten here.
pub fn unknown(results: &Results) -> BTreeSet<&str> {
    results
        .iter()
        .filter(|figure| !SECTIONS.iter().any(|section| section.has(&figure.id)))
        .filter_map(|figure| figure.id.split('/').next())
        .collect()
}

/// Whether a row or a line is one of ours.
pub fn is_ours(name: &str) -> bool {
    const OURS: [&str; 11] = [
        "bound",
        "family",
        "increment",
        "local",
        "ours",
        "ours_narrow",
        "record",
        "record_counter",
        "record_latency_ms",
        "set",
        "timer",
    ];
    OURS.contains(&name)
}

#[cfg(test)]
mod tests {
    use crate::figures::Unit;

    use super::*;

    fn results<const N: usize>(ids: [(&str, f64); N]) -> Results {
        let figure = |(id, value): (&str, f64)| Figure {
            id: id.into(),
            value,
            unit: Unit::Nanoseconds,
        };
        ids.into_iter().map(figure).collect()
    }

    fn cells(table: &Table<'_>) -> Vec<(String, Vec<Option<f64>>)> {
        let values = |row: &Row<'_>| row.cells.iter().map(|cell| cell.map(|f| f.value)).collect();
        let rows = table.rows.iter();
        rows.map(|row| (row.name.to_owned(), values(row))).collect()
    }

    #[test]
    fn groups_are_columns() {
        let results = results([
            ("counter_1_thread/fetch_add", 5.0),
            ("counter_1_thread/increment", 1.0),
            ("counter_4_threads/increment", 2.0),
            ("counter_4_threads/nm", 3.0),
        ]);
        let table = COUNTER.table(&results);
        assert_eq!(table.headings, ["1 thread", "2 threads", "4 threads"]);
        assert_eq!(
            cells(&table),
            [
                ("increment".into(), vec![Some(1.0), None, Some(2.0)]),
                ("fetch_add".into(), vec![Some(5.0), None, None]),
                ("nm".into(), vec![None, None, Some(3.0)]),
            ]
        );
    }

    #[test]
    fn last_parts_are_columns() {
        let results = results([
            ("harvest/100+10_all/1", 5.0),
            ("harvest/100+10_all/16", 7.0),
            ("harvest/100+10_tenth/1", 2.0),
            ("harvest/100+10_tenth/64", 9.0),
        ]);
        let table = HARVEST.table(&results);
        assert_eq!(table.headings, ["1", "16", "64"]);
        assert_eq!(
            cells(&table),
            [
                ("100+10_all".into(), vec![Some(5.0), Some(7.0), None]),
                ("100+10_tenth".into(), vec![Some(2.0), None, Some(9.0)]),
            ]
        );
    }

    #[test]
    fn forgotten_groups_are_known() {
        let results = results([
            ("thread_life_10k/later_record", 1.0),
            ("memory/unused/empty", 1.0),
            ("meter_1_thread/a", 1.0),
            ("meter_1_thread/b", 1.0),
        ]);
        assert_eq!(
            unknown(&results).into_iter().collect::<Vec<_>>(),
            ["meter_1_thread"]
        );
    }
}
