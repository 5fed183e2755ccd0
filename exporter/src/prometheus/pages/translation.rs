//! What a translation strategy asks for.

pub(crate) use crate::config::TranslationStrategy as Translation;

impl Translation {
    /// Whether characters that classic names don't have become underscores.
    pub(super) fn escapes(self) -> bool {
        matches!(
            self,
            Self::UnderscoreEscapingWithSuffixes | Self::UnderscoreEscapingWithoutSuffixes
        )
    }

    /// Whether names end in the unit and the type.
    pub(super) fn has_suffixes(self) -> bool {
        matches!(
            self,
            Self::UnderscoreEscapingWithSuffixes | Self::NoUtf8EscapingWithSuffixes
        )
    }
}
