//! What is published and searched for.

/// A package, as its record and its announcement have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) version: String,
    pub(crate) description: String,
}

impl Package {
    /// A line for each field.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        format!("{}\n{}\n{}", self.id, self.version, self.description).into_bytes()
    }

    /// `None` if these are not the bytes of a package.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut lines = str::from_utf8(bytes)
            .ok()?
            .splitn(3, '\n')
            .map(String::from);
        Some(Self {
            id: lines.next()?,
            version: lines.next()?,
            description: lines.next()?,
        })
    }

    /// Whether a search for `text` finds it.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.id.contains(text) || self.description.contains(text)
    }
}
