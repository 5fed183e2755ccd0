//! A node as its owner has it: what to ask of it, and what it knows.
//!
//! The swarm runs in a task of its own (`driver.rs`). Requests reach it through a
//! channel; what it has learned is in a [`View`] that anybody may watch.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use libp2p::futures::StreamExt;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, PeerId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::behaviour;
use crate::driver::{Answer, Driver, Request};
use crate::package::Package;

/// What came of a request.
pub(crate) type Outcome = Result<(), String>;

/// What a node knows.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Peers that it has a connection to.
    pub(crate) connected: BTreeSet<PeerId>,
    /// Peers that its DHT can ask.
    pub(crate) routable: BTreeSet<PeerId>,
    /// Peers that want to hear of packages.
    pub(crate) subscribed: BTreeSet<PeerId>,
    /// Packages by id: its own, and those announced to it.
    pub(crate) packages: BTreeMap<String, Package>,
    /// Strangers that could not connect.
    pub(crate) incoming_errors: usize,
}

pub(crate) struct Node {
    pub(crate) peer_id: PeerId,
    pub(crate) address: Multiaddr,
    requests: mpsc::Sender<Request>,
    view: watch::Receiver<View>,
    task: JoinHandle<()>,
}

impl Node {
    /// A node that listens on a free port of the loopback interface.
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let mut swarm = behaviour::swarm()?;
        swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
        let address = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        let peer_id = *swarm.local_peer_id();
        let (requests, received) = mpsc::channel(16);
        let (viewed, view) = watch::channel(View::default());
        let driver = Driver::new(swarm, viewed);
        Ok(Self {
            peer_id,
            address,
            requests,
            view,
            task: tokio::spawn(driver.run(received)),
        })
    }

    /// The TCP port it listens on.
    pub(crate) fn port(&self) -> Option<u16> {
        self.address.iter().find_map(|part| match part {
            Protocol::Tcp(port) => Some(port),
            _ => None,
        })
    }

    /// Reads what the node knows now.
    pub(crate) fn view<R>(&self, read: impl FnOnce(&View) -> R) -> R {
        read(&self.view.borrow())
    }

    /// Waits until the node knows what `is_so` asks for.
    pub(crate) async fn until(&self, is_so: impl Fn(&View) -> bool) -> Outcome {
        let mut view = self.view.clone();
        let known = view.wait_for(|view| is_so(view)).await;
        known.map(drop).map_err(|_| "the node has stopped".into())
    }

    /// Gets to know the network through nodes of it.
    pub(crate) async fn join(&self, nodes: Vec<(PeerId, Multiaddr)>) -> Outcome {
        self.ask(|reply| Request::Join { nodes, reply }).await?
    }

    /// Puts a package into the DHT, here and at one other node at least.
    pub(crate) async fn put(&self, package: &Package) -> Outcome {
        let package = package.clone();
        self.ask(|reply| Request::Put { package, reply }).await?
    }

    /// Tells all who have subscribed.
    pub(crate) async fn gossip(&self, bytes: Vec<u8>) -> Outcome {
        self.ask(|reply| Request::Gossip { bytes, reply }).await?
    }

    /// The peers nearest to a package, by what is known here.
    pub(crate) async fn nearest(&self, package_id: &str) -> Result<Vec<PeerId>, String> {
        let package_id = package_id.to_owned();
        self.ask(|reply| Request::Nearest { package_id, reply })
            .await
    }

    /// Asks the peers nearest to a package for it. The answers end when all have
    /// answered, or won't.
    pub(crate) async fn get(&self, package_id: &str) -> Result<mpsc::Receiver<Answer>, String> {
        let package_id = package_id.to_owned();
        self.ask(|reply| Request::Get { package_id, reply }).await
    }

    /// Ends the node, without a word to its peers.
    pub(crate) fn leave(self) -> impl Future<Output = Outcome> {
        let Self { requests, task, .. } = self;
        drop(requests);
        async { task.await.map_err(|error| error.to_string()) }
    }

    async fn ask<R>(
        &self,
        request: impl FnOnce(oneshot::Sender<R>) -> Request,
    ) -> Result<R, String> {
        let (reply, replied) = oneshot::channel();
        let stopped = || String::from("the node has stopped");
        let sent = self.requests.send(request(reply)).await;
        sent.map_err(|_| stopped())?;
        replied.await.map_err(|_| stopped())
    }
}
