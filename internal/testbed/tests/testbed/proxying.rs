//! The proxy forwards, and misbehaves as asked.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use testbed::{Direction, Proxy, trial, wait_until};

use crate::Outcome;

const SOON: Duration = Duration::from_secs(30);
/// How long a read waits before it counts as "nothing came".
const NOTHING: Duration = Duration::from_millis(100);

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_proxy_forwards_both_ways_and_ends_with_its_ends", &[], forwards),
        trial("a_cut_closes_every_connection_and_new_ones_work", &[], cuts),
        trial("a_refusing_proxy_closes_new_connections_only", &[], refuses),
        trial("a_pause_holds_bytes_back_until_resumed", &[], pauses),
        trial("a_cut_while_paused_loses_the_answer_but_not_the_request", &[], loses_answers),
        trial("a_half_close_ends_one_direction_only", &[], half_closes),
        trial("a_delay_makes_bytes_late", &[], delays),
        trial("a_dropped_proxy_frees_its_port", &[], frees),
    ]
}

/// A server that answers what it is sent, on a thread for each connection. It lives as long as the test program.
fn echo() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut &stream, &mut &stream);
                let _ = stream.shutdown(Shutdown::Write);
            });
        }
    });
    Ok(address)
}

fn client(proxy: &Proxy) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(proxy.address())?;
    stream.set_read_timeout(Some(SOON))?;
    Ok(stream)
}

fn ask(stream: &mut TcpStream, text: &str) -> std::io::Result<String> {
    stream.write_all(text.as_bytes())?;
    let mut answer = vec![0; text.len()];
    stream.read_exact(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn nothing_comes(stream: &mut TcpStream) -> Outcome {
    stream.set_read_timeout(Some(NOTHING))?;
    let error = stream.read(&mut [0]).expect_err("nothing comes");
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
    stream.set_read_timeout(Some(SOON))?;
    Ok(())
}

/// Whether the peer has closed the stream, cleanly or not.
fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0]), Ok(0) | Err(_))
}

fn forwards() -> Outcome {
    let proxy = Proxy::start(echo()?.to_string())?;
    let mut stream = client(&proxy)?;
    assert_eq!(ask(&mut stream, "hello")?, "hello");
    let long = "0123456789".repeat(100_000);
    let mut writing = stream.try_clone()?;
    let sent = long.clone();
    let writer = std::thread::spawn(move || {
        writing.write_all(sent.as_bytes())?;
        writing.shutdown(Shutdown::Write)
    });
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    writer.join().expect("the writer does not panic")?;
    assert_eq!(answer, long);
    assert_eq!(proxy.accepted(), 1);
    wait_until("the connection is forgotten", SOON, || proxy.connections() == 0)?;
    Ok(())
}

fn cuts() -> Outcome {
    let proxy = Proxy::start(echo()?.to_string())?;
    let (mut one, mut two) = (client(&proxy)?, client(&proxy)?);
    assert_eq!(ask(&mut one, "a")?, "a");
    assert_eq!(ask(&mut two, "b")?, "b");
    proxy.cut();
    assert!(is_closed(&mut one) && is_closed(&mut two));
    assert_eq!(ask(&mut client(&proxy)?, "c")?, "c");
    Ok(())
}

fn refuses() -> Outcome {
    let proxy = Proxy::start(echo()?.to_string())?;
    let mut old = client(&proxy)?;
    assert_eq!(ask(&mut old, "a")?, "a");
    proxy.refuse(true);
    assert!(is_closed(&mut client(&proxy)?));
    assert_eq!(ask(&mut old, "b")?, "b");
    proxy.refuse(false);
    assert_eq!(ask(&mut client(&proxy)?, "c")?, "c");
    Ok(())
}

fn pauses() -> Outcome {
    let proxy = Proxy::start(echo()?.to_string())?;
    let mut stream = client(&proxy)?;
    assert_eq!(ask(&mut stream, "a")?, "a");
    proxy.pause(Direction::ToServer);
    stream.write_all(b"b")?;
    nothing_comes(&mut stream)?;
    proxy.resume();
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    assert_eq!(&answer, b"b");
    Ok(())
}

fn loses_answers() -> Outcome {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let proxy = Proxy::start(listener.local_addr()?.to_string())?;
    proxy.pause(Direction::ToClient);
    let mut stream = client(&proxy)?;
    stream.write_all(b"request")?;
    let (mut server, _) = listener.accept()?;
    let mut request = [0; 7];
    server.read_exact(&mut request)?;
    assert_eq!(&request, b"request");
    server.write_all(b"answer")?;
    nothing_comes(&mut stream)?;
    proxy.cut();
    assert!(is_closed(&mut stream));
    Ok(())
}

fn half_closes() -> Outcome {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let proxy = Proxy::start(listener.local_addr()?.to_string())?;
    let mut stream = client(&proxy)?;
    let (mut server, _) = listener.accept()?;
    wait_until("the proxy has the connection", SOON, || proxy.connections() == 1)?;
    proxy.half_close(Direction::ToClient);
    assert!(is_closed(&mut stream));
    stream.write_all(b"still here")?;
    let mut request = [0; 10];
    server.set_read_timeout(Some(SOON))?;
    server.read_exact(&mut request)?;
    assert_eq!(&request, b"still here");
    Ok(())
}

fn delays() -> Outcome {
    const LATE: Duration = Duration::from_millis(200);
    let proxy = Proxy::start(echo()?.to_string())?;
    let mut stream = client(&proxy)?;
    assert_eq!(ask(&mut stream, "a")?, "a");
    proxy.delay(LATE);
    let start = Instant::now();
    assert_eq!(ask(&mut stream, "b")?, "b");
    // Only the lower bound: it is what was asked for, once in each direction.
    assert!(start.elapsed() >= 2 * LATE);
    Ok(())
}

fn frees() -> Outcome {
    let proxy = Proxy::start(echo()?.to_string())?;
    let address = proxy.address();
    let mut stream = client(&proxy)?;
    assert_eq!(ask(&mut stream, "a")?, "a");
    drop(proxy);
    assert!(is_closed(&mut stream));
    assert!(TcpStream::connect(address).is_err());
    Ok(())
}
