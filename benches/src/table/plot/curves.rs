//! What costs grow with: threads, series and shards.

use plotters::chart::ChartBuilder;
use plotters::prelude::{IntoLogRange, RGBColor, TRANSPARENT, Text};
use plotters::series::LineSeries;
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use crate::table::read::Results;
use crate::table::sections::{COUNTER, HARVEST, HISTOGRAM, SERIES, Section, is_ours};

use super::{Area, FAINT, INK, OURS, Result, power_below, svg, text, tick};

const SIZE: (u32, u32) = (1200, 860);
const TITLE: u32 = 40;
/// Of the lines' names, to the right of their ends.
const NAMES: u32 = 210;
/// Between two names.
const APART: i32 = 15;

const OTHERS: [RGBColor; 8] = [
    RGBColor(25, 113, 194),
    RGBColor(47, 158, 68),
    RGBColor(156, 54, 181),
    RGBColor(73, 80, 87),
    RGBColor(12, 133, 153),
    RGBColor(230, 119, 0),
    RGBColor(194, 37, 92),
    RGBColor(134, 142, 150),
];

/// The lines that are drawn of `counter`.
const COUNTERS: [&str; 9] = [
    "increment",
    "thread_local_cell",
    "fetch_add",
    "fast-telemetry",
    "metriken_sharded",
    "nm",
    "prometheus",
    "opentelemetry",
    "metrics",
];

/// The lines that are drawn of `histogram`.
const HISTOGRAMS: [&str; 9] = [
    "record",
    "hdrhistogram",
    "hdrhistogram_mutex",
    "fast-telemetry_histogram",
    "metriken_sharded",
    "nm",
    "prometheus",
    "opentelemetry_exponential",
    "metrics",
];

struct Panel {
    title: &'static str,
    lines: Vec<Line>,
    /// What the ticks of the horizontal axis are the powers of.
    base: f64,
}

struct Line {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Four panels.
pub fn draw(results: &Results) -> Result<String> {
    let panels = [
        Panel {
            title: "counter: ns a record, by threads",
            lines: some_rows(&COUNTER, &COUNTERS, results),
            base: 2.0,
        },
        Panel {
            title: "histogram: ns a record, by threads",
            lines: some_rows(&HISTOGRAM, &HISTOGRAMS, results),
            base: 2.0,
        },
        Panel {
            title: "ours: ns an increment, by series or shards",
            lines: by_parameter(results),
            base: 10.0,
        },
        Panel {
            title: "ours: µs a harvest, by shards",
            lines: rows(&HARVEST, results),
            base: 4.0,
        },
    ];
    svg(SIZE, |area| {
        for (area, panel) in area.split_evenly((2, 2)).iter().zip(&panels) {
            panel.draw(area)?;
        }
        Ok(())
    })
}

/// A line for each row of the section, a point for each column.
fn rows(section: &Section, results: &Results) -> Vec<Line> {
    let table = section.table(results);
    let rows = table.rows.iter().map(|row| {
        let points = table.headings.iter().zip(&row.cells);
        Line {
            name: row.name.to_owned(),
            points: points
                .filter_map(|(heading, cell)| {
                    let cell = cell.as_ref()?;
                    Some((leading_number(heading)?, cell.value / section.scale.size))
                })
                .collect(),
        }
    });
    rows.collect()
}

fn some_rows(section: &Section, names: &[&str], results: &Results) -> Vec<Line> {
    let mut lines = rows(section, results);
    lines.retain(|line| names.contains(&line.name.as_str()));
    lines
}

/// A line for each function of `series`, a point for each of its parameters.
fn by_parameter(results: &Results) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in SERIES.table(results).rows {
        let point = row.name.split_once('/').and_then(|(name, parameter)| {
            Some((name, (leading_number(parameter)?, row.cells[0]?.value)))
        });
        let Some((name, point)) = point else { continue };
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push(point),
            None => lines.push(Line {
                name: name.to_owned(),
                points: vec![point],
            }),
        }
    }
    lines
}

