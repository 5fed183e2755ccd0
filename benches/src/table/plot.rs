//! The figures as drawings.

use std::error::Error;

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, IntoDrawingArea, RGBColor, SVGBackend, TextStyle, WHITE};
use plotters::style::IntoFont;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub mod bars;
pub mod curves;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Result<T> = std::result::Result<T, Box<dyn Error>>;

const INK: RGBColor = RGBColor(33, 37, 41);
const FAINT: RGBColor = RGBColor(222, 226, 230);
const OURS: RGBColor = RGBColor(217, 72, 15);

/// An SVG of that size, white but for what `draw` puts there.
fn svg(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<String> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    area.fill(&WHITE)?;
    draw(&area)?;
    area.present()?;
    drop(area);
    Ok(svg)
}

/// Text that lies left, right or around a point, halfway up.
fn text(size: u32, colour: RGBColor, from: HPos) -> TextStyle<'static> {
    // The backend takes it for points of another size, and writes less.
    let font = ("sans-serif", f64::from(size) * 1.24).into_font();
    font.color(&colour).pos(Pos::new(from, VPos::Center))
}

/// Where a logarithmic axis starts: at a power of ten.
fn power_below(value: f64) -> f64 {
    // A trifle less, lest rounding puts the axis above its first tick.
    10_f64.powf(value.log10().floor()) * (1.0 - 1e-9)
}

/// A power's name on an axis, without what multiplying has left behind it.
fn tick(power: f64) -> String {
    (power as f32).to_string()
}
