//! The models are in `tests/`; see the README, *Safety and correctness*.
