//! The published algorithms on any clicks: they end, and the patients are those of the risk table.

#![no_main]

use arbitrary::Arbitrary;
use kmeta_ipd_reconstruct::clicks::Clicks;
use kmeta_ipd_reconstruct::published::{PublishedInput, guyot, ipdfromkm};
use kmeta_trial_data::NumberAtRisk;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    clicks: Vec<(u16, u8)>,
    columns: Vec<(u16, u16)>,
    patients: Option<u16>,
    events: Option<u16>,
}

fuzz_target!(|input: Input| {
    let times = input.clicks.iter().map(|&(time, _)| f64::from(time) / 100.0).collect();
    let survival = input.clicks.iter().map(|&(_, level)| f64::from(level) / 200.0).collect();
    let Ok(clicks) = Clicks::new(times, survival) else { return };
    let mut published = PublishedInput::new(clicks);
    let columns = || input.columns.iter();
    published.number_at_risk = NumberAtRisk::new(
        columns().map(|&(time, _)| f64::from(time) / 10.0).collect(),
        columns().map(|&(_, count)| u32::from(count)).collect(),
    )
    .ok();
    published.patients = input.patients.map(u32::from);
    published.total_events = input.events.map(u32::from);
    if let Ok(found) = guyot(&published) {
        assert!(found.patients.iter().all(|patient| patient.time.is_finite()));
    }
    if let Ok(found) = ipdfromkm(&published, 1) {
        assert!(found.reconstruction.patients.iter().all(|patient| patient.time.is_finite()));
    }
});
