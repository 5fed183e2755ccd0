//! The collector that the children send to, which works now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use fastrand::Rng;

use crate::support::read::events_in;
use crate::support::sink::{Answer, Request, Sink};

pub(crate) struct Collector {
    sink: Sink,
    state: Arc<Mutex<State>>,
}

struct State {
    answer: Answer,
    /// By label, of requests that were answered with success.
    deliveries: Deliveries,
}

pub(crate) type Deliveries = BTreeMap<String, Delivery>;

/// How an event has arrived.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) ids: BTreeSet<String>,
    pub(crate) times: u64,
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        // What was answered otherwise has to arrive again.
        if matches!(&self.answer, Answer::Status(line, ..) if line.starts_with("200")) {
            for (id, label) in events_in(request) {
                let delivery = self.deliveries.entry(label).or_default();
                delivery.ids.insert(id);
                delivery.times += 1;
            }
        }
        self.answer.clone()
    }
}

impl Collector {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State {
            answer: Answer::ok(),
            deliveries: Deliveries::new(),
        }));
        let sink = Sink::answering({
            let state = Arc::clone(&state);
            move |request| state.lock().unwrap().answer(request)
        });
        Self { sink, state }
    }

    pub(crate) fn url(&self) -> String {
        self.sink.url()
    }

    /// From now on it works, half of the time, or fails in one of its ways.
    pub(crate) fn choose(&self, rng: &mut Rng) {
        // They are read here; the sink need not keep them.
        self.sink.received();
        let busy = Answer::Status("503 Service Unavailable", &[], String::new());
        let answer = match rng.u8(..6) {
            0 => busy,
            1 => Answer::Hang,
            2 => Answer::Reset,
            _ => Answer::ok(),
        };
        self.state.lock().unwrap().answer = answer;
    }

    pub(crate) fn recover(&self) {
        self.state.lock().unwrap().answer = Answer::ok();
    }

    /// What has arrived so far.
    pub(crate) fn deliveries(&self) -> Deliveries {
        std::mem::take(&mut self.state.lock().unwrap().deliveries)
    }
}
