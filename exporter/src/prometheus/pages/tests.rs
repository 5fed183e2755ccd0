use std::collections::BTreeMap;
use std::time::SystemTime;

use prost::Message;
use uuid::Uuid;

use super::format::{Escaping, PageFormat, Syntax};
use super::protobuf::MetricFamily;
use super::{PageOptions, Pages, Translation};
use crate::otlp::resource::Resource;

mod clashes;
mod exemplars;
mod goldens;
mod hostile;
mod labels;
mod name_rules;
mod names;
mod native;
mod negotiation;
mod numbers;
mod parser;
mod parser_checks;
mod parser_rules;
mod series;
mod speed;

const TEXT: PageFormat = PageFormat::new(Syntax::Text004, Escaping::Underscores);
const OPEN_METRICS: PageFormat = PageFormat::new(Syntax::OpenMetrics1, Escaping::Underscores);
const PROTOBUF: PageFormat = PageFormat::new(Syntax::Protobuf, Escaping::Underscores);

fn options() -> PageOptions {
    PageOptions {
        bounds: vec![0.005, 0.5, 1.0, 10.0, 1e6],
        has_native_histograms: true,
        translation: Translation::default(),
    }
}

fn pages(options: &PageOptions) -> Pages {
    let labels = BTreeMap::from([("component".to_owned(), "relayer".to_owned())]);
    let resource = Resource::new(&labels, Uuid::nil());
    Pages::new(&resource, options, SystemTime::now(), 0)
}

fn text(pages: &mut Pages, format: PageFormat) -> String {
    let mut out = Vec::new();
    pages.render(format, &mut out);
    String::from_utf8(out).unwrap()
}

fn families(pages: &mut Pages, format: PageFormat) -> Vec<MetricFamily> {
    let mut out = Vec::new();
    pages.render(format, &mut out);
    let mut rest = &out[..];
    let mut families = Vec::new();
    while !rest.is_empty() {
        families.push(MetricFamily::decode_length_delimited(&mut rest).unwrap());
    }
    families
}

/// The lines of a page that begin so, without what is on every series.
fn lines(page: &str, start: &str) -> Vec<String> {
    let scope = format!(
        "otel_scope_name=\"{}\",otel_scope_version=\"{}\"",
        crate::otlp::resource::SCOPE,
        crate::otlp::resource::VERSION
    );
    let lines = page.lines().filter(|line| line.starts_with(start));
    let lines = lines.map(|line| line.replace(&format!(",{scope}"), "").replace(&scope, ""));
    lines.collect()
}
