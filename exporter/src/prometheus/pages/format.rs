//! What a page is written in.

/// The format of a page: what it is written in, and how names are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageFormat {
    syntax: Syntax,
    escaping: Escaping,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// Prometheus text 0.0.4, what everything reads.
    Text004,
    /// The same under its name since names may be quoted.
    Text100,
    /// `OpenMetrics` text 1.0.0: units, start times, exemplars.
    OpenMetrics1,
    /// `io.prometheus.client.MetricFamily`, each after its length: the one
    /// with native histograms.
    Protobuf,
}

/// What becomes of names that are more than letters, digits and underscores
/// (prometheus.io, *Escaping schemes*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Escaping {
    /// `a.b` is `a_b`.
    #[default]
    Underscores,
    /// `a.b` is `a_dot_b`, and `a_b` is `a__b`.
    Dots,
    /// `a.b` is `U__a_2e_b`.
    Values,
    /// `a.b` is `"a.b"`.
    AllowUtf8,
}

impl PageFormat {
    /// Text 0.0.4 can't quote names, so it has them with underscores where
    /// they are to stay as they are.
    pub(crate) const fn new(syntax: Syntax, escaping: Escaping) -> Self {
        let escaping = match (syntax, escaping) {
            (Syntax::Text004, Escaping::AllowUtf8) => Escaping::Underscores,
            (_, escaping) => escaping,
        };
        Self { syntax, escaping }
    }

    pub(crate) fn syntax(self) -> Syntax {
        self.syntax
    }

    pub(crate) fn escaping(self) -> Escaping {
        self.escaping
    }

    /// The `content-type` of the page: media type, version, and the escaping
    /// where it can be told from none.
    pub(crate) fn content_type(self) -> &'static str {
        macro_rules! with_escaping {
            ($media_type:literal) => {
                match self.escaping {
                    Escaping::Underscores => concat!($media_type, "; escaping=underscores"),
                    Escaping::Dots => concat!($media_type, "; escaping=dots"),
                    Escaping::Values => concat!($media_type, "; escaping=values"),
                    Escaping::AllowUtf8 => concat!($media_type, "; escaping=allow-utf-8"),
                }
            };
        }
        match (self.syntax, self.escaping) {
            (Syntax::Text004, Escaping::Underscores) => "text/plain; version=0.0.4; charset=utf-8",
            (Syntax::Text004, _) => with_escaping!("text/plain; version=0.0.4; charset=utf-8"),
            (Syntax::Text100, _) => with_escaping!("text/plain; version=1.0.0; charset=utf-8"),
            (Syntax::OpenMetrics1, _) => {
                with_escaping!("application/openmetrics-text; version=1.0.0; charset=utf-8")
            }
            (Syntax::Protobuf, _) => with_escaping!(
                "application/vnd.google.protobuf; \
                 proto=io.prometheus.client.MetricFamily; encoding=delimited"
            ),
        }
    }
}

impl Escaping {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "underscores" => Some(Self::Underscores),
            "dots" => Some(Self::Dots),
            "values" => Some(Self::Values),
            "allow-utf-8" => Some(Self::AllowUtf8),
            _ => None,
        }
    }
}

impl Syntax {
    pub(super) fn is_open_metrics(self) -> bool {
        self == Self::OpenMetrics1
    }
}
