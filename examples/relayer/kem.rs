//! A session's key: made, used once, thrown away.

use ml_kem::kem::{Decapsulate, Encapsulate, Generate, KeyExport};
use ml_kem::ml_kem_768::DecapsulationKey;
use pqcnet_telemetry::{KemUsageReason, KemUsageRecord};

/// One session in this many is a drill.
const DRILL_EVERY: u64 = 16;

/// Makes a key, has both sides agree on a secret, and says which key it was;
/// or why there is none.
///
/// A drill restores the key from its seed, as one would from a backup, and
/// uses what it restored. No secret leaves this function.
pub(crate) fn exchange(session: u64) -> Result<KemUsageRecord, String> {
    let key = DecapsulationKey::try_generate();
    let mut key = key.map_err(|error| format!("no randomness for a key: {error}"))?;
    let public = key.encapsulation_key().clone();
    let mut reason = KemUsageReason::Normal;
    if session.is_multiple_of(DRILL_EVERY) {
        reason = KemUsageReason::Drill;
        key = DecapsulationKey::from_seed(key.to_seed().expect("a generated key has a seed"));
    }
    let (ciphertext, sent) = public.encapsulate();
    if key.decapsulate(&ciphertext) != sent {
        return Err("the two sides of a key exchange differ".into());
    }
    // The beginning of a public key is as good as random.
    let public = public.to_bytes();
    let id = public.first_chunk().expect("a key has 1184 bytes");
    Ok(KemUsageRecord {
        label: format!("relayer::{:016x}", u64::from_be_bytes(*id)),
        scheme: "ml-kem-768".into(),
        reason,
        backup_only: false,
    })
}
