//! The text formats: Prometheus 0.0.4, and `OpenMetrics` 1.0.

use super::escape::{NameOf, help, quoted};
use super::exemplar::Exemplar;
use super::family::{Family, FamilyType, TARGET_INFO};
use super::format::PageFormat;
use super::label::{LabelNames, Labels};
use super::member::Member;
use super::number;
use super::plan::{Head, Plan};
use super::rendered::Rendered;
use crate::accumulate::{Accumulator, Buckets, HistogramTotal, Total};

/// Appends a page.
pub(super) fn write(out: &mut Vec<u8>, plan: &Plan, accumulator: &Accumulator) {
    out.extend_from_slice(&plan.target);
    for (family, head) in &plan.families {
        let start = out.len();
        out.extend_from_slice(&head.opening);
        let opened = out.len();
        for member in &family.members {
            if let Some(total) = member.total(accumulator) {
                let rendered = plan.rendered(member.point.row);
                let series = Series {
                    plan,
                    accumulator,
                    head,
                    member,
                    rendered,
                };
                series.write(out, &total);
            }
        }
        if out.len() == opened {
            out.truncate(start); // nothing to say yet
        }
    }
    if plan.format().syntax().is_open_metrics() {
        out.extend_from_slice(b"# EOF\n");
    }
}

/// What the lines of one series begin with.
struct Series<'a> {
    plan: &'a Plan,
    accumulator: &'a Accumulator,
    head: &'a Head,
    member: &'a Member,
    rendered: &'a Rendered,
}

/// Ends the labels of a line that has no more than its series'.
const CLOSE: &[u8] = b"} ";

impl Series<'_> {
    fn write(&self, out: &mut Vec<u8>, total: &Total) {
        let value = &self.head.value;
        let decimals = self.member.point.decimals;
        match total {
            Total::Counter(total) => {
                self.begin(out, value, CLOSE);
                number::total(out, *total, decimals);
                // `OpenMetrics` has none on what is `unknown` to it.
                let is_counter = !self.head.created.is_empty();
                let exemplar = is_counter.then(|| self.member.exemplar(self.accumulator, 0));
                self.end(out, exemplar.flatten());
                self.created(out);
            }
            Total::UpDownCounter(total) => {
                self.begin(out, value, CLOSE);
                number::signed_total(out, *total, decimals);
                self.end(out, None);
            }
            Total::Gauge(last) => {
                self.begin(out, value, CLOSE);
                number::double(out, last.unwrap_or_default());
                self.end(out, None);
            }
            Total::Histogram(total) => self.histogram(out, total),
        }
    }

    fn histogram(&self, out: &mut Vec<u8>, total: &HistogramTotal) {
        let Buckets::Explicit(buckets) = &total.buckets else {
            unreachable!("text has classic buckets, and is given them");
        };
        let mut below = 0;
        let counts = buckets.counts.iter().zip(&self.plan.les);
        for (bucket, (count, le)) in counts.enumerate() {
            below += count;
            self.begin(out, &self.head.bucket, le);
            number::integer(out, below);
            self.end(out, self.member.exemplar(self.accumulator, bucket));
        }
        self.begin(out, &self.head.sum, CLOSE);
        // A sum whose records are not counted yet waits for them.
        let sum = if below == 0 { 0 } else { total.sum };
        number::total(out, sum, total.decimals);
        self.end(out, None);
        self.begin(out, &self.head.count, CLOSE);
        number::integer(out, below);
        self.end(out, None);
        self.created(out);
    }

    /// When the series began, where the format has a sample for that.
    fn created(&self, out: &mut Vec<u8>) {
        if !self.head.created.is_empty() {
            self.begin(out, &self.head.created, CLOSE);
            out.extend_from_slice(self.rendered.created());
            self.end(out, None);
        }
    }

    /// A line up to its value.
    #[inline]
    fn begin(&self, out: &mut Vec<u8>, opening: &[u8], close: &[u8]) {
        out.extend_from_slice(opening);
        out.extend_from_slice(self.rendered.labels());
        out.extend_from_slice(close);
    }

    /// The rest of a line behind its value. Of an exemplar nothing is written
    /// where the format has none.
    #[inline]
    fn end(&self, out: &mut Vec<u8>, exemplar: Option<Exemplar<'_>>) {
        if let Some(exemplar) = exemplar
            && self.plan.format().syntax().is_open_metrics()
        {
            write_exemplar(out, &exemplar, self.plan.label_names());
        }
        out.push(b'\n');
    }
}

