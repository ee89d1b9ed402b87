//! The fourteen lessons, one file each.

mod l01_no_port;
mod l02_one_port;
mod l03_four_tuple;
mod l04_ephemeral_ports;
mod l05_bind_address;
mod l06_tcp_and_udp;
mod l07_ipv4_and_ipv6;
mod l08_kernel_handshake;
mod l09_queues;
mod l10_closing;
mod l11_time_wait;
mod l12_rare_states;
mod l13_shared_sockets;
mod l14_half_open;

use super::spec::Lesson;

/// All lessons, in the order of their numbers.
pub const LESSONS: &[Lesson] = &[
    l01_no_port::LESSON,
    l02_one_port::LESSON,
    l03_four_tuple::LESSON,
    l04_ephemeral_ports::LESSON,
    l05_bind_address::LESSON,
    l06_tcp_and_udp::LESSON,
    l07_ipv4_and_ipv6::LESSON,
    l08_kernel_handshake::LESSON,
    l09_queues::LESSON,
    l10_closing::LESSON,
    l11_time_wait::LESSON,
    l12_rare_states::LESSON,
    l13_shared_sockets::LESSON,
    l14_half_open::LESSON,
];

/// Returns the lesson with this number, or `None` if there is none.
pub fn lesson_by_number(number: u8) -> Option<&'static Lesson> {
    LESSONS.iter().find(|lesson| lesson.number == number)
}
