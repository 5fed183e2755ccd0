//! Configuration: every layer is read, each over the one before; every
//! refusal names its key and value, and no message shows a secret.

#[path = "../../../examples/support/sink.rs"]
mod sink;
mod support;
#[path = "../support/tls.rs"]
mod tls_sink;

mod calls;
mod destinations;
mod endpoint;
mod env;
mod env_lists;
mod headers;
mod histograms;
mod labels;
mod layers;
mod per_signal;
mod prometheus;
mod properties;
mod tls;
mod toml;
mod traces;
mod values;
