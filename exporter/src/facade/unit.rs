//! The units of `metrics`, as UCUM writes them.

use metrics::Unit;

/// OpenTelemetry's unit, empty for none.
///
/// Counts are an annotation, not `1`: a dimensionless `1` is for ratios, and
/// Prometheus would call such a gauge one.
pub(super) fn ucum(unit: Option<Unit>) -> &'static str {
    let Some(unit) = unit else { return "" };
    match unit {
        Unit::Count => "{count}",
        Unit::Percent => "%",
        Unit::Seconds => "s",
        Unit::Milliseconds => "ms",
        Unit::Microseconds => "us",
        Unit::Nanoseconds => "ns",
        Unit::Tebibytes => "TiBy",
        Unit::Gibibytes => "GiBy",
        Unit::Mebibytes => "MiBy",
        Unit::Kibibytes => "KiBy",
        Unit::Bytes => "By",
        Unit::TerabitsPerSecond => "Tbit/s",
        Unit::GigabitsPerSecond => "Gbit/s",
        Unit::MegabitsPerSecond => "Mbit/s",
        Unit::KilobitsPerSecond => "kbit/s",
        Unit::BitsPerSecond => "bit/s",
        Unit::CountPerSecond => "{count}/s",
    }
}
