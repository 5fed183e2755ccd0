//! `Content-Encoding: gzip`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Compresses `bytes`, fast rather than small: a flush waits for it.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("a Vec takes all")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    fn gunzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_repeats_shrinks() {
        let report = br#"{"startTimeUnixNano":"1700000000000000001"},"#.repeat(1_000);
        let compressed = gzip(&report);
        assert!(compressed.len() < report.len() / 20);
        assert_eq!(gunzip(&compressed), report);
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            prop_assert_eq!(gunzip(&gzip(&bytes)), bytes);
        }
    }
}
