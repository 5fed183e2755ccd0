//! KEM events in both formats.

use std::time::{Duration, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use proptest::prelude::*;
use prost::Message;
use uuid::Uuid;

use super::{fits, resource};
use crate::config::Protocol;
use crate::kem::{KemUsageReason, KemUsageRecord};
use crate::otlp::{Body, LogsEncoder};
use crate::snapshot::KemEvent;

fn events() -> impl Strategy<Value = Vec<KemEvent>> {
    let reasons = [
        KemUsageReason::Normal,
        KemUsageReason::Drill,
        KemUsageReason::Fallback,
    ];
    let parts = (
        (any::<u128>(), any::<u64>()),
        (".{0,60}", "[a-z0-9-]{0,12}"),
        prop::sample::select(reasons.to_vec()),
        any::<bool>(),
    );
    let event = parts.prop_map(
        |((id, nanos), (label, scheme), reason, backup_only)| KemEvent {
            id: Uuid::from_u128(id),
            timestamp: UNIX_EPOCH + Duration::from_nanos(nanos),
            record: KemUsageRecord {
                label,
                scheme,
                reason,
                backup_only,
            },
        },
    );
    prop::collection::vec(event, 1..12)
}

fn from_protobuf(body: &Body) -> ExportLogsServiceRequest {
    let request = ExportLogsServiceRequest::decode(&body.bytes[..]).unwrap();
    assert_eq!(request.encoded_len(), body.bytes.len());
    let records = &request.resource_logs[0].scope_logs[0].log_records;
    assert_eq!(records.len(), body.items);
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn both_formats_say_the_same(events in events()) {
        let [json, protobuf] = [Protocol::HttpJson, Protocol::HttpProtobuf]
            .map(|protocol| LogsEncoder::new(protocol, &resource(), 1 << 20).encode(&events, &()));
        prop_assert_eq!((json.items, protobuf.items), (events.len(), events.len()));
        let from_json: ExportLogsServiceRequest = serde_json::from_slice(&json.bytes).unwrap();
        prop_assert_eq!(from_json, from_protobuf(&protobuf));
    }

    #[test]
    fn requests_are_as_full_as_every_limit_allows(events in events()) {
        fits::check(&events, &());
    }
}
