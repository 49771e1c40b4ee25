//! Rules about the platform's own store.

use super::{Check, Rule};
use crate::platform::PLATFORM_DATABASE;

pub(super) const RULES: &[Rule] = &[
    Rule::error(
        "platform-cost-control",
        "Cost control with an external database for the platform, which do not go together.",
        Check::Platform(|case, say| {
            let config = &case.config.values().config;
            if config.database.enabled && config.cost_control.enabled == Some(true) {
                say.at(
                    "config.costControl.enabled",
                    "cost control does not work with an external database",
                    format!("set it to false, or `{PLATFORM_DATABASE}.enabled`"),
                );
            }
        }),
    ),
    Rule::error(
        "platform-regions-without-database",
        "Several regions without an external database, which all of them have to share.",
        Check::Platform(|case, say| {
            let values = case.config.values();
            if values.multi_region.enabled && !values.config.database.enabled {
                say.at(
                    "multiRegion.enabled",
                    "several regions share one external database, and none is enabled",
                    format!("set `{PLATFORM_DATABASE}.enabled` to true, with the same `dataSource` in every region"),
                );
            }
        }),
    ),
    Rule::warning(
        "platform-region-unnamed",
        "A region without `host` or `region`, which tell it from the others.",
        Check::Platform(|case, say| {
            let regions = &case.config.values().multi_region;
            let missing = match (&regions.host, &regions.region) {
                (None, _) => "host",
                (_, None) => "region",
                _ => return,
            };
            if regions.enabled {
                say.at(
                    "multiRegion",
                    format!("several regions are on, and `{missing}` does not say which one this is"),
                    format!("set `multiRegion.{missing}`, of its own in every region"),
                );
            }
        }),
    ),
    Rule::error(
        "platform-conversion",
        "An installation of the platform that gets an external database, loses it, or gets another. Its state is not copied: only a new installation takes one.",
        Check::Change,
    ),
];
