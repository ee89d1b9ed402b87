//! Sockets a test opens itself, on a loopback address that no other test uses: whatever else the
//! machine does, a filter for that address shows only these.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

/// The last byte of the next test's address.
static NEXT_HOST_BYTE: AtomicU8 = AtomicU8::new(1);

/// A loopback address of the test's own.
pub(crate) struct LoopbackAddr {
    pub(crate) address: Ipv4Addr,
}

impl LoopbackAddr {
    pub(crate) fn unique() -> Self {
        // Two runs at the same time have two pids, and so different addresses.
        let [.., high, low] = process::id().to_be_bytes();
        let last = NEXT_HOST_BYTE.fetch_add(1, Ordering::Relaxed);
        Self {
            address: Ipv4Addr::new(127, high | 0x40, low, last),
        }
    }

    pub(crate) fn listen(&self, port: u16) -> TcpListener {
        TcpListener::bind((self.address, port)).expect("a listener")
    }
}

/// Both sides of a connection.
pub(crate) struct Connection {
    client: TcpStream,
    _server: TcpStream,
}

impl Connection {
    pub(crate) fn open(listener: &TcpListener) -> Self {
        let client = TcpStream::connect(local_addr(listener)).expect("a connection");
        let (server, _) = listener.accept().expect("accepted");
        Self {
            client,
            _server: server,
        }
    }

    pub(crate) fn client_port(&self) -> u16 {
        self.client.local_addr().expect("an address").port()
    }

    /// Sends bytes from the client's side that stay unread.
    pub(crate) fn send_unread(&self, bytes: &[u8]) {
        std::io::Write::write_all(&mut &self.client, bytes).expect("sent");
    }

    /// Closes the connection with a reset, so that nothing of it stays in the kernel's tables.
    pub(crate) fn reset(self) {
        set_socket_linger(&self.client, Some(Duration::ZERO)).expect("no lingering");
    }
}

pub(crate) fn local_addr(listener: &TcpListener) -> SocketAddr {
    listener.local_addr().expect("an address")
}

/// Returns the name of the test's own process, as the kernel reports it.
pub(crate) fn own_process_name() -> String {
    let name = std::fs::read_to_string("/proc/self/comm").expect("a name");
    name.trim_end().to_owned()
}
