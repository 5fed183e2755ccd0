//! `process_events`: what the swarm reports, each event in a span.

use std::fmt::Display;

use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, gossipsub, identify, kad};
use pqcnet_telemetry::p2p::ProcessEvents;

use crate::behaviour::BehaviourEvent;
use crate::driver::Driver;
use crate::package::Package;

impl Driver {
    pub(crate) fn process(&mut self, event: SwarmEvent<BehaviourEvent>) {
        let (event_type, peer) = kind_of(&event);
        let peer = peer.as_ref().map(|peer| peer as &dyn Display);
        let events = ProcessEvents::start(event_type, peer);
        match event {
            SwarmEvent::Behaviour(event) => {
                let span = events.behaviour_event();
                span.span().in_scope(|| self.process_behaviour(event));
            }
            SwarmEvent::ConnectionEstablished {
                peer_id,
                num_established,
                endpoint,
                ..
            } => {
                let is_dialer = endpoint.is_dialer();
                let _span =
                    events.connection_established(peer_id, num_established.get(), is_dialer);
                self.view.send_modify(|view| {
                    view.connected.insert(peer_id);
                });
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established,
                cause,
                ..
            } => {
                let cause = cause.map_or_else(|| "closed here".into(), |cause| cause.to_string());
                let _span = events.connection_closed(peer_id, num_established, cause);
                if num_established == 0 {
                    self.view.send_modify(|view| {
                        view.connected.remove(&peer_id);
                        view.subscribed.remove(&peer_id);
                    });
                }
            }
            SwarmEvent::IncomingConnectionError { error, .. } => {
                let _span = events.incoming_connection_error(error);
                self.view.send_modify(|view| view.incoming_errors += 1);
            }
            _ => {}
        }
    }

    fn process_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Gossipsub(gossipsub::Event::Subscribed { peer_id, .. }) => {
                self.view.send_modify(|view| {
                    view.subscribed.insert(peer_id);
                });
            }
            BehaviourEvent::Gossipsub(gossipsub::Event::Message { message, .. }) => {
                if let Some(package) = Package::from_bytes(&message.data) {
                    tracing::info!(package_id = package.id, "announced to this node");
                    self.view.send_modify(|view| {
                        view.packages.insert(package.id.clone(), package);
                    });
                }
            }
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                let kademlia = &mut self.swarm.behaviour_mut().kademlia;
                for address in info.listen_addrs {
                    kademlia.add_address(&peer_id, address);
                }
            }
            BehaviourEvent::Kademlia(kad::Event::RoutingUpdated { peer, .. }) => {
                self.view.send_modify(|view| {
                    view.routable.insert(peer);
                });
            }
            BehaviourEvent::Kademlia(kad::Event::OutboundQueryProgressed {
                id,
                result,
                step,
                ..
            }) => self.progress(id, result, step.last),
            _ => {}
        }
    }
}

/// What `event_type` says, and the peer that the event is about.
fn kind_of(event: &SwarmEvent<BehaviourEvent>) -> (&'static str, Option<PeerId>) {
    match event {
        SwarmEvent::Behaviour(BehaviourEvent::Gossipsub(event)) => match event {
            gossipsub::Event::Message {
                propagation_source, ..
            } => ("gossipsub_message", Some(*propagation_source)),
            gossipsub::Event::Subscribed { peer_id, .. } => {
                ("gossipsub_subscribed", Some(*peer_id))
            }
            _ => ("gossipsub", None),
        },
        SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => match event {
            identify::Event::Received { peer_id, .. } => ("identify_received", Some(*peer_id)),
            _ => ("identify", None),
        },
        SwarmEvent::Behaviour(BehaviourEvent::Kademlia(event)) => match event {
            kad::Event::RoutingUpdated { peer, .. } => ("kademlia_routing", Some(*peer)),
            kad::Event::OutboundQueryProgressed { .. } => ("kademlia_query", None),
            _ => ("kademlia", None),
        },
        SwarmEvent::ConnectionEstablished { peer_id, .. } => {
            ("connection_established", Some(*peer_id))
        }
        SwarmEvent::ConnectionClosed { peer_id, .. } => ("connection_closed", Some(*peer_id)),
        SwarmEvent::IncomingConnection { .. } => ("incoming_connection", None),
        SwarmEvent::IncomingConnectionError { peer_id, .. } => {
            ("incoming_connection_error", *peer_id)
        }
        SwarmEvent::OutgoingConnectionError { peer_id, .. } => {
            ("outgoing_connection_error", *peer_id)
        }
        SwarmEvent::Dialing { peer_id, .. } => ("dialing", *peer_id),
        _ => ("other", None),
    }
}
