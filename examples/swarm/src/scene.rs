//! What happens: three nodes, one package.

use std::error::Error;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::node::Node;
use crate::operations::{bootstrap, publish, search};
use crate::package::Package;
use crate::reputation::Reputations;

/// A and C join the network through B; A publishes; C leaves; B, which was told of
/// the package, searches, and asks A, which answers, and C, which can't; somebody who
/// does not speak libp2p knocks at B.
pub(crate) async fn play() -> Result<(), Box<dyn Error>> {
    let (a, b, c) = (
        Node::start().await?,
        Node::start().await?,
        Node::start().await?,
    );
    for (name, node) in [("A", &a), ("B", &b), ("C", &c)] {
        println!("{name} is {}, on {}", node.peer_id, node.address);
    }

    for node in [&a, &c] {
        bootstrap(node, vec![(b.peer_id, b.address.clone())]).await?;
    }
    let everybody = [a.peer_id, c.peer_id];
    b.until(|view| everybody.iter().all(|peer| view.routable.contains(peer)))
        .await?;
    println!("A and C have joined through B");

    let package = Package {
        id: "post-quantum".into(),
        version: "1.0.0".into(),
        description: "Key encapsulation for when it matters".into(),
    };
    a.until(|view| view.subscribed.contains(&b.peer_id)).await?;
    publish(&a, &package).await?;
    b.until(|view| view.packages.contains_key(&package.id))
        .await?;
    println!(
        "A has published {} {}, and B has heard of it",
        package.id, package.version
    );

    let gone = c.peer_id;
    c.leave().await?;
    b.until(|view| !view.connected.contains(&gone)).await?;
    println!("C has left");

    let mut reputations = Reputations::default();
    let found = search(&b, &mut reputations, &package.id).await?;
    if found != [package] {
        return Err(format!("B has found {found:?}").into());
    }
    println!("B has searched for it, and found it");

    knock(&b).await?;
    b.until(|view| view.incoming_errors > 0).await?;
    println!("a stranger has knocked at B in vain");

    a.leave().await?;
    b.leave().await?;
    Ok(())
}

/// Connects as somebody who takes the node for a web server.
async fn knock(node: &Node) -> Result<(), Box<dyn Error>> {
    let port = node.port().ok_or("B does not listen")?;
    let mut stranger = TcpStream::connect(("127.0.0.1", port)).await?;
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
    Ok(())
}
