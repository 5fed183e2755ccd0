//! What a node does for its user, each operation in its span.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use libp2p::{Multiaddr, PeerId};
use pqcnet_telemetry::p2p::{
    AnnouncePackage, Bootstrap, Publish, QueryDhtParallel, Search, StoreInDht,
};

use crate::node::{Node, Outcome};
use crate::package::Package;
use crate::reputation::Reputations;

/// How many results a search has at most.
const LIMIT: usize = 20;

/// Joins the network through `nodes`.
pub(crate) async fn bootstrap(node: &Node, nodes: Vec<(PeerId, Multiaddr)>) -> Outcome {
    let bootstrap = Bootstrap::start(node.peer_id, nodes.len());
    let joined = bootstrap.instrument(node.join(nodes)).await;
    match &joined {
        Ok(()) => bootstrap.succeeded(node.view(|view| view.connected.len())),
        Err(error) => bootstrap.failed(error),
    }
    joined
}

/// Stores a package in the DHT and tells the peers.
pub(crate) async fn publish(node: &Node, package: &Package) -> Outcome {
    let publish = Publish::start(&package.id, &package.version, node.peer_id);
    let legs = async {
        (
            store_in_dht(node, package).await,
            announce_package(node, package).await,
        )
    };
    let (stored, announced) = publish.instrument(legs).await;
    publish.finished(&stored, &announced);
    stored.and(announced)
}

async fn store_in_dht(node: &Node, package: &Package) -> Outcome {
    let store = StoreInDht::start(&package.id, node.peer_id, package.to_bytes().len());
    let stored = store.instrument(node.put(package)).await;
    match &stored {
        Ok(()) => store.succeeded(),
        Err(error) => store.failed(error),
    }
    stored
}

async fn announce_package(node: &Node, package: &Package) -> Outcome {
    let bytes = package.to_bytes();
    let announce = AnnouncePackage::start(&package.id, &package.version, bytes.len());
    let announced = announce.instrument(node.gossip(bytes)).await;
    match &announced {
        Ok(()) => announce.succeeded(),
        Err(error) => announce.failed(error),
    }
    announced
}

/// Looks for packages here and in the DHT, and remembers who helped.
pub(crate) async fn search(
    node: &Node,
    reputations: &mut Reputations,
    text: &str,
) -> Result<Vec<Package>, String> {
    let search = Search::start(text, LIMIT, 0, 0);
    let found = search.instrument(search_in(node, reputations, &search, text));
    match found.await {
        Ok(packages) => {
            search.succeeded(packages.len());
            Ok(packages)
        }
        Err(error) => {
            search.failed(&error);
            Err(error)
        }
    }
}

async fn search_in(
    node: &Node,
    reputations: &mut Reputations,
    search: &Search,
    text: &str,
) -> Result<Vec<Package>, String> {
    let mut packages = node.view(|view| view.packages.clone());
    packages.retain(|_, package| package.matches(text));
    search.local_results(packages.len());

    search.peer_count(node.view(|view| view.routable.len()));
    // The DHT knows ids only.
    let from_dht = query_dht_parallel(node, reputations, search, text).await?;
    search.dht_results(from_dht.len());
    packages.extend(from_dht);
    Ok(packages.into_values().take(LIMIT).collect())
}

/// Asks the peers nearest to a package for it, all at once.
async fn query_dht_parallel(
    node: &Node,
    reputations: &mut Reputations,
    search: &Search,
    package_id: &str,
) -> Result<BTreeMap<String, Package>, String> {
    let peers = node.nearest(package_id).await?;
    search.fan_out(peers.len());
    let query = QueryDhtParallel::start(package_id, peers.len());
    let start = Instant::now();
    let mut asked: BTreeMap<_, _> = peers.iter().map(|peer| (*peer, query.peer(peer))).collect();

    let mut packages = BTreeMap::new();
    let mut answered = BTreeSet::new();
    let mut answers = match query.instrument(node.get(package_id)).await {
        Ok(answers) => answers,
        Err(error) => {
            query.failed(&error);
            return Err(error);
        }
    };
    while let Some(answer) = answers.recv().await {
        if let Some(span) = asked.remove(&answer.peer) {
            span.succeeded();
            reputations.record_peer_success(answer.peer, start.elapsed());
            answered.insert(answer.peer);
        }
        packages.extend(answer.package.map(|package| (package.id.clone(), package)));
    }
    for (peer, span) in asked {
        span.failed("no answer");
        reputations.record_peer_failure(peer);
    }
    query.finished(peers.len(), answered.len());
    Ok(packages)
}
