//! The `Retry-After` header (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use crate::config::FOREVER;

/// When a receiver wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Delay(Duration),
    Date(SystemTime),
}

impl RetryAfter {
    /// Reads the header's value; `None` if it is neither seconds nor a date.
    /// More seconds than a process lives count as that.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) {
            let seconds = value.parse().unwrap_or(u64::MAX);
            return Some(Self::Delay(Duration::from_secs(seconds).min(FOREVER)));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(Self::Date(date))
    }

    /// How long that is from `now`; nothing for what is past.
    pub(crate) fn wait(self, now: SystemTime) -> Duration {
        match self {
            Self::Delay(delay) => delay,
            Self::Date(date) => date.duration_since(now).unwrap_or_default().min(FOREVER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::UNIX_EPOCH;

    fn wait(value: &str) -> Option<u64> {
        // Sun, 06 Nov 1994 08:49:37 GMT, the date of the RFC's examples.
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        Some(RetryAfter::parse(value)?.wait(now).as_secs())
    }

    #[test]
    fn seconds_and_dates_of_every_form_are_read() {
        assert_eq!(wait("0"), Some(0));
        assert_eq!(wait(" 120 "), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sunday, 06-Nov-94 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sun Nov  6 08:50:37 1994"), Some(60));
    }

    #[test]
    fn the_past_is_now_and_too_long_is_forever() {
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
        let forever = Some(FOREVER.as_secs());
        assert_eq!(wait("99999999999999999999999999"), forever);
        assert_eq!(wait("Fri, 31 Dec 9999 23:59:59 GMT"), forever);
    }

    #[test]
    fn what_is_neither_is_ignored() {
        for value in [
            "",
            "-1",
            "1.5",
            "soon",
            "1s",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(wait(value), None, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn no_value_panics(value in ".{0,40}|[0-9]{1,40}|(Sun|Mon), [0-9]{2} Nov [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT") {
            let _ = wait(&value);
        }
    }
}
