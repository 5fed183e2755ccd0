//! The task that a swarm runs in: requests in, events out.

use std::collections::HashMap;

use libp2p::futures::StreamExt;
use libp2p::kad::{self, GetRecordOk, QueryId, QueryResult, Quorum, Record, RecordKey};
use libp2p::{Multiaddr, PeerId, Swarm};
use tokio::sync::{mpsc, oneshot, watch};

use crate::behaviour::{Behaviour, FAN_OUT, announcements};
use crate::node::{Outcome, View};
use crate::package::Package;

/// What a node is asked to do; see the methods of `Node`.
pub(crate) enum Request {
    Join {
        nodes: Vec<(PeerId, Multiaddr)>,
        reply: oneshot::Sender<Outcome>,
    },
    Put {
        package: Package,
        reply: oneshot::Sender<Outcome>,
    },
    Gossip {
        bytes: Vec<u8>,
        reply: oneshot::Sender<Outcome>,
    },
    Nearest {
        package_id: String,
        reply: oneshot::Sender<Vec<PeerId>>,
    },
    Get {
        package_id: String,
        reply: oneshot::Sender<mpsc::Receiver<Answer>>,
    },
}

/// What a peer said when it was asked for a package.
pub(crate) struct Answer {
    pub(crate) peer: PeerId,
    /// `None`: it has none.
    pub(crate) package: Option<Package>,
}

/// A query of the DHT, and who waits for it.
enum Pending {
    Outcome(oneshot::Sender<Outcome>),
    Answers(mpsc::Sender<Answer>),
}

pub(crate) struct Driver {
    pub(crate) swarm: Swarm<Behaviour>,
    pub(crate) view: watch::Sender<View>,
    pending: HashMap<QueryId, Pending>,
}

impl Driver {
    pub(crate) fn new(swarm: Swarm<Behaviour>, view: watch::Sender<View>) -> Self {
        Self {
            swarm,
            view,
            pending: HashMap::new(),
        }
    }

    /// Until nobody can ask any more.
    pub(crate) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        loop {
            tokio::select! {
                request = requests.recv() => match request {
                    Some(request) => self.begin(request),
                    None => return,
                },
                event = self.swarm.select_next_some() => self.process(event),
            }
        }
    }

    // Whoever has asked may have gone away: a reply that nobody takes is dropped.
    fn begin(&mut self, request: Request) {
        let behaviour = self.swarm.behaviour_mut();
        match request {
            Request::Join { nodes, reply } => {
                for (peer, address) in nodes {
                    behaviour.kademlia.add_address(&peer, address);
                }
                let query = behaviour.kademlia.bootstrap();
                self.wait_for(query.map_err(|error| error.to_string()), reply);
            }
            Request::Put { package, reply } => {
                let record = Record::new(package.id.as_bytes().to_vec(), package.to_bytes());
                let query = behaviour.kademlia.put_record(record, Quorum::One);
                self.wait_for(query.map_err(|error| error.to_string()), reply);
                self.view.send_modify(|view| {
                    view.packages.insert(package.id.clone(), package);
                });
            }
            Request::Gossip { bytes, reply } => {
                let sent = behaviour.gossipsub.publish(announcements(), bytes);
                let _ = reply.send(sent.map(drop).map_err(|error| error.to_string()));
            }
            Request::Nearest { package_id, reply } => {
                let key = RecordKey::new(&package_id).into();
                let nearest = behaviour.kademlia.get_closest_local_peers(&key);
                let nearest = nearest.take(FAN_OUT.into()).map(|key| *key.preimage());
                let _ = reply.send(nearest.collect());
            }
            Request::Get { package_id, reply } => {
                let query = behaviour.kademlia.get_record(RecordKey::new(&package_id));
                // Has room for an answer of everybody.
                let (answers, receiver) = mpsc::channel(64);
                self.pending.insert(query, Pending::Answers(answers));
                let _ = reply.send(receiver);
            }
        }
    }

    fn wait_for(&mut self, query: Result<QueryId, String>, reply: oneshot::Sender<Outcome>) {
        match query {
            Ok(query) => {
                self.pending.insert(query, Pending::Outcome(reply));
            }
            Err(error) => {
                let _ = reply.send(Err(error));
            }
        }
    }

    /// A query of the DHT has got further.
    pub(crate) fn progress(&mut self, query: QueryId, result: QueryResult, is_last: bool) {
        if let Some(Pending::Answers(answers)) = self.pending.get(&query) {
            for answer in answers_of(&result) {
                let _ = answers.try_send(answer);
            }
        }
        if !is_last {
            return;
        }
        if let Some(Pending::Outcome(reply)) = self.pending.remove(&query) {
            let _ = reply.send(match result {
                QueryResult::Bootstrap(Err(error)) => Err(error.to_string()),
                QueryResult::PutRecord(Err(error)) => Err(error.to_string()),
                _ => Ok(()),
            });
        }
    }
}

fn answers_of(result: &QueryResult) -> Vec<Answer> {
    let QueryResult::GetRecord(Ok(found)) = result else {
        return Vec::new();
    };
    match found {
        GetRecordOk::FoundRecord(kad::PeerRecord { peer, record }) => {
            let package = Package::from_bytes(&record.value);
            // Without a peer it is this node's own copy.
            let answer = peer.map(|peer| Answer { peer, package });
            answer.into_iter().collect()
        }
        GetRecordOk::FinishedWithNoAdditionalRecord { cache_candidates } => {
            let peers = cache_candidates.values().copied();
            let answer = |peer| Answer {
                peer,
                package: None,
            };
            peers.map(answer).collect()
        }
    }
}
