//! Measures what Portolan costs: `cargo bench`, or `cargo bench -- 1000 20000` for other numbers of
//! sockets.
//!
//! Opens loopback sockets in processes of its own, more and more of them, and measures at each size
//! every stage separately and the real program in a pseudo-terminal. Prints one table; a `!` marks
//! a figure that misses its goal. Stages are given in CPU time of their thread, the median of many
//! rounds with half the interquartile range, because on a busy machine wall-clock times become long
//! and CPU times only a little longer.
//!
//! The machine's other sockets and processes are measured too, those of other network namespaces
//! included: the kernel keeps them in one table, and their descriptors are scanned.

#[cfg(target_os = "linux")]
mod bursts;
#[cfg(target_os = "linux")]
mod churn;
#[cfg(target_os = "linux")]
mod filters;
#[cfg(target_os = "linux")]
mod lists;
#[cfg(target_os = "linux")]
mod raw_dump;
#[cfg(target_os = "linux")]
mod recording;
#[cfg(target_os = "linux")]
mod soak;
#[cfg(target_os = "linux")]
mod socket_processes;
#[cfg(target_os = "linux")]
mod stages;
#[cfg(target_os = "linux")]
mod stopwatch;
#[cfg(target_os = "linux")]
mod table;
#[cfg(target_os = "linux")]
mod terminal;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .first()
        .is_some_and(|first| first == socket_processes::SOCKET_PROCESS_ARG)
    {
        return Ok(socket_processes::run_socket_process(&arguments)?);
    }
    if arguments
        .first()
        .is_some_and(|first| first == bursts::BURST_ARG)
    {
        return bursts::run_burst(&arguments);
    }
    // `cargo bench` passes `--bench`; `cargo test --all-targets` runs this too, and must not wait
    // for it.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    if arguments.iter().any(|argument| argument == "soak") {
        return soak::run(arguments.iter().find_map(|a| a.parse().ok()));
    }
    let mut sizes: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![1_000, 10_000, 100_000];
    }
    // From small to large: sockets are only ever added, so no earlier step leaves any behind.
    sizes.sort_unstable();
    measure(&sizes)
}

#[cfg(target_os = "linux")]
fn measure(sizes: &[usize]) -> Result<(), Box<dyn std::error::Error>> {
    let mut socket_processes = socket_processes::SocketProcesses::default();
    let mut table = table::ReportTable::default();
    for &size in sizes {
        socket_processes.grow_to(size)?;
        let open = socket_processes.sockets();
        if open < size {
            table.note(format!(
                "{size} sockets were wanted, the limits of this system allowed {open}"
            ));
        }
        table.begin_column(size);
        stages::measure(&mut table, socket_processes.port())?;
        churn::measure(&mut table, &mut socket_processes)?;
        lists::measure(&mut table, socket_processes.port());
        recording::measure(&mut table)?;
        terminal::measure(&mut table)?;
    }
    bursts::measure(&mut table)?;
    table.print(&mut std::io::stdout().lock())?;
    Ok(())
}
