//! Resolves ids to names: users, interfaces, cgroups (units, containers), hosts, `/etc/services`.

#[cfg(target_os = "linux")]
mod cgroup_path;
#[cfg(target_os = "linux")]
mod cgroups;
pub mod etc_services;
pub(crate) mod hosts;
#[cfg(target_os = "linux")]
mod interfaces;
pub mod name_lookup;
mod pending_lookups;
mod users;
