//! UCUM units into the words that Prometheus appends to names.

use super::name::joined_words;

/// A unit in words: `m/s` is `meters` and `per_second`. Both may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct UnitWords {
    pub(super) main: String,
    pub(super) per: String,
}

impl UnitWords {
    /// The words of the specification (PCOMPAT, *Metric Metadata*) and of
    /// Prometheus's otlptranslator; what neither knows stays as it is, in
    /// letters that a name may have. `1` is no word here.
    pub(super) fn of(unit: &str) -> Self {
        let unit = without_braces(unit);
        let (main, per) = unit.split_once('/').unwrap_or((&unit, ""));
        let main = joined_words(word(main.trim()));
        let per = joined_words(per_word(per.trim()));
        Self {
            main,
            per: if per.is_empty() {
                per
            } else {
                format!("per_{per}")
            },
        }
    }

    pub(super) fn joined(&self) -> String {
        match (&*self.main, &*self.per) {
            ("", only) | (only, "") => only.to_owned(),
            (main, per) => format!("{main}_{per}"),
        }
    }
}

fn word(unit: &str) -> &str {
    match unit {
        "1" => "",
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        // The translator has `tibibytes`; the specification is right.
        "TiBy" => "tebibytes",
        // The specification's, and the translator's.
        "kBy" | "KBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        other => other,
    }
}

fn per_word(unit: &str) -> &str {
    match unit {
        "s" => "second",
        // UCUM's meter, but what is "per m" is per minute, as the translator
        // has it too.
        "m" | "min" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        other => other,
    }
}

/// Without the parts in braces, which are annotations.
fn without_braces(unit: &str) -> String {
    let mut is_inside = false;
    let kept = unit.chars().filter(|char| match char {
        '{' => {
            is_inside = true;
            false
        }
        '}' => {
            is_inside = false;
            false
        }
        _ => !is_inside,
    });
    kept.collect()
}
