//! The table as markdown.

use crate::figures::{Figure, Unit};

use super::read::Results;
use super::sections::{MIB, NS, Row, SECTIONS, Section, Table, US, is_ours};
use super::targets::{TARGETS, Target, ratio};

const NOT_RUN: &str = "not run";

/// All that is on the page.
#[derive(Debug)]
pub struct Page<'a> {
    /// As `2026-11-21`.
    pub date: &'a str,
    /// What was called.
    pub command: &'a str,
    /// How the figures came about.
    pub note: &'a str,
    /// What the plots beside it show, and their files.
    pub plots: &'a [(&'a str, String)],
    /// The figures.
    pub results: &'a Results,
    /// Where they were measured.
    pub machine: &'a str,
}

impl Page<'_> {
    /// The page.
    pub fn render(&self) -> String {
        let mut parts = vec![
            format!("# What it costs, {}", self.date),
            format!("    {}", self.command),
            self.note.to_owned(),
            "## Targets".to_owned(),
            targets(self.results),
        ];
        if !self.plots.is_empty() {
            let plots = self.plots.iter();
            parts.push("## Plots".to_owned());
            parts.extend(plots.map(|(what, file)| format!("![{what}]({file})")));
        }
        parts.extend(SECTIONS.iter().flat_map(|it| self.section(it)));
        parts.push("## Machine".to_owned());
        parts.push(self.machine.to_owned());
        joined(&parts)
    }

    /// Only the tables whose titles begin with `title`.
    pub fn render_sections(&self, title: &str) -> String {
        let sections = SECTIONS.iter().filter(|it| it.title.starts_with(title));
        joined(&sections.flat_map(|it| self.section(it)).collect::<Vec<_>>())
    }

    fn section(&self, section: &Section) -> [String; 3] {
        [
            format!("## {}", section.title),
            section.what.to_owned(),
            table(section, &section.table(self.results)),
        ]
    }
}

