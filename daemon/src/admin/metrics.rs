//! Figures for Prometheus, taken when they are asked for. No label holds an address: sources are numbered in the order in
//! which they are named, and the report says their names.

use std::collections::BTreeMap;
use std::fmt;

use ipgate_sources::SourceStatus;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::report::age;
use super::shown::Shown;
use crate::publish::Published;

/// The conditions that a source may be in.
const CONDITIONS: [&str; 4] = ["starting", "connected", "degraded", "away"];

#[derive(Debug)]
pub(super) struct Metrics {
    shown: Shown,
}

impl Metrics {
    pub(super) fn new(shown: Shown) -> Metrics {
        Metrics { shown }
    }

    /// In the text format of OpenMetrics.
    pub(super) fn text(self) -> String {
        let mut registry = Registry::with_prefix("ipgated");
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        // A text has room for everything, so that this cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }
}

impl Collector for Metrics {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page { encoder };
        self.site(&mut page)?;
        self.sources(&mut page)?;
        self.publishing(&mut page)?;
        self.decisions(&mut page)
    }
}

/// No labels.
const NONE: [(&str, &str); 0] = [];

type Labels = [(&'static str, String); 2];

impl Metrics {
    fn site(&self, page: &mut Page<'_>) -> fmt::Result {
        let in_force = &self.shown.in_force;
        let figures = in_force.gate().status();
        let (swaps, refusals) = in_force.swaps_and_refusals();
        let changed =
            figures.last_change.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let version = [("version", env!("CARGO_PKG_VERSION").to_owned())];
        page.gauges("build_info", "The version of the daemon.", None, [(version, 1.0)])?;
        page.gauge(
            "ready",
            "Whether a site is in force; otherwise nobody is let in.",
            f64::from(in_force.is_ready()),
        )?;
        page.gauge("site_generation", "The generation of the site in force.", figures.generation as f64)?;
        page.gauge("site_apps", "Apps that the site names.", figures.apps as f64)?;
        page.gauge("site_lists", "Apps with a list of their own, or one to come.", figures.lists as f64)?;
        page.gauge("site_entries", "Entries of all lists.", figures.entries as f64)?;
        page.gauges(
            "site",
            "Bytes that the tables take.",
            Some(Unit::Bytes),
            [(NONE, figures.bytes as f64)],
        )?;
        page.gauges(
            "site_last_change_timestamp",
            "When the last change came into force.",
            Some(Unit::Seconds),
            [(NONE, changed)],
        )?;
        page.counter("swaps", "Changes that came into force.", swaps)?;
        page.counter("refusals", "Changes that the guard refused.", refusals)
    }

    fn sources(&self, page: &mut Page<'_>) -> fmt::Result {
        let status = self.shown.in_force.status();
        let sources: Vec<(String, &SourceStatus)> =
            (1..).map(|n: u32| n.to_string()).zip(&status.sources).collect();
        let labels = |number: &str, source: &SourceStatus| -> Labels {
            [("source", number.to_owned()), ("kind", kind(&source.name).to_owned())]
        };
        let each = |figure: fn(&SourceStatus) -> f64| {
            sources
                .iter()
                .map(|(number, source)| (labels(number, source), figure(source)))
                .collect::<Vec<_>>()
        };
        let conditions = sources.iter().flat_map(|(number, source)| {
            CONDITIONS.map(|condition| {
                let labels = [("source", number.clone()), ("condition", condition.to_owned())];
                (labels, f64::from(source.condition.as_str() == condition))
            })
        });
        page.gauges("source_condition", "1 for the condition that a source is in.", None, conditions)?;
        let ages = sources
            .iter()
            .filter_map(|(number, source)| Some((labels(number, source), age(source.last_answer?))));
        page.gauges(
            "source_last_answer_age",
            "Since a source has answered last.",
            Some(Unit::Seconds),
            ages,
        )?;
        page.gauges("source_apps", "Apps that a source names.", None, each(|source| source.apps as f64))?;
        page.gauges(
            "source_bad",
            "Lists and settings that are bad; the last good ones stay.",
            None,
            each(|source| source.bad.len() as f64),
        )?;
        page.gauges(
            "source_held",
            "What is gone, and still in force for a while.",
            None,
            each(|source| source.held.len() as f64),
        )?;
        page.gauges(
            "source_failures_now",
            "Failed attempts since a source was followed last.",
            None,
            each(|source| source.failures as f64),
        )?;
        let readings = sources.iter().map(|(number, source)| (labels(number, source), source.readings));
        page.counters("source_readings", "How often a source was read whole.", readings)?;
        let failures = sources.iter().flat_map(|(number, source)| {
            let of_kind = |(kind, count): (&&'static str, &u64)| {
                ([("source", number.clone()), ("failure", (*kind).to_owned())], *count)
            };
            source.failures_by_kind.iter().map(of_kind)
        });
        page.counters("source_failures", "Failed attempts to follow a source.", failures)
    }

    fn publishing(&self, page: &mut Page<'_>) -> fmt::Result {
        let publishing = self.shown.published.borrow().clone();
        let targets = publishing.targets();
        let Some(last) = publishing.last() else { return Ok(()) };
        let failing = f64::from(publishing.failing().is_some());
        page.gauge(
            "publish_generation",
            "The generation that is published everywhere, read back.",
            last.generation.unwrap_or(0) as f64,
        )?;
        page.gauge("publish_failing", "Whether what is in force cannot be published.", failing)?;
        let bytes = targets.iter().map(|target| target.bytes as f64).sum::<f64>();
        page.gauges("publish", "Bytes of what is published.", Some(Unit::Bytes), [(NONE, bytes)])?;
        let writes = targets.iter().map(|target| target.writes).sum();
        page.counter("publish_writes", "How often anything was written.", writes)?;
        let failures = targets.iter().map(|target| target.failures).sum();
        page.counter("publish_failures", "Attempts to publish that failed.", failures)?;
        let each = |figure: fn(&Published) -> f64| {
            let numbered = (1..).zip(targets);
            numbered.map(move |(number, target): (u32, _)| {
                ([("target", number.to_string()), ("kind", target.kind.to_owned())], figure(target))
            })
        };
        page.gauges(
            "publish_target_generation",
            "The generation that is published at a place, read back.",
            None,
            each(|target| target.generation.unwrap_or(0) as f64),
        )?;
        page.gauges(
            "publish_target_failing",
            "Whether what is in force cannot be published there.",
            None,
            each(|target| f64::from(target.failing.is_some())),
        )
    }

    fn decisions(&self, page: &mut Page<'_>) -> fmt::Result {
        let site = self.shown.in_force.gate().snapshot();
        // Two listeners of one profile are one figure.
        let mut sums: BTreeMap<_, u64> = BTreeMap::new();
        for tally in &self.shown.tallies {
            for counted in tally.counts(&site) {
                let labels = (tally.profile().as_str(), counted.app, counted.is_allowed, counted.reason);
                *sums.entry(labels).or_default() += counted.count;
            }
        }
        let counts = sums.into_iter().map(|((profile, app, is_allowed, reason), count)| {
            let result = if is_allowed { "allow" } else { "deny" };
            let labels = [
                ("profile", profile.to_owned()),
                ("app", app),
                ("result", result.to_owned()),
                ("reason", reason.to_owned()),
            ];
            (labels, count)
        });
        page.counters("decisions", "Answers to proxies; apps of the site, (none) and (other).", counts)
    }
}

/// The kind of a source, which begins its name; that of the web is the address itself.
fn kind(name: &str) -> &str {
    let first = name.split(' ').next().unwrap_or_default();
    if first.contains("://") { "http" } else { first }
}

/// What is being written.
struct Page<'e> {
    encoder: DescriptorEncoder<'e>,
}

impl Page<'_> {
    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.encoder
            .encode_descriptor(name, help, None, MetricType::Gauge)
            .and_then(|encoder| ConstGauge::new(value).encode(encoder))
    }

    fn gauges<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<Unit>,
        values: impl IntoIterator<Item = (L, f64)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
        values
            .into_iter()
            .try_for_each(|(labels, value)| ConstGauge::new(value).encode(family.encode_family(&labels)?))
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.counters(name, help, [(NONE, value)])
    }

    fn counters<L: EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        values
            .into_iter()
            .try_for_each(|(labels, value)| ConstCounter::new(value).encode(family.encode_family(&labels)?))
    }
}
