//! What can go wrong with a request, and what it means by the specification.
//!
//! Said here a second time, apart from the engine: a ledger that asked the
//! engine what an answer means would find it right whatever it did.

use fastrand::Rng;

/// What becomes of one request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Nothing is wrong.
    Well,
    /// The connection is reset with nothing read.
    ResetUnread,
    /// The connection is reset in the middle of the body.
    ResetInBody,
    /// 503, and nobody listens any more for a while.
    Down,
    /// The whole request is read, and the connection ends where it is said.
    Cut { at: Cut, is_taken: bool },
    /// The client runs out of time: no answer, or one in drips.
    Stall { is_drip: bool, is_taken: bool },
    /// Success that does not look like it.
    Odd(Oddity),
    /// Success, but for some of the items, in percent; more than all of them
    /// is something to survive too.
    Partial { percent: usize, form: Form },
    /// A status that is no success.
    Status {
        code: u16,
        wait: Wait,
        is_taken: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cut {
    BeforeTheAnswer,
    InTheStatusLine,
    InTheHead,
    AfterGarbage,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Oddity {
    HalfABody,
    ByteByByte,
    WebPage,
    WrongType,
    Oversized,
    GzipBomb,
    Warning,
}

/// How a partial success is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Number,
    Text,
    Protobuf,
}

/// What `Retry-After` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wait {
    Unsaid,
    Seconds(u64),
    /// A date that lies so many seconds ahead.
    Date(u64),
}

/// What a client must make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    Taken,
    /// Surely not taken; to be sent again.
    Again,
    /// Perhaps taken; to be sent again.
    Doubt,
    /// Refused for good, for what is in it.
    Unfit,
    /// Refused for good, as others would be.
    Refused,
}

impl Fault {
    /// A list of them, by the end of which the peer is well for ever. Stalls
    /// cost real time, and so are for few lists.
    pub(crate) fn script(rng: &mut Rng, may_stall: bool) -> Vec<Self> {
        let mut script = Vec::new();
        for _ in 0..rng.usize(..9) {
            let fault = match rng.u8(..8) {
                0..2 => Self::Well,
                2 if may_stall => Self::Stall {
                    is_drip: rng.bool(),
                    is_taken: rng.bool(),
                },
                _ => Self::any(rng),
            };
            // Now and then long enough for probes.
            let times = if rng.u8(..6) == 0 { rng.usize(2..8) } else { 1 };
            let is_stall = matches!(fault, Self::Stall { .. });
            let times = if is_stall { 1 } else { times };
            script.extend(std::iter::repeat_n(fault, times));
        }
        script
    }

    fn any(rng: &mut Rng) -> Self {
        match rng.u8(..20) {
            0 => Self::ResetUnread,
            1 => Self::ResetInBody,
            2 => Self::Down,
            3..6 => Self::Cut {
                at: *pick(
                    rng,
                    &[
                        Cut::BeforeTheAnswer,
                        Cut::InTheStatusLine,
                        Cut::InTheHead,
                        Cut::AfterGarbage,
                    ],
                ),
                is_taken: rng.bool(),
            },
            6..8 => Self::Odd(*pick(
                rng,
                &[
                    Oddity::HalfABody,
                    Oddity::ByteByByte,
                    Oddity::WebPage,
                    Oddity::WrongType,
                    Oddity::Oversized,
                    Oddity::GzipBomb,
                    Oddity::Warning,
                ],
            )),
            8..10 => Self::Partial {
                percent: rng.usize(1..130),
                form: *pick(rng, &[Form::Number, Form::Text, Form::Protobuf]),
            },
            10..15 => Self::Status {
                code: *pick(rng, &[429, 503]),
                wait: Wait::any(rng),
                is_taken: false,
            },
            15..17 => Self::Status {
                code: *pick(rng, &[502, 504]),
                wait: Wait::any(rng),
                is_taken: rng.bool(),
            },
            _ => Self::Status {
                code: *pick(
                    rng,
                    &[301, 302, 307, 400, 400, 401, 404, 408, 413, 413, 422, 500],
                ),
                wait: Wait::Unsaid,
                is_taken: false,
            },
        }
    }

    /// What the answer means, if it arrives.
    pub(crate) fn meaning(&self) -> Meaning {
        match self {
            Self::Well | Self::Odd(_) | Self::Partial { .. } => Meaning::Taken,
            Self::Down => Meaning::Again,
            Self::ResetUnread | Self::ResetInBody | Self::Cut { .. } | Self::Stall { .. } => {
                Meaning::Doubt
            }
            Self::Status { code, .. } => match code {
                429 | 503 => Meaning::Again,
                502 | 504 => Meaning::Doubt,
                400 | 413 | 422 => Meaning::Unfit,
                _ => Meaning::Refused,
            },
        }
    }

    /// Whether the peer takes the request, whatever it says.
    pub(crate) fn is_taken(&self) -> bool {
        match self {
            Self::Well | Self::Odd(_) | Self::Partial { .. } => true,
            Self::Cut { is_taken, .. }
            | Self::Stall { is_taken, .. }
            | Self::Status { is_taken, .. } => *is_taken,
            Self::ResetUnread | Self::ResetInBody | Self::Down => false,
        }
    }

    /// What it is counted as.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Well => "none".into(),
            Self::ResetUnread => "reset, nothing read".into(),
            Self::ResetInBody => "reset in the body".into(),
            Self::Down => "503, then connections refused".into(),
            Self::Cut { at, .. } => format!("connection cut: {at:?}"),
            Self::Stall { is_drip: true, .. } => "slow drip past the time-out".into(),
            Self::Stall { .. } => "no answer".into(),
            Self::Odd(oddity) => format!("odd success: {oddity:?}"),
            Self::Partial { form, .. } => format!("partial success: {form:?}"),
            Self::Status { code, wait, .. } => match wait {
                Wait::Unsaid => format!("status {code}"),
                Wait::Seconds(_) => format!("status {code}, Retry-After: seconds"),
                Wait::Date(_) => format!("status {code}, Retry-After: date"),
            },
        }
    }
}

impl Wait {
    fn any(rng: &mut Rng) -> Self {
        match rng.u8(..8) {
            0..3 => Self::Unsaid,
            3 => Self::Seconds(0),
            4 | 5 => Self::Seconds(rng.u64(2..100_000)),
            6 if rng.u8(..4) == 0 => Self::Seconds(u64::MAX),
            6 => Self::Seconds(rng.u64(100_000..10_000_000)),
            _ => Self::Date(rng.u64(2..1_000_000)),
        }
    }
}

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(..from.len())]
}
