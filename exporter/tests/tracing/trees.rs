//! Parents, whatever thread or task a span is made, entered or closed on.

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;

use proptest::collection::vec;
use proptest::prelude::*;
use tracing::span::EnteredSpan;
use tracing::{Instrument, Span, info_span};

use crate::received::Traced;

#[test]
fn children_have_their_parents_ids_and_trace() {
    let traced = Traced::new();
    traced.run(|| {
        let _root = info_span!("root").entered();
        let parent = info_span!("parent").entered();
        info_span!("child").in_scope(|| {});
        drop(parent);
        info_span!("sibling").in_scope(|| {});
        info_span!(parent: None, "alone").in_scope(|| info_span!("below").in_scope(|| {}));
    });
    let spans = traced.spans();
    assert_eq!(
        spans.names(),
        ["alone", "below", "child", "parent", "root", "sibling"]
    );
    spans.assert_root("root");
    spans.assert_root("alone");
    spans.assert_child("parent", "root");
    spans.assert_child("child", "parent");
    spans.assert_child("sibling", "root");
    spans.assert_child("below", "alone");
    assert_ne!(spans.named("alone").trace_id, spans.named("root").trace_id);
    for span in &spans.0 {
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
    }
    let (parent, child) = (spans.named("parent"), spans.named("child"));
    assert!(parent.start_time_unix_nano <= child.start_time_unix_nano);
    assert!(child.end_time_unix_nano <= parent.end_time_unix_nano);
}

#[test]
fn a_span_closed_on_another_thread_keeps_its_place() {
    let traced = Traced::new();
    let span = traced.run(|| {
        let _root = info_span!("root").entered();
        info_span!("moved")
    });
    let dispatch = traced.dispatch.clone();
    thread::spawn(move || {
        tracing::dispatcher::with_default(&dispatch, || {
            span.in_scope(|| info_span!("inside").in_scope(|| {}));
            drop(span);
        });
    })
    .join()
    .unwrap();
    let spans = traced.spans();
    spans.assert_child("moved", "root");
    spans.assert_child("inside", "moved");
}

#[test]
fn a_span_ends_with_its_last_clone() {
    let traced = Traced::new();
    let clones: Vec<Span> = traced.run(|| {
        let span = info_span!("cloned");
        (0..3).map(|_| span.clone()).collect()
    });
    for clone in clones {
        assert!(traced.spans().0.is_empty());
        drop(clone);
    }
    assert_eq!(traced.spans().names(), ["cloned"]);
}

#[test]
fn a_panic_inside_a_span_leaves_the_tree_as_it_was() {
    let traced = Traced::new();
    traced.run(|| {
        let _root = info_span!("root").entered();
        let result = std::panic::catch_unwind(|| {
            let _broken = info_span!("broken").entered();
            info_span!("inner").in_scope(|| std::panic::resume_unwind(Box::new(())));
        });
        assert!(result.is_err());
        info_span!("after").in_scope(|| {});
    });
    let spans = traced.spans();
    spans.assert_child("broken", "root");
    spans.assert_child("inner", "broken");
    spans.assert_child("after", "root");
}

/// A hundred tasks, polled in turn by threads that hand them on at each await.
#[test]
fn tasks_that_hop_between_threads_keep_their_trees() {
    const TASKS: usize = 100;
    let traced = Traced::with(|config| config.with_span_capacity(4_096));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .on_thread_start({
            let dispatch = traced.dispatch.clone();
            // The threads are the runtime's alone.
            move || std::mem::forget(tracing::dispatcher::set_default(&dispatch))
        })
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let root = traced.run(|| info_span!("task", task));
            runtime.spawn(
                async move {
                    for step in 0..3 {
                        async {
                            tokio::task::yield_now().await;
                            info_span!("leaf", task, step).in_scope(|| {});
                            tokio::task::yield_now().await;
                        }
                        .instrument(info_span!("step", task, step))
                        .await;
                    }
                }
                .instrument(root),
            )
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    drop(runtime);
    let spans = traced.spans().0;
    assert_eq!(spans.len(), TASKS * 7);
    let by_id: HashMap<_, _> = spans.iter().map(|span| (&span.span_id, span)).collect();
    for span in &spans {
        if span.name == "task" {
            assert!(span.parent_span_id.is_empty());
            continue;
        }
        let parent = by_id[&span.parent_span_id];
        assert_eq!(span.trace_id, parent.trace_id);
        let expected = if span.name == "step" { "task" } else { "step" };
        assert_eq!(parent.name, expected);
        // Of the same task, and a leaf of the same step.
        let shared = parent.attributes.len();
        assert_eq!(span.attributes[..shared], parent.attributes[..]);
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A span whose parent is the current one of this thread.
    Open(usize),
    /// One whose parent is said.
    OpenUnder(usize, usize),
    OpenRoot,
    Enter(usize, usize),
    Exit(usize),
    Drop(usize),
}

const THREADS: usize = 3;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..THREADS).prop_map(Step::Open),
        1 => (0..THREADS, 0_usize..64).prop_map(|(thread, span)| Step::OpenUnder(thread, span)),
        1 => Just(Step::OpenRoot),
        3 => (0..THREADS, 0_usize..64).prop_map(|(thread, span)| Step::Enter(thread, span)),
        2 => (0..THREADS).prop_map(Step::Exit),
        2 => (0_usize..64).prop_map(Step::Drop),
    ];
    vec(step, 1..60)
}