fn joined(parts: &[String]) -> String {
    let parts: Vec<_> = parts.iter().map(|part| part.trim_end()).collect();
    parts.join("\n\n") + "\n"
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// What divides head and body: the first column is text, the rest are numbers.
fn rule(columns: usize) -> String {
    format!("|---|{}\n", "---:|".repeat(columns - 1))
}

fn targets(results: &Results) -> String {
    let head = ["what", "figure", "against", "ratio", "at most", "met"].map(str::to_owned);
    let rows = TARGETS
        .iter()
        .map(|target| row(&target_cells(target, results)));
    row(&head) + &rule(head.len()) + &rows.collect::<String>()
}

fn target_cells(target: &Target, results: &Results) -> [String; 6] {
    let outcome = target.outcome(results);
    // One unit for both.
    let size = outcome.figure.or(outcome.against).map_or(0.0, |f| f.value);
    let figure = outcome.figure.map(|figure| with_unit(figure, size));
    let against = outcome.against.map(|figure| {
        let text = with_unit(figure, size);
        match (target.against, figure.id.rsplit_once('/')) {
            // The least of several: which it is, isn't said elsewhere.
            ([_, _, ..], Some((_, name))) => format!("{text} (`{name}`)"),
            _ => text,
        }
    });
    let ratio = outcome.ratio.map(|ratio| format!("{ratio:.3}"));
    let at_most = target.at_most.map(|at_most| format!("{at_most:.2}"));
    let met = match (outcome.is_met, target.at_most) {
        (Some(true), _) => "yes",
        (Some(false), _) => "**no**",
        (None, Some(_)) => NOT_RUN,
        (None, None) => "-",
    };
    [
        target.what.to_owned(),
        figure.unwrap_or_else(|| NOT_RUN.into()),
        against.unwrap_or_else(|| NOT_RUN.into()),
        ratio.unwrap_or_else(|| "-".into()),
        at_most.unwrap_or_else(|| "-".into()),
        met.to_owned(),
    ]
}

fn table(section: &Section, table: &Table<'_>) -> String {
    if table.rows.is_empty() {
        return format!("{NOT_RUN}\n");
    }
    let mut head = vec![corner(section, table)];
    for heading in &table.headings {
        head.push((*heading).to_owned());
        head.extend(section.plain.map(|plain| format!("of `{plain}`")));
    }
    let mut text = row(&head) + &rule(head.len());

    let was_run = |column: usize| table.rows.iter().any(|row| row.cells[column].is_some());
    let plain = section.plain.and_then(|plain| table.row(plain));
    for Row { name, cells } in &table.rows {
        let bold = if is_ours(name) { "**" } else { "" };
        let mut line = vec![format!("{bold}`{name}`{bold}")];
        for (column, cell) in cells.iter().enumerate() {
            line.push(match cell {
                Some(figure) => scaled(figure, section),
                None if was_run(column) => "-".into(),
                None => NOT_RUN.into(),
            });
            if section.plain.is_some() {
                let plain = plain.and_then(|plain| plain.cells[column]);
                let part = cell.zip(plain).and_then(|(of, to)| ratio(of, to));
                line.push(part.map_or("-".into(), number));
            }
        }
        text += &row(&line);
    }
    text
}

/// The unit, unless it heads the only column.
fn corner(section: &Section, table: &Table<'_>) -> String {
    let unit = section.scale.name;
    match (section.by, table.headings.as_slice()) {
        (Some(by), _) => format!("{unit}, by {by}"),
        (None, [_]) => String::new(),
        (None, _) => unit.to_owned(),
    }
}

fn scaled(figure: &Figure, section: &Section) -> String {
    match figure.unit {
        Unit::Count => number(figure.value),
        Unit::Nanoseconds | Unit::Bytes => number(figure.value / section.scale.size),
    }
}

/// In the unit that suits a figure of that `size`.
fn with_unit(figure: &Figure, size: f64) -> String {
    let value = figure.value;
    match figure.unit {
        Unit::Bytes => format!("{} {}", number(value / MIB.size), MIB.name),
        Unit::Nanoseconds if size >= 1e3 => format!("{} {}", number(value / US.size), US.name),
        Unit::Nanoseconds => format!("{} {}", number(value), NS.name),
        Unit::Count => number(value),
    }
}

/// Two or three digits, all that are before the point, and these in threes.
pub(super) fn number(value: f64) -> String {
    let digits = match value {
        100.0.. => 0,
        10.0.. => 1,
        0.1.. => 2,
        0.0 => 0,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut apart = String::new();
    for (position, digit) in whole.char_indices() {
        if position > 0 && (whole.len() - position) % 3 == 0 {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(id: &str, value: f64, unit: Unit) -> Figure {
        Figure {
            id: id.into(),
            value,
            unit,
        }
    }

    fn page(results: &Results) -> String {
        let page = Page {
            date: "2026-11-21",
            command: "cargo",
            note: "One run.",
            plots: &[],
            results,
            machine: "None.",
        };
        page.render()
    }

    #[test]
    fn threads_and_parts_of_the_plain_way() {
        let results: Results = [
            ("counter_1_thread/fetch_add", 5.0),
            ("counter_1_thread/increment", 0.75),
            ("counter_2_threads/increment", 0.8),
        ]
        .map(|(id, value)| figure(id, value, Unit::Nanoseconds))
        .into_iter()
        .collect();
        let page = page(&results);
        let expected = "\
| ns | 1 thread | of `fetch_add` | 2 threads | of `fetch_add` | 4 threads | of `fetch_add` |
|---|---:|---:|---:|---:|---:|---:|
| **`increment`** | 0.75 | 0.15 | 0.80 | - | not run | - |
| `fetch_add` | 5.00 | 1.00 | - | - | not run | - |
";
        assert!(page.contains(expected), "{page}");
        let met = "fetch_add` | 0.75 ns | 5.00 ns | 0.150 | 0.17 | yes |\n";
        assert!(page.contains(met), "{page}");
    }

    #[test]
    fn units_of_figures() {
        let results: Results = [
            ("memory/1_threads/ours", 3.0 * 1024.0 * 1024.0, Unit::Bytes),
            ("disturbance/counter/none/p50", 12.5, Unit::Nanoseconds),
            ("disturbance/counter/none/samples", 1_234_567.0, Unit::Count),
        ]
        .map(|(id, value, unit)| figure(id, value, unit))
        .into_iter()
        .collect();
        let page = page(&results);
        assert!(
            page.contains("| **`ours`** | 3.00 | not run | not run |\n"),
            "{page}"
        );
        assert!(
            page.contains("| `counter/none` | 12.5 | 1,234,567 |\n"),
            "{page}"
        );
    }

    #[test]
    fn nothing_has_run() {
        let page = page(&Results::default());
        let targets = page.matches("| not run | not run | - |").count();
        assert_eq!(targets, TARGETS.len());
        let tables = page.matches("\n\nnot run\n").count();
        assert_eq!(tables, SECTIONS.len());
    }

    #[test]
    fn some_sections() {
        let results = Results::default();
        let page = Page {
            date: "2026-11-21",
            command: "cargo",
            note: "One run.",
            plots: &[],
            results: &results,
            machine: "None.",
        };
        let memory = page.render_sections("memory");
        let titles: Vec<_> = memory
            .lines()
            .filter(|line| line.starts_with('#'))
            .collect();
        assert_eq!(titles, ["## memory", "## memory, unused"]);
    }

    #[test]
    fn digits() {
        let numbers = [0.0, 0.0314, 0.3149, 3.149, 31.49, 314.9, 1_234_567.8];
        assert_eq!(
            numbers.map(number),
            ["0", "0.031", "0.31", "3.15", "31.5", "315", "1,234,568"]
        );
    }
}
