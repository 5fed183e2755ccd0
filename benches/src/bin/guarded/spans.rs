//! Spans, whoever records them: `guarded SHAPE/SUBJECT SPANS`.

use std::hint::black_box;

use pqcnet_telemetry_benches::guard::count::begin_counting;
use pqcnet_telemetry_benches::spans::{
    Encoding, Lost, Pass, Pipeline, ROUND, Shape, Subject, round_of,
};

use super::{Done, hot};

/// Both parts of a case's name.
pub(crate) fn named(case: &str) -> Option<(Shape, Subject)> {
    let (shape, subject) = case.split_once('/')?;
    let shape = Shape::ALL.into_iter().find(|it| it.name() == shape)?;
    Some((shape, Subject::named(subject)?))
}

/// The names of all cases.
pub(crate) fn names() -> impl Iterator<Item = String> {
    let name = |shape: Shape, subject: Subject| format!("{}/{}", shape.name(), subject.name());
    Shape::ALL
        .into_iter()
        .flat_map(move |shape| Subject::ALL.map(|subject| name(shape, subject)))
}

/// Records so many spans, in rounds, each until it is encoded.
pub(crate) fn run(case: (Shape, Subject), spans: u64) -> Done {
    rounds(case, spans, |pass, values, pipeline| {
        hot::span(black_box(pass), black_box(values));
        pipeline.flush()
    })
}

/// The same, for what is counted to include the encoding.
pub(crate) fn run_encoded(case: (Shape, Subject), spans: u64) -> Done {
    rounds(case, spans, |pass, values, pipeline| {
        hot::span_encoded(black_box(pass), black_box(values), pipeline)
    })
}

fn rounds(
    (shape, subject): (Shape, Subject),
    spans: u64,
    round: impl Fn(Pass, &[u64], &Pipeline) -> Result<(), Lost>,
) -> Done {
    let pipeline = subject.install(Encoding::WhenFlushed);
    let (pass, values) = (shape.pass(subject), round_of(ROUND));
    let round = |values: &[u64]| {
        pipeline.add_made(values.len() as u64 * shape.spans());
        round(pass, values, &pipeline)
    };
    // Makes what the first spans need.
    round(&values)?;
    begin_counting();
    let mut left = (spans / shape.spans()) as usize;
    while left > 0 {
        let operations = left.min(ROUND);
        round(&values[..operations])?;
        left -= operations;
    }
    Ok(())
}
