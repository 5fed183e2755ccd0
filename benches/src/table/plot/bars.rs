//! What a record costs: a bar for each way, on one thread and on two.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    Cartesian2d, IntoLogRange, LogCoord, RGBColor, Rectangle, SVGBackend, TRANSPARENT, Text,
};
use plotters::style::Color;
use plotters::style::text_anchor::HPos;

use crate::table::read::Results;
use crate::table::render::number;
use crate::table::sections::{COUNTER, HISTOGRAM, Section, Table, is_ours};

use super::{Area, FAINT, INK, OURS, Result, power_below, svg, text, tick};

const WIDTH: u32 = 960;
/// Of the rows' names.
const NAMES: u32 = 220;
const LEGEND: u32 = 30;
const ROW: u32 = 30;
/// Of a panel's title and its axis.
const TITLE: u32 = 34;
const AXIS: u32 = 30;

/// The bars' halves of a row, first the one thread.
const BARS: [(f64, f64); 2] = [(0.10, 0.48), (0.52, 0.90)];
const OURS_COLOURS: [RGBColor; 2] = [OURS, RGBColor(255, 169, 97)];
const THEIR_COLOURS: [RGBColor; 2] = [RGBColor(73, 80, 87), RGBColor(173, 181, 189)];

type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<LogCoord<f64>, RangedCoordf64>>;

/// Counters above histograms.
pub fn draw(results: &Results) -> Result<String> {
    let panels = [COUNTER, HISTOGRAM].map(|section| (section, of_two_threads(&section, results)));
    let heights = panels.each_ref().map(|(_, table)| height(table));
    let all = LEGEND + heights.iter().sum::<u32>();
    svg((WIDTH, all), |area| {
        let (top, rest) = area.split_vertically(LEGEND);
        legend(&top)?;
        let (upper, lower) = rest.split_vertically(heights[0]);
        for (area, (section, table)) in [upper, lower].iter().zip(&panels) {
            panel(area, section, table)?;
        }
        Ok(())
    })
}

/// The table without the columns that aren't drawn, and the rows of only those.
fn of_two_threads<'a>(section: &Section, results: &'a Results) -> Table<'a> {
    let mut table = section.table(results);
    for row in &mut table.rows {
        row.cells.truncate(BARS.len());
    }
    table
        .rows
        .retain(|row| row.cells.iter().any(Option::is_some));
    table
}

fn height(table: &Table<'_>) -> u32 {
    TITLE + AXIS + ROW * (table.rows.len() as u32).max(1)
}

fn legend(area: &Area<'_>) -> Result<()> {
    let mut left = NAMES as i32;
    for (bar, threads) in ["1 thread", "2 threads"].into_iter().enumerate() {
        for (place, colours) in [OURS_COLOURS, THEIR_COLOURS].iter().enumerate() {
            let corner = left + 14 * place as i32;
            let swatch = [(corner, 11), (corner + 12, 23)];
            area.draw(&Rectangle::new(swatch, colours[bar].filled()))?;
        }
        area.draw(&Text::new(
            threads,
            (left + 34, 17),
            text(14, INK, HPos::Left),
        ))?;
        left += 130;
    }
    area.draw(&Text::new(
        "ours in red",
        (left, 17),
        text(14, OURS, HPos::Left),
    ))?;
    Ok(())
}

fn panel(area: &Area<'_>, section: &Section, table: &Table<'_>) -> Result<()> {
    let title = format!("{}: ns a record, logarithmic", section.title);
    let place = (NAMES as i32, TITLE as i32 / 2);
    area.draw(&Text::new(title, place, text(17, INK, HPos::Left)))?;

    let cells = table.rows.iter().flat_map(|row| &row.cells).flatten();
    let (mut least, mut greatest) = (f64::INFINITY, 0.0_f64);
    for figure in cells {
        least = least.min(figure.value);
        greatest = greatest.max(figure.value);
    }
    // No figures, or one that has no logarithm.
    if !(least > 0.0 && least <= greatest) {
        let place = (NAMES as i32, (TITLE + ROW / 2) as i32);
        area.draw(&Text::new("not run", place, text(14, INK, HPos::Left)))?;
        return Ok(());
    }
    // Every bar has some length.
    let from = power_below(least / 1.5);
    let mut chart: Chart<'_, '_> = ChartBuilder::on(area)
        .margin_top(TITLE)
        .margin_right(60)
        .x_label_area_size(AXIS)
        .y_label_area_size(NAMES)
        .build_cartesian_2d(
            (from..greatest * 1.1).log_scale(),
            table.rows.len() as f64..0.0,
        )?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(5)
        .x_label_formatter(&|power| tick(*power))
        .x_label_style(text(12, INK, HPos::Center))
        .axis_style(FAINT)
        .bold_line_style(FAINT)
        .light_line_style(TRANSPARENT)
        .draw()?;
    rows(area, &mut chart, table, from)
}

fn rows(area: &Area<'_>, chart: &mut Chart<'_, '_>, table: &Table<'_>, from: f64) -> Result<()> {
    // Where the chart has a point, for text of the area around it.
    let (left, top) = area.get_base_pixel();
    for (position, row) in table.rows.iter().enumerate() {
        let (ink, colours) = if is_ours(row.name) {
            (OURS, OURS_COLOURS)
        } else {
            (INK, THEIR_COLOURS)
        };
        let upper = position as f64;
        let middle = chart.backend_coord(&(from, upper + 0.5)).1 - top;
        let name = text(14, ink, HPos::Right);
        area.draw(&Text::new(row.name, (NAMES as i32 - 10, middle), name))?;
        for ((cell, (start, end)), colour) in row.cells.iter().zip(BARS).zip(colours) {
            let Some(figure) = cell else { continue };
            let bar = [(from, upper + start), (figure.value, upper + end)];
            chart.draw_series([Rectangle::new(bar, colour.filled())])?;
            let middle = upper + f64::midpoint(start, end);
            let (x, y) = chart.backend_coord(&(figure.value, middle));
            let label = text(11, ink, HPos::Left);
            area.draw(&Text::new(
                number(figure.value),
                (x - left + 4, y - top),
                label,
            ))?;
        }
    }
    Ok(())
}
