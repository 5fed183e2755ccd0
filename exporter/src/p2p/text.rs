//! Texts of a bounded length.

use std::fmt::{self, Display, Formatter, Write};

use crate::trace::fields::cut;

/// The first characters of what is displayed, so many at most. What is past them
/// is cut while it is written, and never kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limited<T>(pub(super) T, pub(super) u32);

impl<T: Display> Display for Limited<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut room = Room {
            to: f,
            rest: self.1,
            is_full: false,
        };
        let written = write!(room, "{}", self.0);
        if room.is_full { Ok(()) } else { written }
    }
}

struct Room<'a, 'f> {
    to: &'a mut Formatter<'f>,
    rest: u32,
    is_full: bool,
}

impl Write for Room<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = cut(text, self.rest);
        self.to.write_str(taken)?;
        self.rest -= taken.chars().count() as u32;
        self.is_full |= taken.len() < text.len();
        // Ends the formatting of the rest.
        if self.is_full {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_error_of_display_itself_is_passed_on() {
        struct Broken;
        impl Display for Broken {
            fn fmt(&self, _: &mut Formatter<'_>) -> fmt::Result {
                Err(fmt::Error)
            }
        }
        let mut text = String::new();
        assert!(write!(text, "{}", Limited(Broken, 10)).is_err());
    }

    proptest! {
        #[test]
        fn the_first_characters_are_kept(pieces: Vec<String>, limit in 0_u32..40) {
            let whole: String = pieces.concat();
            let kept: String = whole.chars().take(limit as usize).collect();
            prop_assert_eq!(Limited(Pieces(&pieces), limit).to_string(), kept);
        }
    }

    /// Writes each by itself, and goes on whatever comes of it.
    struct Pieces<'a>(&'a [String]);

    impl Display for Pieces<'_> {
        fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
            for piece in self.0 {
                let _ = f.write_str(piece);
            }
            Ok(())
        }
    }
}
