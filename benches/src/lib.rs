//! The benchmarks are in `benches/`: one file a question.