/// What a thread is told to do, with the spans that it has entered.
type Act = Box<dyn FnOnce(&mut Vec<EnteredSpan>) + Send>;

/// A thread that does what it is told, one thing after another.
struct Worker {
    tell: mpsc::Sender<Act>,
    done: mpsc::Receiver<()>,
}

impl Worker {
    fn start(dispatch: tracing::Dispatch) -> Self {
        let (tell, told) = mpsc::channel::<Act>();
        let (finished, done) = mpsc::channel();
        thread::spawn(move || {
            let _default = tracing::dispatcher::set_default(&dispatch);
            let mut entered = Vec::new();
            for act in told {
                act(&mut entered);
                finished.send(()).unwrap();
            }
        });
        Self { tell, done }
    }

    fn act<R: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Vec<EnteredSpan>) -> R + Send + 'static,
    ) -> R {
        let (answer, answered) = mpsc::channel();
        let act = move |entered: &mut Vec<_>| answer.send(act(entered)).unwrap();
        self.tell.send(Box::new(act)).unwrap();
        self.done.recv().unwrap();
        answered.recv().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever threads do with spans, each has the parent that a naive tree has.
    #[test]
    fn every_tree_is_the_naive_one(steps in steps()) {
        let traced = Traced::new();
        let workers: Vec<_> = (0..THREADS).map(|_| Worker::start(traced.dispatch.clone())).collect();
        // By number: the handle that this test has, and the parent's number.
        let mut handles: Vec<Option<Span>> = Vec::new();
        let mut parents: Vec<Option<usize>> = Vec::new();
        let mut stacks: Vec<Vec<usize>> = vec![Vec::new(); THREADS];
        for step in steps {
            let number = handles.len();
            match step {
                Step::Open(thread) => {
                    let span = workers[thread].act(move |_| info_span!("span", number));
                    handles.push(Some(span));
                    parents.push(stacks[thread].last().copied());
                }
                Step::OpenUnder(thread, parent) => {
                    let Some(under) = handles.get(parent).cloned().flatten() else { continue };
                    let make = move |_: &mut Vec<_>| info_span!(parent: &under, "span", number);
                    handles.push(Some(workers[thread].act(make)));
                    parents.push(Some(parent));
                }
                Step::OpenRoot => {
                    let make = move |_: &mut Vec<_>| info_span!(parent: None, "span", number);
                    handles.push(Some(workers[0].act(make)));
                    parents.push(None);
                }
                Step::Enter(thread, span) => {
                    let Some(handle) = handles.get(span).cloned().flatten() else { continue };
                    // The store keeps one place a thread for a span.
                    if stacks[thread].contains(&span) {
                        continue;
                    }
                    workers[thread].act(move |entered| entered.push(handle.entered()));
                    stacks[thread].push(span);
                }
                Step::Exit(thread) => {
                    workers[thread].act(|entered| drop(entered.pop()));
                    stacks[thread].pop();
                }
                Step::Drop(span) => {
                    if let Some(handle) = handles.get_mut(span) {
                        let handle = handle.take();
                        workers[span % THREADS].act(move |_| drop(handle));
                    }
                }
            }
        }
        for worker in &workers {
            worker.act(|entered| while entered.pop().is_some() {});
        }
        // The store closes parents by this thread's subscriber.
        traced.run(|| handles.clear());
        let spans = traced.spans().0;
        prop_assert_eq!(spans.len(), parents.len());
        let number_of = |span: &opentelemetry_proto::tonic::trace::v1::Span| {
            match crate::received::attributes(&span.attributes)["number"] {
                crate::received::Value::IntValue(number) => *number as usize,
                other => panic!("{other:?}"),
            }
        };
        let by_number: HashMap<_, _> = spans.iter().map(|span| (number_of(span), span)).collect();
        for (number, parent) in parents.iter().enumerate() {
            let span = by_number[&number];
            let expected = parent.map(|parent| by_number[&parent]);
            let parent_id = expected.map_or(&[][..], |parent| &parent.span_id);
            prop_assert_eq!(&span.parent_span_id[..], parent_id);
            if let Some(parent) = expected {
                prop_assert_eq!(&span.trace_id, &parent.trace_id);
            }
        }
    }
}
