//! A span's type, declared with all of its fields in one list.
//!
//! ```text
//! operation! {
//!     /// Puts a record.
//!     StoreInDht = "store_in_dht" as "client", // the kind, unless `internal`
//!     constant { operation = "dht_put" }
//!     start { peer_id: text, record_size_bytes: count } // arguments of `start`
//!     late { error: error }                             // methods
//!     elapsed latency_ms                                // recorded when dropped
//! }
//! ```
//!
//! What a field holds is one of the words of `argument!`.

/// The type of a field's value, as it is passed.
macro_rules! argument {
    (text) => { impl std::fmt::Display };
    (optional_text) => { Option<&dyn std::fmt::Display> };
    (query) => { impl std::fmt::Display };
    (error) => { impl std::fmt::Display };
    (count) => { usize };
    (connections) => { u32 };
    (milliseconds) => { u64 };
    (score) => { f64 };
    (flag) => { bool };
}

/// The value, as it is recorded.
macro_rules! value {
    (text, $text:ident) => {
        tracing::field::display($crate::p2p::text::Limited($text, $crate::p2p::ID_LIMIT))
    };
    (optional_text, $text:ident) => {
        $text.map(|text| $crate::p2p::declare::value!(text, text))
    };
    (query, $text:ident) => {
        tracing::field::display($crate::p2p::text::Limited(
            $text,
            $crate::p2p::QUERY_TEXT_LIMIT,
        ))
    };
    (error, $text:ident) => {
        tracing::field::display($crate::p2p::text::Limited($text, $crate::p2p::ERROR_LIMIT))
    };
    ($number:ident, $value:ident) => {
        $value
    };
}

macro_rules! operation {
    (
        $(#[$doc:meta])*
        $type:ident = $name:literal $(as $kind:literal)?,
        constant { $($constant:ident = $text:literal),* }
        start { $($early:ident: $early_kind:ident),* }
        late { $($(#[$late_doc:meta])* $vis:vis $late:ident: $late_kind:ident),* }
        $(elapsed $elapsed:ident)?
    ) => {
        $(#[$doc])*
        #[must_use = "the operation ends where this is dropped"]
        #[derive(Debug)]
        pub struct $type {
            open: $crate::p2p::open::Open,
        }

        impl $type {
            /// The span's name.
            pub const NAME: &'static str = $name;

            /// The fields that are declared at the start and recorded later.
            pub const LATE_FIELDS: &'static [&'static str] = &[
                $(stringify!($late),)*
                $(stringify!($elapsed),)?
                "otel.status_code",
                "otel.status_description",
            ];

            /// Begins, as a child of the current span.
            pub fn start($($early: argument!($early_kind)),*) -> Self {
                $crate::p2p::declare::operation!(
                    @open [] $name, $($kind)?;
                    $($constant = $text,)* $($early = value!($early_kind, $early),)*;
                    $($late)* $($elapsed)?
                )
            }

            /// Begins, as a child of `parent`, whatever span is current.
            pub fn start_under(
                parent: &tracing::Span,
                $($early: argument!($early_kind)),*
            ) -> Self {
                $crate::p2p::declare::operation!(
                    @open [parent: parent,] $name, $($kind)?;
                    $($constant = $text,)* $($early = value!($early_kind, $early),)*;
                    $($late)* $($elapsed)?
                )
            }

            /// The span: to enter, or as a parent. Attributes are recorded through the
            /// methods of this type; `Span::record` checks no names.
            pub fn span(&self) -> &tracing::Span {
                self.open.span()
            }

            /// Makes the span current whenever `future` is polled.
            pub fn instrument<F: Future>(&self, future: F) -> tracing::instrument::Instrumented<F> {
                self.open.instrument(future)
            }

            $(
                $(#[$late_doc])*
                $vis fn $late(&self, $late: argument!($late_kind)) {
                    self.open.record(stringify!($late), value!($late_kind, $late));
                }
            )*
        }

        $(
            impl Drop for $type {
                fn drop(&mut self) {
                    self.open.record(stringify!($elapsed), self.open.elapsed_ms());
                }
            }
        )?
    };

    (
        @open [$($parent:tt)*] $name:literal, $($kind:literal)?;
        $($known:ident = $value:expr,)*;
        $($late:ident)*
    ) => {{
        let start = std::time::Instant::now();
        let span = tracing::span!(
            target: $crate::p2p::TARGET,
            $($parent)*
            tracing::Level::INFO,
            $name,
            $(otel.kind = $kind,)?
            $($known = $value,)*
            $($late = tracing::field::Empty,)*
            otel.status_code = tracing::field::Empty,
            otel.status_description = tracing::field::Empty,
        );
        Self {
            open: $crate::p2p::open::Open::new(start, span),
        }
    }};
}

pub(super) use {argument, operation, value};
