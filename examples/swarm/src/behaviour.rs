//! The protocols that a node speaks, and its swarm.

use std::error::Error;
use std::time::Duration;

use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity};
use libp2p::identity::Keypair;
use libp2p::kad::{self, store::MemoryStore};
use libp2p::swarm::NetworkBehaviour;
use libp2p::{StreamProtocol, Swarm, SwarmBuilder, identify, noise, tcp, yamux};

/// How many peers a node asks at once.
pub(crate) const FAN_OUT: u16 = 3;

/// How long a query of the DHT may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where packages are announced.
pub(crate) fn announcements() -> IdentTopic {
    IdentTopic::new("packages")
}

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    pub(crate) gossipsub: gossipsub::Behaviour,
    pub(crate) identify: identify::Behaviour,
    pub(crate) kademlia: kad::Behaviour<MemoryStore>,
}

impl Behaviour {
    fn new(key: &Keypair) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let peer_id = key.public().to_peer_id();
        let mut gossipsub = gossipsub::Behaviour::new(
            MessageAuthenticity::Signed(key.clone()),
            gossipsub::Config::default(),
        )?;
        gossipsub.subscribe(&announcements())?;

        let mut config = kad::Config::new(StreamProtocol::new("/pqcnet/kad/1.0.0"));
        config.set_query_timeout(PATIENCE);
        config.set_caching(kad::Caching::Enabled { max_peers: FAN_OUT });
        let mut kademlia = kad::Behaviour::with_config(peer_id, MemoryStore::new(peer_id), config);
        // On loopback nobody confirms an external address.
        kademlia.set_mode(Some(kad::Mode::Server));

        let config = identify::Config::new("/pqcnet/1.0.0".into(), key.public());
        Ok(Self {
            gossipsub,
            identify: identify::Behaviour::new(config),
            kademlia,
        })
    }
}

/// A swarm with a key of its own, which listens nowhere yet.
pub(crate) fn swarm() -> Result<Swarm<Behaviour>, Box<dyn Error>> {
    Ok(SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )?
        .with_behaviour(Behaviour::new)?
        .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
        .build())
}
