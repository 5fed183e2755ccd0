//! What is the same on every page of a format, rendered once.

use pqcnet_telemetry_core::{Catalog, Kind};

use super::clash::Clashes;
use super::family::{Family, families};
use super::format::{PageFormat, Syntax};
use super::label::{LabelNames, Labels};
use super::rendered::Rendered;
use super::translation::Translation;
use super::{number, protobuf, text};
use crate::otlp::resource::{Resource, SCOPE, VERSION};
use crate::rows::{Row, Rows};

/// The families of a page, and all of it but the numbers.
pub(super) struct Plan {
    format: PageFormat,
    translation: Translation,
    /// Of the rows that it follows.
    version: u64,
    /// By row.
    rendered: Vec<Option<Rendered>>,
    /// With what opens them and, in text, their lines.
    pub(super) families: Vec<(Family, Head)>,
    /// The resource's family, whole.
    pub(super) target: Vec<u8>,
    /// Of classic buckets, without the last, which has none.
    pub(super) bounds: Vec<f64>,
    /// What ends a bucket's labels, in text.
    pub(super) les: Vec<Vec<u8>>,
}

/// What is the same of every series of a family.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Its comments, or its fields but for the metrics.
    pub(super) opening: Vec<u8>,
    /// What its lines begin with, by sample; in text.
    pub(super) value: Vec<u8>,
    pub(super) bucket: Vec<u8>,
    pub(super) sum: Vec<u8>,
    pub(super) count: Vec<u8>,
    /// Empty where there is no such sample.
    pub(super) created: Vec<u8>,
}

/// The resource, as attributes with values in text.
pub(super) struct Target(Vec<(String, String)>);

impl Target {
    pub(super) fn new(resource: &Resource) -> Self {
        let pairs = resource.attributes();
        Self(
            pairs
                .map(|(key, value)| (key.to_owned(), value.to_string()))
                .collect(),
        )
    }

    fn labels(&self, names: LabelNames) -> Labels {
        let pairs = self.0.iter();
        names.labels(pairs.map(|(key, value)| (key.as_str(), value.clone())))
    }
}

impl Plan {
    pub(super) fn new(
        format: PageFormat,
        translation: Translation,
        target: &Target,
        bounds: &[f64],
    ) -> Self {
        let names = label_names(translation, format, Kind::Gauge);
        let target = target.labels(names);
        let (target, les) = match format.syntax() {
            Syntax::Protobuf => (protobuf::target(&target, format), Vec::new()),
            _ => (text::target(&target, format), text::les(bounds, format)),
        };
        Self {
            format,
            translation,
            version: 0,
            rendered: Vec::new(),
            families: Vec::new(),
            target,
            bounds: bounds.to_vec(),
            les,
        }
    }

    pub(super) fn format(&self) -> PageFormat {
        self.format
    }

    /// How labels of no histogram are named.
    pub(super) fn label_names(&self) -> LabelNames {
        label_names(self.translation, self.format, Kind::Counter)
    }

    /// Takes up what is new of `rows`. O(rows), where there is something.
    pub(super) fn follow(&mut self, rows: &Rows, clashes: &mut Clashes) {
        if self.version == rows.version() {
            return;
        }
        self.version = rows.version();
        self.rendered.resize_with(rows.len(), || None);
        for (number, row) in rows.iter() {
            let known = self.rendered[number].as_ref();
            if known.is_none_or(|known| known.row.id != row.id) {
                self.rendered[number] = Some(self.render(rows.catalog(), row));
            }
        }
        let (translation, format) = (self.translation, self.format);
        let labels = |row| self.rendered(row).labels();
        let families = families(rows, labels, translation, format, clashes);
        let with_head = |family: Family| {
            let head = match format.syntax() {
                Syntax::Protobuf => protobuf::head(&family),
                _ => text::head(&family, format),
            };
            (family, head)
        };
        self.families = families.into_iter().map(with_head).collect();
    }

    /// Of a row that it follows.
    #[inline]
    pub(super) fn rendered(&self, row: usize) -> &Rendered {
        self.rendered[row].as_ref().expect("it was rendered")
    }

    fn render(&self, catalog: &Catalog, row: &Row) -> Rendered {
        let series = &row.series;
        let kind = catalog.instruments()[series.instrument()].kind();
        let names = label_names(self.translation, self.format, kind);
        let scope = [("otel_scope_name", SCOPE), ("otel_scope_version", VERSION)];
        let scope = scope.map(|(key, value)| (key, value.to_owned()));
        let attributes = series.attributes().iter();
        let attributes = attributes.map(|(key, value)| (key, value.to_string()));
        let labels = names.labels(scope.into_iter().chain(attributes));
        if self.format.syntax() == Syntax::Protobuf {
            return Rendered::new(row, &protobuf::labels(&labels), b"");
        }
        let mut created = Vec::new();
        number::seconds(&mut created, row.start);
        Rendered::new(row, &text::labels(&labels), &created)
    }
}

fn label_names(translation: Translation, format: PageFormat, kind: Kind) -> LabelNames {
    LabelNames {
        translation,
        escaping: format.escaping(),
        is_histogram: kind == Kind::Histogram,
    }
}