pub(super) fn write_exemplar(out: &mut Vec<u8>, exemplar: &Exemplar<'_>, names: LabelNames) {
    out.extend_from_slice(b" # {");
    out.extend_from_slice(&labels(&exemplar.labels(names)));
    out.extend_from_slice(CLOSE);
    number::double(out, exemplar.value);
    out.push(b' ');
    number::seconds(out, exemplar.time);
}

/// Labels as they stand between braces.
pub(super) fn labels(labels: &Labels) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, (name, value)) in labels.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        NameOf::Label.write(&mut out, name);
        out.push(b'=');
        quoted(&mut out, value);
    }
    out
}

/// The ends of the labels of classic buckets: one for each bound and infinity.
pub(super) fn les(bounds: &[f64], format: PageFormat) -> Vec<Vec<u8>> {
    let bounds = bounds.iter().chain([&f64::INFINITY]);
    let le = |bound: &f64| {
        let bound = if format.syntax().is_open_metrics() {
            number::canonical_bound(*bound)
        } else {
            number::bound(*bound)
        };
        format!(",le=\"{bound}\"}} ").into_bytes()
    };
    bounds.map(le).collect()
}

/// The comments of a family and the beginnings of its lines.
pub(super) fn head(family: &Family, format: PageFormat) -> Head {
    let is_open_metrics = format.syntax().is_open_metrics();
    let type_name = match family.kind {
        FamilyType::Unnamed if is_open_metrics => "unknown",
        FamilyType::Counter | FamilyType::Unnamed => "counter",
        FamilyType::Gauge => "gauge",
        FamilyType::Histogram => "histogram",
    };
    let name = if is_open_metrics {
        family.open_metrics_name()
    } else {
        &family.name
    };
    let mut head = Head {
        opening: comments(name, type_name, &family.unit, &family.help, format),
        ..Head::default()
    };
    if family.kind == FamilyType::Histogram {
        head.bucket = line(&family.name, "_bucket");
        head.sum = line(&family.name, "_sum");
        head.count = line(&family.name, "_count");
    } else {
        head.value = line(&family.name, "");
    }
    if is_open_metrics && matches!(type_name, "counter" | "histogram") {
        head.created = line(name, "_created");
    }
    head
}

/// A line up to its first label.
fn line(name: &str, suffix: &str) -> Vec<u8> {
    let name = format!("{name}{suffix}");
    if NameOf::Metric.is_plain(&name) {
        return format!("{name}{{").into_bytes();
    }
    let mut line = vec![b'{'];
    quoted(&mut line, &name);
    line.push(b',');
    line
}

fn comments(name: &str, type_name: &str, unit: &str, text: &str, format: PageFormat) -> Vec<u8> {
    let mut out = Vec::new();
    let mut comment = |keyword: &str, write: &dyn Fn(&mut Vec<u8>)| {
        out.extend_from_slice(b"# ");
        out.extend_from_slice(keyword.as_bytes());
        out.push(b' ');
        NameOf::Metric.write(&mut out, name);
        out.push(b' ');
        write(&mut out);
        out.push(b'\n');
    };
    let syntax = format.syntax();
    comment("TYPE", &|out| out.extend_from_slice(type_name.as_bytes()));
    if syntax.is_open_metrics() && !unit.is_empty() {
        comment("UNIT", &|out| out.extend_from_slice(unit.as_bytes()));
    }
    if !text.is_empty() {
        comment("HELP", &|out| help(out, text, syntax));
    }
    out
}

/// The family of the resource: a gauge where there is no type `info`.
pub(super) fn target(labels: &Labels, format: PageFormat) -> Vec<u8> {
    let name = NameOf::Metric.escaped(TARGET_INFO, format.escaping());
    let (family, type_name) = match name.strip_suffix("_info") {
        Some(family) if format.syntax().is_open_metrics() => (family, "info"),
        _ => (&*name, "gauge"),
    };
    let mut out = comments(family, type_name, "", "Target metadata", format);
    out.extend_from_slice(&line(&name, ""));
    out.extend_from_slice(&self::labels(labels));
    out.extend_from_slice(CLOSE);
    out.extend_from_slice(b"1\n");
    out
}