/// 16 of `16 threads`.
fn leading_number(text: &str) -> Option<f64> {
    text.split(' ').next()?.parse().ok()
}

impl Panel {
    fn draw(&self, area: &Area<'_>) -> Result<()> {
        let title = text(17, INK, HPos::Left);
        area.draw(&Text::new(self.title, (60, TITLE as i32 / 2), title))?;
        let points = self.lines.iter().flat_map(|line| &line.points);
        let (xs, ys): (Vec<_>, Vec<_>) = points.copied().unzip();
        let (Some((_, x_end)), Some((y_least, y_greatest))) = (bounds(&xs), bounds(&ys)) else {
            let place = (60, TITLE as i32 + 10);
            area.draw(&Text::new("not run", place, text(14, INK, HPos::Left)))?;
            return Ok(());
        };
        let y_start = power_below(y_least);
        // Two ticks at least.
        let y_end = (1.3 * y_greatest).max(10.1 * y_start);
        let mut chart = ChartBuilder::on(area)
            .margin_top(TITLE)
            .margin_right(NAMES)
            .x_label_area_size(34)
            .y_label_area_size(60)
            .build_cartesian_2d(
                (1.0..x_end.max(self.base)).log_scale().base(self.base),
                (y_start..y_end).log_scale(),
            )?;
        chart
            .configure_mesh()
            .x_labels(5)
            .y_labels(6)
            .x_label_formatter(&|power| tick(*power))
            .y_label_formatter(&|power| tick(*power))
            .label_style(text(13, INK, HPos::Center))
            .axis_style(INK)
            .bold_line_style(FAINT)
            .light_line_style(TRANSPARENT)
            .draw()?;

        let mut others = OTHERS.iter().cycle();
        let mut names = Vec::new();
        let (left, top) = area.get_base_pixel();
        for line in &self.lines {
            let (colour, width) = if is_ours(&line.name) {
                (OURS, 4)
            } else {
                (others.next().copied().unwrap_or(INK), 2)
            };
            let stroke = colour.stroke_width(width);
            let points = LineSeries::new(line.points.iter().copied(), stroke).point_size(3);
            chart.draw_series(points)?;
            if let Some(last) = line.points.last() {
                let (x, y) = chart.backend_coord(last);
                names.push((x - left + 8, y - top, &line.name, colour));
            }
        }
        names.sort_by_key(|(_, y, ..)| *y);
        for ((x, _, name, colour), y) in names.iter().zip(apart(names.iter().map(|n| n.1))) {
            area.draw(&Text::new(
                name.as_str(),
                (*x, y),
                text(13, *colour, HPos::Left),
            ))?;
        }
        Ok(())
    }
}

/// Least and greatest, where all have a logarithm.
fn bounds(values: &[f64]) -> Option<(f64, f64)> {
    let least = values.iter().copied().reduce(f64::min)?;
    let greatest = values.iter().copied().reduce(f64::max)?;
    (least > 0.0).then_some((least, greatest))
}

/// Rising heights, moved down until no two names overlap.
fn apart(heights: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut next = 0;
    heights
        .map(|height| {
            let height = height.max(next);
            next = height + APART;
            height
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_overlap() {
        let heights = apart([3, 4, 40, 41].into_iter());
        assert_eq!(heights, [3, 18, 40, 55]);
    }

    #[test]
    fn numbers_of_headings() {
        assert_eq!(leading_number("2 threads"), Some(2.0));
        assert_eq!(leading_number("64"), Some(64.0));
        assert_eq!(leading_number("mean"), None);
    }

    #[test]
    fn bounds_of_a_logarithmic_axis() {
        assert_eq!(bounds(&[2.0, 0.5, 8.0]), Some((0.5, 8.0)));
        assert_eq!(bounds(&[2.0, 0.0]), None);
        assert_eq!(bounds(&[]), None);
    }
}
